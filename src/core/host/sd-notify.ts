import { type Libc, libc, linux } from './libc.ts'
import { run } from './run.ts'

/** Longest time that the fallback program may take. */
const FALLBACK_TIMEOUT_MS = 2000

/**
 * Tells the service manager how we are (sd_notify(3)): `READY=1`, `STOPPING=1`, `WATCHDOG=1`, `STATUS=...`, several
 * joined by newlines. Does nothing when no manager asked for it, and never fails: a daemon must not stop over this.
 */
export async function notify(state: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const path = env['NOTIFY_SOCKET']
  if (path === undefined || !/^[/@]./.test(path)) return
  const c = await libc()
  if (c !== null && send(c, path, state)) return
  const argv = ['systemd-notify', `--pid=${process.pid}`, ...state.split('\n')]
  await run(argv, { env: { NOTIFY_SOCKET: path }, timeoutMs: FALLBACK_TIMEOUT_MS, maxBytes: 4096 }).catch(
    () => undefined,
  )
}

function send(c: Libc, path: string, state: string): boolean {
  const fd = c.socket(linux.AF_UNIX, linux.SOCK_DGRAM | linux.SOCK_CLOEXEC, 0)
  if (fd < 0) return false
  const message = Buffer.from(state)
  const address = unixAddress(path)
  const sent = c.sendto(fd, message, message.length, linux.MSG_DONTWAIT, address, address.length)
  c.close(fd)
  return sent === message.length
}

/** A `sockaddr_un` (unix(7)): family, then the path; a leading @ means the abstract namespace, whose first byte is 0. */
export function unixAddress(path: string): Buffer {
  const family = new Uint8Array(new Uint16Array([linux.AF_UNIX]).buffer)
  const address = Buffer.concat([family, Buffer.from(path)])
  if (path.startsWith('@')) address[2] = 0
  return address
}
