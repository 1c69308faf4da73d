import type { CommandContext } from '#core/cli/command.ts'
import { NocError, exitCode } from '#core/errors.ts'
import { plain } from '#core/plain.ts'
import { parseEndpoint } from './filter.ts'
import { PROBE_TIMEOUT_MS, probe as ask } from './probe.ts'
import { type ProbeTry, tryParts } from './probe-words.ts'

/** What was typed after `noc connections probe` (index.ts). */
export interface ProbeInput {
  readonly flags: { readonly parallel: number | undefined; readonly timeout: number | undefined }
  readonly args: readonly string[]
}

/** `noc connections probe HOST:PORT`. */
export async function probe({ flags, args }: ProbeInput, cx: CommandContext): Promise<number> {
  const text = args[0] ?? ''
  const target = parseEndpoint(text)
  if (target === null || target.port === null) {
    throw new NocError('NOC_CONNECTIONS_PROBE_TARGET', `"${text}" is not HOST:PORT.`, {
      exit: exitCode.usage,
      hint: 'For example 192.0.2.1:80, crl.example.org:80 or [2001:db8::1]:80.',
    })
  }
  const result = await ask({
    host: target.host,
    port: target.port,
    parallel: flags.parallel ?? 1,
    timeoutMs: flags.timeout === undefined ? PROBE_TIMEOUT_MS : flags.timeout * 1000,
    signal: cx.signal,
  })
  if (cx.json) cx.out.json(result)
  else {
    cx.out.line(cx.out.ink(result.outcome === 'answers' ? 'ok' : 'critical', result.summary))
    if (result.tries.length > 1) for (const one of result.tries) cx.out.line(tryLine(one))
    else if (result.outcome === 'answers') cx.out.line(`  ${plain(result.tries[0]?.detail ?? '')}`)
  }
  return result.outcome === 'answers' ? exitCode.ok : exitCode.found
}

function tryLine(one: ProbeTry): string {
  return plain(`  ${one.outcome.padEnd(11)} ${[one.ip, ...tryParts(one)].filter((part) => part !== '').join(', ')}`)
}
