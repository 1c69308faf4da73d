import { NocError, reasonOf } from '#core/errors.ts'
import type { Mount } from '#core/http/openapi.ts'
import type { Logger } from '#core/log/logger.ts'
import type { Glance, Health, Service, System, SystemContext } from '#core/system.ts'

/** A system that takes longer to start is counted as failed, so that it can't hold the others. */
const START_LIMIT_MS = 10_000
/** All systems stop at the same time within this; the daemon as a whole has five seconds. */
const STOP_LIMIT_MS = 3_500

interface Running {
  readonly system: System
  /** The configuration it runs with, as text, to see whether a reload changes it. */
  readonly configured: string
  readonly controller: AbortController
  readonly service: Service | undefined
  /** Why there is no service, or why it stopped. */
  readonly failure: string | undefined
}

/** Starts, restarts and stops systems; one that fails leaves the others alone. */
export interface Supervisor {
  /** Brings what runs in line with `wanted` (system id -> its configuration), in the given order. */
  apply(wanted: ReadonlyMap<string, unknown>): Promise<void>
  state(system: System): { readonly health: Health | { readonly state: 'off' }; readonly glance: Glance | null }
  mounts(): readonly Mount[]
  stop(): Promise<void>
}

async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NocError('NOC_SYSTEM_LATE', `${what} took longer than ${ms / 1000} s`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Makes a supervisor; `contextFor` gives each system what it works with. */
export function createSupervisor(
  systems: readonly System[],
  contextFor: (system: System, config: unknown, signal: AbortSignal) => SystemContext,
  log: Logger,
): Supervisor {
  const running = new Map<string, Running>()

  const start = async (system: System, config: unknown): Promise<void> => {
    const controller = new AbortController()
    const base = { system, configured: JSON.stringify(config), controller }
    let service: Service | undefined
    try {
      const module = await system.service?.()
      service = module?.create(contextFor(system, config, controller.signal))
      running.set(system.id, { ...base, service, failure: undefined })
      if (service !== undefined) await within(START_LIMIT_MS, 'the start', service.start())
      log.info({ system: system.id }, 'started')
    } catch (error) {
      controller.abort()
      await service?.stop().catch(() => undefined)
      running.set(system.id, { ...base, service: undefined, failure: reasonOf(error) })
      log.error({ system: system.id, why: reasonOf(error) }, 'could not start')
    }
  }

  const stop = async (entry: Running): Promise<void> => {
    entry.controller.abort()
    running.delete(entry.system.id)
    if (entry.service === undefined) return
    await within(STOP_LIMIT_MS, 'the stop', entry.service.stop()).catch((error: unknown) => {
      log.error({ system: entry.system.id, why: reasonOf(error) }, 'did not stop cleanly')
    })
  }

  return {
    async apply(wanted) {
      const stale = [...running.values()].filter(
        ({ system, configured, failure }) =>
          failure !== undefined || configured !== JSON.stringify(wanted.get(system.id)),
      )
      await Promise.all(stale.map(stop))
      for (const system of systems) {
        if (wanted.has(system.id) && !running.has(system.id)) await start(system, wanted.get(system.id))
      }
    },
    state(system) {
      const entry = running.get(system.id)
      if (entry === undefined) return { health: { state: 'off' }, glance: null }
      if (entry.failure !== undefined) return { health: { state: 'down', why: entry.failure }, glance: null }
      return { health: entry.service?.health() ?? { state: 'up' }, glance: entry.service?.glance() ?? null }
    },
    mounts: () =>
      [...running.values()].flatMap(({ system, service }) =>
        service?.routes === undefined ? [] : [{ at: `/${system.id}`, routes: service.routes }],
      ),
    stop: async () => void (await Promise.all([...running.values()].map(stop))),
  }
}
