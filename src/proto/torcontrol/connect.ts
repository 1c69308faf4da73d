import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { NocError, reasonOf } from '#core/errors.ts'
import { type TorControl, type TorControlOptions, torControl } from './client.ts'

/** Longest wait for tor to accept, ms: it is on this machine. */
const CONNECT_MS = 3000

/** Connects to tor's control port (a socket's path, or `ADDRESS:PORT`) and logs in by the cookie that its user can read. */
export async function connectControl(where: string, options: TorControlOptions = {}): Promise<TorControl> {
  const colon = where.lastIndexOf(':')
  const socket = where.startsWith('/')
    ? connect(where)
    : connect(Number(where.slice(colon + 1)), where.slice(0, colon).replace(/^\[|\]$/g, ''))
  try {
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(CONNECT_MS, () => reject(new Error('no answer')))
      socket.once('error', reject).once('connect', resolve)
    })
    socket.setTimeout(0)
    const control = torControl(socket, options)
    const { methods, cookieFile } = await control.protocolInfo()
    await control.authenticate(
      cookieFile === null || !methods.includes('SAFECOOKIE')
        ? { kind: 'none' }
        : { kind: 'safecookie', cookie: await readFile(cookieFile) },
    )
    return control
  } catch (error) {
    socket.destroy()
    throw new NocError('NOC_TORCONTROL_UNREACHABLE', `Tor can't be asked at ${where}: ${reasonOf(error)}.`, {
      hint: 'Is it running, with this ControlSocket or ControlPort and CookieAuthentication 1?',
      cause: error,
    })
  }
}
