import { NocError } from '#core/errors.ts'
import type { TorControl, TorControlOptions } from '#proto/torcontrol/client.ts'
import { connectControl } from '#proto/torcontrol/connect.ts'

/** A connection to the control socket of the box's tor. */
export async function openControl(path: string, options: TorControlOptions = {}): Promise<TorControl> {
  try {
    return await connectControl(path, options)
  } catch (error) {
    if (!(error instanceof NocError)) throw error
    throw new NocError('NOC_TORBOX_TOR', error.message, {
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
