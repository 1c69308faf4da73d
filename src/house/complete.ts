import { proposeCompletions } from '@stricli/core'
import { buildApp, type Topic } from '#core/cli/app.ts'
import type { Output } from '#core/cli/output.ts'
import { exitCode } from '#core/errors.ts'

/** Answers a shell: what could stand at the last of `words`. */
export async function completionsFor(topics: readonly Topic[], words: readonly string[], out: Output): Promise<number> {
  const found = await proposeCompletions(buildApp(topics), words, { process } as never)
  for (const { completion } of found) out.line(completion)
  return exitCode.ok
}
