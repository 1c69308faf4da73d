/** Processes of this machine, told apart from later ones with the same number. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** A process that is or was. */
export interface ProcessId {
  readonly pid: number
  /** When it started, in clock ticks since boot (field 22 of proc_pid_stat(5)). */
  readonly started: number
}

/** The text of /proc/PID/stat, of a process that reads its own, too. */
export function parseStat(text: string): (ProcessId & { readonly state: string; readonly parent: number }) | null {
  const end = text.lastIndexOf(')')
  const [state = '', parent = '', ...rest] = text.slice(end + 2).split(' ')
  const [pid, started] = [Number.parseInt(text, 10), Number(rest[17])]
  if (end < 0 || !Number.isInteger(pid) || !Number.isInteger(started)) return null
  return { pid, started, state, parent: Number(parent) }
}

function stat(pid: number): ReturnType<typeof parseStat> {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return null
  }
}

/** A process by its number; null when there is none. */
export function processOf(pid: number): ProcessId | null {
  const found = stat(pid)
  return found === null || found.state === 'Z' ? null : { pid, started: found.started }
}

/** Whether it is still that process. */
export function alive(process: ProcessId): boolean {
  return processOf(process.pid)?.started === process.started
}

function allPids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Numbers of the processes that `parent` started itself. */
export function childrenOf(parent: number): readonly number[] {
  return allPids().filter((pid) => stat(pid)?.parent === parent)
}

function namespaceOf(pid: number, sort: 'pid' | 'net'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/${sort}`)
  } catch {
    return null
  }
}

/** Numbers of all processes in the process namespace that `init` is the first of, without itself; not of nested ones. */
export function companionsOf(init: number): readonly number[] {
  const space = namespaceOf(init, 'pid')
  return space === null ? [] : allPids().filter((pid) => pid !== init && namespaceOf(pid, 'pid') === space)
}
