/** The boxes of both kinds that run now, as far as this user may see them. */
import { readFileSync } from 'node:fs'
import { createRegistry } from '../root/records.ts'
import { findUser } from '../root/users.ts'
import { listUserBoxes } from '../user/boxes.ts'
import type { UserBoxStatus } from '../user/wire.ts'
import type { BoxKind } from '../wire.ts'
import type { Owner } from './model.ts'

/** A box, and what is known of it without asking tor. */
export interface KnownBox {
  readonly name: string
  readonly kind: BoxKind
  readonly address: string | null
  readonly user: string
  readonly command: readonly string[]
  readonly since: number
  readonly owner: Owner
  /** From the box's point of view; null when they can't be read. */
  readonly bytes: { readonly in: number; readonly out: number } | null
  /** What only a user's box itself knows. */
  readonly own: Pick<UserBoxStatus, 'traffic' | 'guard'> | null
}

/** All boxes that run, the oldest first. */
export async function knownBoxes(): Promise<KnownBox[]> {
  const root = process.geteuid?.() === 0 ? rootBoxes() : []
  const users = await Promise.all((await listUserBoxes()).map(userBox))
  return [...root, ...users].toSorted((a, b) => a.since - b.since)
}

function rootBoxes(): KnownBox[] {
  const bytes = portBytes()
  const running = createRegistry()
    .list()
    .filter((box) => box.state === 'running')
  return running.map(({ name, seat, user, command, since }) => ({
    name,
    kind: 'root',
    address: seat.address,
    user,
    command,
    since,
    owner: { address: seat.address, login: null },
    bytes: bytes.get(seat.port) ?? null,
    own: null,
  }))
}

/** Counters of the host's end of each cable (proc_net_dev(5)): what comes in there the box has sent. */
function portBytes(): ReadonlyMap<string, KnownBox['bytes']> {
  const lines = readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2)
  return new Map(
    lines.map((line) => {
      const [name = '', ...counters] = line.trim().split(/:?\s+/)
      return [name, { in: Number(counters[TRANSMITTED]), out: Number(counters[RECEIVED]) }]
    }),
  )
}
/** Columns of bytes in that file, after the name. */
const RECEIVED = 0
const TRANSMITTED = 8

const names = new Map<number, string>()

async function userBox({ name, uid, argv, since, socksUser, traffic, guard }: UserBoxStatus): Promise<KnownBox> {
  const user = names.get(uid) ?? (await nameOf(uid))
  return {
    name,
    kind: 'user',
    address: null,
    user,
    command: argv,
    since,
    // Its last part counts identities: streams of the one before may still be open.
    owner: { address: null, login: socksUser.replace(/\d+$/, '') },
    bytes: { in: traffic.bytesIn, out: traffic.bytesOut },
    own: { traffic, guard },
  }
}

async function nameOf(uid: number): Promise<string> {
  const name = await findUser(String(uid)).then(
    (found) => found.name,
    () => String(uid),
  )
  names.set(uid, name)
  return name
}
