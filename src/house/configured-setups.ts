import type { Config } from '#core/config/load.ts'
import type { ConfiguredSetup } from '#core/host/setup/configured.ts'
import { systems } from '#systems/index.ts'

/** The set-ups there are, each with its system's table. */
export async function configuredSetups(config: Config): Promise<readonly ConfiguredSetup[]> {
  const found = await Promise.all(
    systems.map(async (system) => {
      const setup = await system.setup?.()
      return setup === undefined ? [] : [{ setup, config: config.systems[system.id] }]
    }),
  )
  return found.flat()
}
