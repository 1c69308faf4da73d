import { NocError } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import { TABLE, TRIED_SETS } from '../rules.ts'
import { type GuardLook, parseGuard } from './dropped.ts'

const LIMITS = { timeoutMs: 10_000, maxBytes: 8 * 1024 * 1024 } as const

/** What the guard of the bridge has dropped; null when there is none. Needs root. */
export async function readGuard(): Promise<GuardLook | null> {
  const [inet, bridge] = await Promise.all([
    list(['table', 'inet', TABLE]),
    // Without the list of all seats.
    list(['counters', 'table', 'bridge', TABLE]),
  ])
  return inet === null ? null : parseGuard(inet, ...(bridge === null ? [] : [bridge]))
}

/** Forgets what was tried from an address, as if nobody had: its box was a test of our own. Needs root. */
export async function forgetAttempts(source: string): Promise<void> {
  const look = await readGuard()
  const deletions = (look?.attempts ?? [])
    .filter((attempt) => attempt.source === source)
    .map(({ protocol, target, port }) => {
      const [set, ports] = port === null ? [TRIED_SETS.plain, []] : [TRIED_SETS.ports, [port]]
      return `delete element inet ${TABLE} ${set} { ${[source, protocol, target, ...ports].join(' . ')} }\n`
    })
  // One by one: an element that has timed out meanwhile must not keep the others.
  for (const stdin of deletions) await run(['nft', '-f', '-'], { ...LIMITS, stdin })
}

/** The answer of `nft -j list`; null when there is no such table. */
async function list(what: readonly string[]): Promise<string | null> {
  const { code, stdout, stderr } = await run(['nft', '-j', 'list', ...what], LIMITS)
  if (code === 0) return stdout.toString()
  if (/No such file or directory/.test(stderr)) return null
  throw new NocError('NOC_TORBOX_GUARD', `nft can't be asked what was dropped: ${stderr.trim().split('\n')[0]}`, {
    hint: 'This needs root.',
  })
}
