/** The document of `noc torbox circuits`, from what boxes, tor and the guard tell. */
import type { BoxView, Circuit, CircuitsReport, Dropped, Relay, Stream } from '../wire.ts'
import type { KnownBox } from './boxes.ts'
import type { GuardLook } from './dropped.ts'
import type { Follower } from './follow.ts'
import type { Carried } from './model.ts'

/** Most streams and circuits of a box, and most attempts, in one document. */
const MOST_STREAMS = 100
const MOST_CIRCUITS = 50
const MOST_DROPPED = 100

/** What a report is made from. */
export interface Sources {
  readonly follower: Follower
  /** Whether this tor serves nobody but the boxes. */
  readonly ownTor: boolean
  boxes(): Promise<readonly KnownBox[]>
  /** Null: there is no guard. */
  guard(): Promise<GuardLook | null>
  now(): number
}

/** Everything as it is now. */
export async function circuitsReport({ follower, ownTor, boxes, guard, now }: Sources): Promise<CircuitsReport> {
  const [tor, known, look] = await Promise.all([
    follower.state(),
    boxes(),
    guard().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
  ])
  const unread = look instanceof Error
  const unclaimed = follower.model.unclaimed()
  // What no box is known for is the only box's, if nobody else uses this tor.
  const alone = ownTor && known.length === 1
  const views = await Promise.all(known.map((box) => boxView(box, follower, alone ? unclaimed : NOTHING)))
  return {
    at: now(),
    tor,
    boxes: views,
    unassigned: alone ? [] : unclaimed.streams.slice(0, MOST_STREAMS).map(streamView),
    dropped: droppedOf(known, unread ? null : look, follower),
    reasons: unread ? [] : (look?.reasons ?? []),
    unread: unread ? look.message : null,
  }
}

const NOTHING: Carried = { streams: [], circuits: [] }

async function boxView(box: KnownBox, follower: Follower, more: Carried): Promise<BoxView> {
  const known = follower.model.of(box.owner)
  const streams = [...known.streams, ...more.streams]
  const circuits = [...new Set([...known.circuits, ...more.circuits])]
  const { name, kind, address, user, command, since, bytes } = box
  const shown = circuits.slice(-MOST_CIRCUITS)
  const paths = await Promise.all(shown.map((circuit) => follower.relays(circuit.path)))
  return {
    name,
    kind,
    address,
    user,
    command: command.join(' '),
    since,
    // A tor that we can't ask: the box itself knows what is open.
    streams: (streams.length > 0 ? streams.map(streamView) : ownStreams(box)).slice(0, MOST_STREAMS),
    circuits: shown.map((circuit, index) => circuitView(circuit, paths[index] ?? [])),
    bytesReceived: bytes?.in ?? null,
    bytesSent: bytes?.out ?? null,
  }
}

function streamView({ stream, name, since, bytes }: Carried['streams'][number]): Stream {
  const { id, state, target, circuit } = stream
  const host = name ?? target.host
  return {
    id,
    status: state,
    target: `${host.includes(':') ? `[${host}]` : host}:${target.port}`,
    address: host === target.host ? null : target.host,
    circuit,
    since,
    bytesReceived: bytes?.in ?? null,
    bytesSent: bytes?.out ?? null,
  }
}

function ownStreams({ own }: KnownBox): Stream[] {
  return (own?.traffic.open ?? []).map(({ id, target, since, connected, bytesIn, bytesOut }) => ({
    id: String(id),
    status: connected ? 'SUCCEEDED' : 'SENTCONNECT',
    target,
    address: null,
    circuit: null,
    since,
    bytesReceived: bytesIn,
    bytesSent: bytesOut,
  }))
}

function circuitView({ id, state, purpose }: Carried['circuits'][number], relays: readonly Relay[]): Circuit {
  return { id, status: state, purpose: purpose ?? 'GENERAL', relays }
}

function droppedOf(boxes: readonly KnownBox[], look: GuardLook | null, { model }: Follower): Dropped[] {
  const names = new Map(boxes.map((box) => [box.address, box.name]))
  const onBridge = (look?.attempts ?? []).map((attempt): Dropped => ({
    box: names.get(attempt.source) ?? null,
    name: model.nameOf(attempt.source, attempt.target),
    ...attempt,
  }))
  const inBoxes = boxes.flatMap(({ name, own }) =>
    (own?.guard?.dropped ?? []).map(({ address, protocol, port, packets }): Dropped => ({
      box: name,
      source: null,
      name: null,
      target: address,
      protocol,
      port,
      packets,
    })),
  )
  return [...onBridge, ...inBoxes].toSorted((a, b) => b.packets - a.packets).slice(0, MOST_DROPPED)
}
