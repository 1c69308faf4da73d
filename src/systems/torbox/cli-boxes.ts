/** `noc torbox ls`, `stop` and `new-identity`, for both kinds of box. */
import type { CommandContext } from '#core/cli/command.ts'
import { exitCode } from '#core/errors.ts'
import { table } from '#core/tui/table.ts'
import { clock } from '#core/units.ts'
import { isRoot } from './cli-run.ts'
import type { TorboxConfig } from './config.ts'
import { newRootIdentity } from './root/identity.ts'
import { type RootBox, createRegistry } from './root/records.ts'
import { stopRootBox } from './root/stop.ts'
import { findUser } from './root/users.ts'
import { listUserBoxes, newIdentity as newUserIdentity, stopUserBox } from './user/boxes.ts'
import type { UserBoxStatus } from './user/wire.ts'
import type { BoxKind } from './wire.ts'

/** What the commands that name a box receive. */
export interface NamedInput {
  readonly args: readonly string[]
}

/** One box of `noc torbox ls --json`. */
export interface ListedBox {
  readonly name: string
  readonly kind: BoxKind
  /** `stale`: its noc was killed and the box ended with it; the next run, or stop, clears away the rest. */
  readonly state: 'starting' | 'running' | 'stale'
  /** On the bridge; null for a user's box. */
  readonly address: string | null
  readonly user: string
  readonly command: readonly string[]
  /** ms since 1970. */
  readonly since: number
}

/** `noc torbox ls`. */
export async function ls(_: unknown, cx: CommandContext): Promise<number> {
  const root = isRoot() ? createRegistry().list() : []
  const users = await Promise.all((await listUserBoxes()).map(listUser))
  const boxes = [...root.map(listRoot), ...users].toSorted((a, b) => a.since - b.since)
  if (cx.json) cx.out.json(boxes)
  else if (boxes.length === 0) cx.out.line('No box runs.')
  else for (const line of lines(boxes, cx)) cx.out.line(line)
  return exitCode.ok
}

function listRoot({ name, state, seat, user, command, since }: RootBox): ListedBox {
  return { name, kind: 'root', state, address: seat.address, user, command, since }
}

async function listUser({ name, uid, argv, since }: UserBoxStatus): Promise<ListedBox> {
  const user = await findUser(String(uid)).then(
    (found) => found.name,
    () => String(uid),
  )
  return { name, kind: 'user', state: 'running', address: null, user, command: argv, since }
}

const KINDS: Readonly<Record<BoxKind, string>> = { root: 'bridge', user: 'user' }

function lines(boxes: readonly ListedBox[], { out }: CommandContext): readonly string[] {
  const columns = [
    { title: 'NAME' },
    { title: 'KIND' },
    { title: 'STATE' },
    { title: 'ADDRESS', drop: 1 },
    { title: 'USER' },
    { title: 'SINCE', drop: 2 },
    { title: 'PROGRAM', shrink: 8 },
  ]
  const now = Date.now()
  const rows = boxes.map(({ name, kind, state, address, user, command, since }) => [
    name,
    KINDS[kind],
    state === 'stale' ? ({ text: state, ink: 'warning' } as const) : state,
    address ?? '-',
    user,
    clock(since, now),
    command.join(' '),
  ])
  return table(columns, rows, { columns: out.terminal ? out.columns() : Infinity, ink: out.ink.bind(out) })
}

/** `noc torbox stop NAME`. */
export async function stop({ args: [name = ''] }: NamedInput, cx: CommandContext): Promise<number> {
  const registry = createRegistry()
  const box = isRoot() ? registry.find(name) : null
  if (box !== null) await stopRootBox(registry, box)
  else await stopUserBox(name)
  if (!cx.json) cx.out.line(box?.state === 'stale' ? `${name} is cleared away.` : `${name} is stopped.`)
  else cx.out.json({ name, stopped: true })
  return exitCode.ok
}

/** `noc torbox new-identity NAME`. */
export async function newIdentity({ args: [name = ''] }: NamedInput, cx: CommandContext): Promise<number> {
  const registry = createRegistry()
  const box = isRoot() ? registry.find(name) : null
  const moved = box && (await newRootIdentity(await cx.config<TorboxConfig>(), registry, box))
  if (moved === null) await newUserIdentity(name)
  const address = moved?.seat.address ?? null
  if (cx.json) cx.out.json({ name, kind: (moved === null ? 'user' : 'root') satisfies BoxKind, address })
  else if (address === null) cx.out.line(`${name} uses new circuits from now on; what is open stays where it is.`)
  else cx.out.line(`${name} is at ${address} now, with new circuits; what was open is closed.`)
  return exitCode.ok
}
