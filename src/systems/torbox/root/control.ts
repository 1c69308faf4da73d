import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { NocError, reasonOf } from '#core/errors.ts'
import { type TorControl, type TorControlOptions, torControl } from '#proto/torcontrol/client.ts'

/** Longest wait for tor to accept, ms: it is local. */
const CONNECT_MS = 3000

/** A connection to tor's control socket, logged in by the cookie that only its user and root can read. */
export async function openControl(path: string, options: TorControlOptions = {}): Promise<TorControl> {
  const socket = connect(path)
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
        : { kind: 'safecookie', cookie: readFileSync(cookieFile) },
    )
    return control
  } catch (error) {
    socket.destroy()
    throw new NocError('NOC_TORBOX_TOR', `Tor can't be asked at ${path}: ${reasonOf(error)}.`, {
      hint: 'It is not running, or it was set up otherwise: `noc torbox verify` says what is so.',
      cause: error,
    })
  }
}

/** How far tor is. */
export interface Bootstrap {
  readonly percent: number
  /** In tor's words: `Loading relay descriptors`. */
  readonly doing: string
}

/** Reads `GETINFO status/bootstrap-phase` (control-spec.txt, 3.9); null when it is no such line. */
export function parseBootstrap(line: string): Bootstrap | null {
  const percent = /\bPROGRESS=(\d{1,3})\b/.exec(line)?.[1]
  if (percent === undefined) return null
  return { percent: Number(percent), doing: /\bSUMMARY="([^"]{0,200})"/.exec(line)?.[1] ?? '' }
}

/** Asks tor how far it is. */
export async function bootstrap(path: string): Promise<Bootstrap> {
  const control = await openControl(path)
  try {
    const key = 'status/bootstrap-phase'
    const phase = parseBootstrap((await control.getInfo(key)).get(key) ?? '')
    if (phase !== null) return phase
    throw new NocError('NOC_TORBOX_TOR', `Tor at ${path} doesn't say how far it is.`)
  } finally {
    control.close()
  }
}
