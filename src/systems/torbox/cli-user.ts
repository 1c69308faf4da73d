/** `noc torbox run` without the bridge: what `user/` needs to know. */
import { connect } from 'node:net'
import type { CommandContext } from '#core/cli/command.ts'
import { NocError, exitCode } from '#core/errors.ts'
import type { RunInput } from './cli-run.ts'
import type { Keep, TorboxConfig } from './config.ts'
import { OWN_SOCKS } from './torrc.ts'
import type { SocksAddress } from './user/door.ts'
import { runUserBox } from './user/run.ts'

/** Where tor's SOCKS port usually is: the set-up's own instance, Debian's, and that of Tor Browser. */
const USUAL: readonly SocksAddress[] = [
  { unix: OWN_SOCKS },
  { unix: '/run/tor/socks' },
  { host: '127.0.0.1', port: 9050 },
  { host: '127.0.0.1', port: 9150 },
]
/** Longest wait for a local port to accept, ms. */
const ACCEPT_MS = 1000

/** Runs the program in a box without a network, at the end of tor's SOCKS port. */
export async function runUser(
  { flags, args }: RunInput,
  config: TorboxConfig,
  keep: readonly Keep[],
  cx: CommandContext,
): Promise<number> {
  const socks = await findSocks(config.socks)
  const note = (text: string): void => {
    if (!flags.quiet) cx.out.note(text)
  }
  note(`A box of an ordinary user, without the bridge: its only way out is tor at ${inWords(socks)}.`)
  return runUserBox({
    argv: args,
    socks,
    keep,
    hide: config.hide,
    note,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.user === undefined ? {} : { user: flags.user }),
  })
}

/** `/run/tor/socks`, `127.0.0.1:9050`, `[::1]:9050`. */
export function parseSocks(text: string): SocksAddress {
  if (text.startsWith('/')) return { unix: text }
  const [, host = '', port = ''] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(text) ?? []
  if (host !== '' && Number(port) > 0 && Number(port) < 65_536) return { host, port: Number(port) }
  throw new NocError('NOC_TORBOX_SOCKS', `"${text}" (socks in [torbox]) is no path and no ADDRESS:PORT.`, {
    exit: exitCode.usage,
  })
}

async function findSocks(configured: string): Promise<SocksAddress> {
  if (configured !== '') return parseSocks(configured)
  for (const address of USUAL) if (await accepts(address)) return address
  throw new NocError('NOC_TORBOX_NO_TOR', 'No tor runs here that a box could use.', {
    hint: '`sudo noc torbox apply` sets one up, or apt-get install tor; "socks" in [torbox] names one elsewhere.',
  })
}

function accepts(address: SocksAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect('unix' in address ? { path: address.unix } : address)
    const end = (answer: boolean) => (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(ACCEPT_MS, end(false)).once('connect', end(true)).once('error', end(false))
  })
}

function inWords(address: SocksAddress): string {
  return 'unix' in address ? address.unix : `${address.host}:${address.port}`
}
