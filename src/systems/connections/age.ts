import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { run } from '#core/host/run.ts'
import { type ConntrackAges, addConntrackLine } from './conntrack.ts'

/** Most that is read of connection tracking: about 300,000 connections. */
const MAX_BYTES = 64 * 1024 * 1024
const TIMEOUT_MS = 10_000

/**
 * How old connections are according to connection tracking; empty where it keeps no times (sysctl
 * net.netfilter.nf_conntrack_timestamp) or we may not ask. Loads no kernel module: the sysctl is there only when
 * connection tracking is.
 */
export async function readConntrackAges(proc: string, signal?: AbortSignal): Promise<ConntrackAges> {
  const ages: ConntrackAges = new Map()
  if (!keepsTimes(proc)) return ages
  try {
    await readFile(join(proc, 'net/nf_conntrack'), ages, signal)
  } catch {
    signal?.throwIfAborted()
    await askProgram(proc, ages, signal)
  }
  return ages
}

function keepsTimes(proc: string): boolean {
  try {
    return readFileSync(join(proc, 'sys/net/netfilter/nf_conntrack_timestamp'), 'utf8').trim() === '1'
  } catch {
    return false
  }
}

async function readFile(path: string, into: ConntrackAges, signal: AbortSignal | undefined): Promise<void> {
  const input = createReadStream(path, { end: MAX_BYTES, ...(signal ? { signal } : {}) })
  for await (const line of createInterface({ input })) addConntrackLine(line, into)
}

/** Kernels without the file answer the program conntrack, by a module that it would load: only where it is there. */
async function askProgram(proc: string, into: ConntrackAges, signal: AbortSignal | undefined): Promise<void> {
  if (!netlinkLoaded(proc)) return
  const options = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, ...(signal ? { signal } : {}) }
  const result = await run(['conntrack', '-L', '-o', 'ktimestamp'], options).catch(() => null)
  for (const line of result?.stdout.toString('latin1').split('\n') ?? []) addConntrackLine(line, into)
}

function netlinkLoaded(proc: string): boolean {
  try {
    return /^nf_conntrack_netlink /m.test(readFileSync(join(proc, 'modules'), 'utf8'))
  } catch {
    return false
  }
}
