/** Boxes for programs of our own: what they print is read, and they are gone afterwards. */
import { run } from '#core/host/run.ts'
import { NocError } from '#core/errors.ts'
import { forgetAttempts } from '../circuits/guard.ts'
import type { TorboxConfig } from '../config.ts'
import { networkOf } from '../rules.ts'
import type { BoxView } from '../user/script.ts'
import { clear, prepareBox, type PreparedBox } from './box.ts'
import { dotted } from './network.ts'
import { createRegistry, type Registry } from './records.ts'
import type { BoxUser } from './users.ts'

const ROOT: BoxUser = { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' }
const MOST_BYTES = 1024 * 1024

/** The view of a box whose program needs nothing of the host but its libraries. */
function plainView(config: TorboxConfig): BoxView {
  const resolv = `nameserver ${dotted(networkOf(config).address)}\n`
  return {
    hidden: ['/run', '/tmp'],
    kept: [],
    made: [['/tmp', '1777']],
    sockets: [],
    files: [['/etc/resolv.conf', resolv]],
    variables: [],
    directory: '/',
  }
}

/** Runs a program in a box of its own; `started` is called when the box has its seat. Gives what it printed. */
export async function runInThrowAway(
  config: TorboxConfig,
  command: readonly string[],
  {
    timeoutMs,
    signal,
    started,
  }: { readonly timeoutMs: number; readonly signal: AbortSignal; started?(box: PreparedBox['box']): void },
  registry: Registry = createRegistry(),
): Promise<string> {
  const about = { name: 'probe', numbered: true, user: ROOT, firejail: false, keep: [] }
  const wish = { ...about, command, view: plainView(config), now: Date.now() }
  const { box, argv } = prepareBox(config, registry, wish)
  started?.(box)
  try {
    const { code, stdout, stderr } = await run(argv, { timeoutMs, maxBytes: MOST_BYTES, signal })
    if (code === 0) return stdout.toString()
    throw new NocError('NOC_TORBOX_PROBE', `The program in the box failed: ${stderr.trim().split('\n').at(-1) ?? code}`)
  } finally {
    await clear(registry, box)
    await forgetAttempts(box.seat.address).catch(() => undefined)
  }
}
