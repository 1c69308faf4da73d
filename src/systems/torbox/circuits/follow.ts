/** A connection to tor that is kept, and what it tells. */
import { setTimeout } from 'node:timers/promises'
import { NocError, reasonOf } from '#core/errors.ts'
import type { Clock } from '#core/clock.ts'
import type { TorControl } from '#proto/torcontrol/client.ts'
import type { PathRelay } from '#proto/torcontrol/events.ts'
import { openControl, parseBootstrap } from '../root/control.ts'
import type { Relay, TorState } from '../wire.ts'
import type { Countries } from './countries.ts'
import { type TorModel, torModel } from './model.ts'

/** Between two tries to reach a tor that does not answer, ms. */
const RETRY_MS = 3000
/** Relays whose addresses are remembered; the network has some 9,000. */
const MOST_RELAYS = 20_000

/** Follows one tor. */
export interface Follower {
  readonly model: TorModel
  /** How tor is, asked now. */
  state(): Promise<TorState>
  /** What is known of the relays of a path; asks tor for addresses that are not known yet. */
  relays(path: readonly PathRelay[]): Promise<Relay[]>
  /** The first connection: made, or failed. */
  readonly begun: Promise<void>
  stop(): void
}

/** What a follower is given. */
export interface FollowOptions {
  /** tor's control socket. */
  readonly path: string
  readonly clock: Clock
  readonly countries: Countries
  /** Told after each event. */
  onChange?(): void
}

/** Connects, and connects again whenever the connection is lost, until it is stopped. */
export function followTor({ path, clock, countries, onChange }: FollowOptions): Follower {
  const model = torModel()
  const stopped = new AbortController()
  const addresses = new Map<string, string | null>()
  let control: TorControl | null = null
  let trouble: string | null = null

  const connect = async (): Promise<void> => {
    let end = (): void => undefined
    const over = new Promise<void>((resolve) => (end = resolve))
    const opened = await openControl(path, {
      onEvent: (event) => {
        model.take(event, clock.now())
        onChange?.()
      },
      onEnd: () => {
        control = null
        trouble = 'The connection to tor was lost.'
        model.begin([], [], clock.now())
        onChange?.()
        end()
      },
    })
    await opened.setEvents('CIRC', 'STREAM', 'STREAM_BW')
    model.begin(await opened.circuits(), await opened.streams(), clock.now())
    control = opened
    trouble = null
    onChange?.()
    ready()
    await over
  }
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await connect().catch((error: unknown) => (trouble = reasonOf(error)))
      ready()
      await setTimeout(RETRY_MS, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined)
    }
  }
  let ready = (): void => undefined
  const begun = new Promise<void>((resolve) => (ready = resolve))
  void loop()
  return {
    model,
    begun,
    state: async () => {
      if (control === null) return { state: 'unreachable', why: trouble ?? 'Tor was not asked yet.' }
      return askState(control).catch((error: unknown) => ({ state: 'unreachable', why: reasonOf(error) }))
    },
    relays: async (path) => {
      const unknown = path.filter(({ fingerprint }) => !addresses.has(fingerprint))
      if (addresses.size > MOST_RELAYS) addresses.clear()
      for (const { fingerprint } of unknown) addresses.set(fingerprint, await askAddress(control, fingerprint))
      return path.map(({ fingerprint, nickname }) => {
        const address = addresses.get(fingerprint) ?? null
        return { fingerprint, nickname, address, country: address === null ? null : countries.of(address) }
      })
    },
    stop: () => {
      stopped.abort()
      control?.close()
    },
  }
}

async function askState(control: TorControl): Promise<TorState> {
  const info = await control.getInfo('status/bootstrap-phase', 'version')
  const phase = parseBootstrap(info.get('status/bootstrap-phase') ?? '')
  if (phase === null || phase.percent === 100) return { state: 'ready', version: info.get('version') ?? null }
  return { state: 'starting', ...phase }
}

/** A relay's IPv4 address, from the `r` line of its network status (control-spec.txt, 3.9); null when it is unknown. */
async function askAddress(control: TorControl | null, fingerprint: string): Promise<string | null> {
  const key = `ns/id/${fingerprint}`
  try {
    const text = (await control?.getInfo(key))?.get(key) ?? ''
    return /^r .*?\b((?:\d{1,3}\.){3}\d{1,3})\b/m.exec(text)?.[1] ?? null
  } catch (error) {
    // A relay that has left the network, or a bridge.
    if (error instanceof NocError) return null
    throw error
  }
}
