import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#core/clock.ts'
import { type Libc, libc } from '#core/host/libc.ts'
import { listFolder, scanProcesses } from './owner-scan.ts'
import { parsePasswd, unitOf } from './owners-text.ts'
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

/** Makes an empty book; the C library, where there is one, makes it faster. */
export function ownerBook(paths: OwnerPaths, clock: Clock, c: Promise<Libc | null> = libc()): OwnerBook {
  let byInode = new Map<number, Owner>()
  let orphans = new Map<number, number>()
  let nextScan = 0
  let hidden = 0
  const groups = cgroupNames(paths.cgroups, clock)

  const scan = async (wanted: Set<number>, signal?: AbortSignal): Promise<void> => {
    const began = clock.monotonic()
    hidden = await scanProcesses(paths.proc, wanted, (inode, owner) => byInode.set(inode, owner), await c, signal)
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
  const base = listFolder(unified).length > 0 ? unified : root
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
