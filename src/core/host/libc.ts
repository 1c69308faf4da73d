import { getSystemErrorName } from 'node:util'

/** Calls that Node's core doesn't have: netlink, unix datagrams, links of an open folder. Each returns -1 on failure. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  sendto(fd: number, message: Uint8Array, length: number, flags: number, to: Uint8Array, toLength: number): number
  /** Returns the number of bytes that came; with MSG_TRUNC the length that was sent. */
  recv(fd: number, into: Uint8Array, length: number, flags: number): number
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number
  close(fd: number): number
  /** The text of a symbolic link in an open folder; returns its length. */
  readlinkat(folder: number, name: string, into: Uint8Array, length: number): number
  /** Why the last call failed: `EPERM`, `EAGAIN` ... */
  errno(): string
  /** The name of an error number. */
  nameOf(errno: number): string
}

/** Numbers of Linux's ABI (the same on x86, ARM, RISC-V, POWER and s390) that the calls above take. */
export const linux = {
  AF_UNIX: 1,
  AF_NETLINK: 16,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_CLOEXEC: 0o2000000,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  SOL_SOCKET: 1,
  SO_RCVBUF: 8,
  SOL_NETLINK: 270,
  NETLINK_CAP_ACK: 10,
} as const

let loading: Promise<Libc | null> | undefined

/** The C library, when the optional package koffi is installed and loads; else null. */
export function libc(): Promise<Libc | null> {
  loading ??= load().catch(() => null)
  return loading
}

function nameOf(errno: number): string {
  return errno > 0 ? getSystemErrorName(-errno) : 'no error'
}

async function load(): Promise<Libc> {
  const { default: koffi } = await import('koffi')
  // The running process has its C library loaded already, whichever (glibc, musl) it is.
  const library = koffi.load(null)
  const bind = (prototype: string): ((...args: unknown[]) => number) => library.func(prototype)
  return {
    socket: bind('int socket(int, int, int)'),
    bind: bind('int bind(int, const void *, uint)'),
    sendto: bind('long sendto(int, const void *, ulong, int, const void *, uint)'),
    recv: bind('long recv(int, void *, ulong, int)'),
    setsockopt: bind('int setsockopt(int, int, int, const void *, uint)'),
    close: bind('int close(int)'),
    readlinkat: bind('long readlinkat(int, const char *, void *, ulong)'),
    errno: () => nameOf(koffi.errno()),
    nameOf,
  }
}
