import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '#core/clock.ts'
import { cgroupPath, parsePasswd, socketInode, unitOf } from './owners-text.ts'
import type { Socket } from './socket.ts'

/** The process that holds a socket. */
export interface Owner {
  readonly pid: number
  readonly process: string
  readonly unit: string | null
}

/** What is known about who holds the sockets of one reading. */
export interface Owners {
  /** The process that holds the socket; with several, the one with the lowest number. Null: none, or not visible. */
  owner(socket: Socket): Owner | null
  /** The socket's unit, from its process or from the socket's own control group. */
  unit(socket: Socket): string | null
  user(uid: number): string
  /** Processes whose sockets we may not see. */
  readonly hidden: number
}

/** Remembers owners between readings. */
export interface OwnerBook {
  look(sockets: readonly Socket[], signal?: AbortSignal): Promise<Owners>
}

/** Milliseconds of scanning after which the event loop gets its turn. */
const TURN_MS = 8
/**
 * Share of a core that scanning /proc may take over time: after a scan of 100 ms, new sockets stay without a process
 * for 5 s. The first look always scans.
 */
const SCAN_SHARE = 0.02
/** A socket without a process (the kernel's own, another container's) is looked up again after this long. */
const ORPHAN_MS = 60_000
/** Entries for sockets that are gone are kept until they are as many as those that are there, and this many more. */
const SLACK = 1000
/** Milliseconds between two walks over the control groups. */
const CGROUPS_MS = 60_000
/** Most folders of control groups that are looked at to find one by its id. */
const MAX_CGROUPS = 20_000
/** Most bytes of /etc/passwd. */
const MAX_PASSWD = 4 * 1024 * 1024

/** Where things are; handed in so that tests can lay out an own machine. */
export interface OwnerPaths {
  readonly proc: string
  readonly cgroups: string
  readonly passwd: string
}

/** This machine's own. */
export const MACHINE: OwnerPaths = { proc: '/proc', cgroups: '/sys/fs/cgroup', passwd: '/etc/passwd' }

/** Makes an empty book. */
export function ownerBook(paths: OwnerPaths, clock: Clock): OwnerBook {
  let byInode = new Map<number, Owner>()
  let orphans = new Map<number, number>()
  let nextScan = 0
  let hidden = 0
  const groups = cgroupNames(paths.cgroups, clock)

  const scan = async (wanted: Set<number>, signal?: AbortSignal): Promise<void> => {
    const began = clock.monotonic()
    hidden = await scanProcesses(paths.proc, wanted, (inode, owner) => byInode.set(inode, owner), signal)
    const now = clock.monotonic()
    for (const inode of wanted) orphans.set(inode, now)
    nextScan = now + (now - began) / SCAN_SHARE
  }
  const unknown = (sockets: readonly Socket[], now: number): Set<number> => {
    const wanted = new Set<number>()
    for (const { inode } of sockets) {
      if (inode === 0 || byInode.has(inode)) continue
      const missed = orphans.get(inode)
      if (missed === undefined || now - missed >= ORPHAN_MS) wanted.add(inode)
    }
    return wanted
  }

  return {
    look: async (sockets, signal) => {
      const now = clock.monotonic()
      if (byInode.size + orphans.size > sockets.length * 2 + SLACK) {
        byInode = kept(byInode, sockets)
        orphans = kept(orphans, sockets)
      }
      const wanted = unknown(sockets, now)
      if (wanted.size > 0 && now >= nextScan) await scan(wanted, signal)
      const users = readUsers(paths.passwd)
      const found = byInode
      const owner = (socket: Socket): Owner | null => found.get(socket.inode) ?? null
      return {
        owner,
        unit: (socket) => owner(socket)?.unit ?? groups(socket.cgroup),
        user: (uid) => users.get(uid) ?? String(uid),
        hidden,
      }
    },
  }
}

function kept<T>(map: ReadonlyMap<number, T>, sockets: readonly Socket[]): Map<number, T> {
  const still = new Map<number, T>()
  for (const { inode } of sockets) {
    const value = map.get(inode)
    if (value !== undefined) still.set(inode, value)
  }
  return still
}

/** Finds the holders of the wanted inodes, takes those out of the set, and answers how many processes were closed to us. */
async function scanProcesses(
  proc: string,
  wanted: Set<number>,
  found: (inode: number, owner: Owner) => void,
  signal: AbortSignal | undefined,
): Promise<number> {
  let hidden = 0
  let turn = performance.now()
  const breathe = async (): Promise<void> => {
    if (performance.now() - turn < TURN_MS) return
    await setImmediate()
    signal?.throwIfAborted()
    turn = performance.now()
  }
  for (const pid of processes(proc)) {
    if (wanted.size === 0) break
    const folder = join(proc, String(pid))
    const descriptors = list(join(folder, 'fd'))
    if (descriptors === null) hidden += 1
    let owner: Owner | undefined
    for (const descriptor of descriptors ?? []) {
      await breathe()
      const inode = inodeOf(`${folder}/fd/${descriptor}`)
      if (inode === null || !wanted.delete(inode)) continue
      owner ??= describe(folder, pid)
      found(inode, owner)
    }
    await breathe()
  }
  return hidden
}

/** Process numbers, the lowest first: parents come before what they start, so that a shared socket is the parent's. */
function processes(proc: string): number[] {
  return (list(proc) ?? [])
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b)
}

/** Names in a folder; none when it is gone, null when it is closed to us. */
function list(folder: string): string[] | null {
  try {
    return readdirSync(folder)
  } catch (error) {
    return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM') ? null : []
  }
}

function inodeOf(path: string): number | null {
  try {
    return socketInode(readlinkSync(path))
  } catch {
    return null
  }
}

function describe(folder: string, pid: number): Owner {
  const group = cgroupPath(text(join(folder, 'cgroup')))
  return {
    pid,
    process: text(join(folder, 'comm')).replace(/\n$/, '') || '?',
    unit: group === null ? null : unitOf(group),
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function readUsers(path: string): ReadonlyMap<number, string> {
  try {
    return statSync(path).size > MAX_PASSWD ? new Map() : parsePasswd(readFileSync(path, 'utf8'))
  } catch {
    return new Map()
  }
}

/**
 * Units by a socket's control group: ss gives its path; netlink its id, which is the inode number of the group's
 * folder. The folders are read when an id comes up that is not known, but not too often.
 */
function cgroupNames(root: string, clock: Clock): (group: Socket['cgroup']) => string | null {
  let names = new Map<number, string | null>()
  let read = -Infinity
  return (group) => {
    if (group === null) return null
    if (typeof group === 'string') return unitOf(group)
    if (!names.has(group) && clock.monotonic() - read >= CGROUPS_MS) {
      names = readCgroups(root)
      read = clock.monotonic()
    }
    return names.get(group) ?? null
  }
}

function readCgroups(root: string): Map<number, string | null> {
  const names = new Map<number, string | null>()
  // Where both versions are mounted, version 2 has an own folder.
  const unified = join(root, 'unified')
  const base = list(unified)?.length ? unified : root
  const queue = ['']
  for (let path = queue.shift(); path !== undefined && names.size < MAX_CGROUPS; path = queue.shift()) {
    const folder = join(base, path)
    try {
      names.set(statSync(folder).ino, unitOf(path))
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) queue.push(`${path}/${entry.name}`)
      }
    } catch {
      // The group ended while we looked.
    }
  }
  return names
}
