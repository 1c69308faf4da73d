import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { systemErrorCode } from '#core/errors.ts'
import type { Libc } from '#core/host/libc.ts'
import { cgroupPath, inodeIn, unitOf } from './owners-text.ts'
import type { Owner } from './owners.ts'

/** Milliseconds of scanning after which the event loop gets its turn. */
const TURN_MS = 8
/** Links between two looks at the clock. */
const LINKS_A_CHECK = 64
/** Bytes of a link that are read: `socket:[` and an inode number; other links are longer and don't matter. */
const LINK_BYTES = 64
/** Descriptors that may be missing before it is better to list the folder. */
const MOST_GAPS = 256

/**
 * Finds the holders of the wanted inodes, takes those out of the set, and answers how many processes were closed to us.
 */
export async function scanProcesses(
  proc: string,
  wanted: Set<number>,
  found: (inode: number, owner: Owner) => void,
  c: Libc | null,
  signal?: AbortSignal,
): Promise<number> {
  let hidden = 0
  let turn = performance.now()
  const breathe = async (): Promise<void> => {
    await setImmediate()
    signal?.throwIfAborted()
    turn = performance.now()
  }
  for (const pid of processes(proc)) {
    if (wanted.size === 0) break
    const folder = join(proc, String(pid))
    const fd = openFolder(join(folder, 'fd'))
    if (fd === 'closed') hidden += 1
    if (typeof fd === 'string') continue
    let owner: Owner | undefined
    let links = 0
    try {
      for (const inode of inodes(join(folder, 'fd'), fd, c)) {
        if (inode !== null && wanted.delete(inode)) found(inode, (owner ??= describe(folder, pid)))
        if (++links % LINKS_A_CHECK === 0 && performance.now() - turn > TURN_MS) await breathe()
      }
    } finally {
      closeSync(fd)
    }
  }
  return hidden
}

/** Process numbers, the lowest first: parents come before what they start, so that a shared socket is the parent's. */
function processes(proc: string): number[] {
  return listFolder(proc)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b)
}

/** Names in a folder; none when it can't be read. */
export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The folder's descriptor; `closed` when it is not for us, `gone` when the process is. */
function openFolder(folder: string): number | 'closed' | 'gone' {
  try {
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    const code = systemErrorCode(error)
    return code === 'EACCES' || code === 'EPERM' ? 'closed' : 'gone'
  }
}

/**
 * The inodes of the sockets in a /proc/PID/fd, null for everything else. Descriptors are small numbers without many
 * gaps, and since Linux 6.2 the folder's size is how many there are: then the C library tries one number after the
 * other, which is faster than listing the folder first.
 */
function* inodes(folder: string, fd: number, c: Libc | null): Generator<number | null> {
  if (c === null) {
    for (const name of listFolder(folder)) yield readInode(`${folder}/${name}`)
    return
  }
  const bytes = new Uint8Array(LINK_BYTES)
  const open = fstatSync(fd).size
  let there = 0
  for (let number = 0; there < open && number - there <= MOST_GAPS; number++) {
    const length = c.readlinkat(fd, String(number), bytes, LINK_BYTES)
    if (length >= 0) there += 1
    yield inodeIn(bytes, length)
  }
  if (open > 0 && there === open) return
  for (const name of listFolder(folder)) yield inodeIn(bytes, c.readlinkat(fd, name, bytes, LINK_BYTES))
}

function readInode(path: string): number | null {
  try {
    const link = readlinkSync(path, 'buffer')
    return inodeIn(link, link.length)
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
