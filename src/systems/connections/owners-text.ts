/** Texts of procfs about processes and users. Pure. */

const SOCKET = Buffer.from('socket:[')

/**
 * The inode in the text `socket:[12345]` of a link of /proc/PID/fd (`length` bytes of it; negative: it could not be
 * read); null for anything else. Reads bytes: it is called for every open file of the machine.
 */
export function inodeIn(link: Uint8Array, length: number): number | null {
  if (length <= SOCKET.length + 1 || link[length - 1] !== 0x5d) return null
  for (let at = 0; at < SOCKET.length; at++) if (link[at] !== SOCKET[at]) return null
  let inode = 0
  for (let at = SOCKET.length; at < length - 1; at++) {
    const digit = (link[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return null
    inode = inode * 10 + digit
  }
  return Number.isSafeInteger(inode) ? inode : null
}

/**
 * The systemd unit of a control group's path, or its last part where it is not systemd's (containers); null for the
 * root group: `/system.slice/apache2.service` is `apache2.service`, and so is a group that the service made below it.
 */
export function unitOf(path: string): string | null {
  const parts = path.split('/').filter((part) => part !== '')
  const unit = parts.findLast((part) => /\.(?:service|scope|socket|mount)$/.test(part))
  return unit ?? parts.at(-1) ?? null
}

/** The path of the process's control group in /proc/PID/cgroup: the unified one, else systemd's (cgroups(7)). */
export function cgroupPath(text: string): string | null {
  const lines = text.split('\n')
  const after = (prefix: RegExp): string | undefined => lines.find((line) => prefix.test(line))?.replace(prefix, '')
  const unified = after(/^0::/)
  if (unified !== undefined && unified !== '/') return unified
  return after(/^\d+:name=systemd:/) ?? unified ?? null
}

/** User names by number, from the text of /etc/passwd. */
export function parsePasswd(text: string): ReadonlyMap<number, string> {
  const users = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name = '', , uid = ''] = line.split(':')
    if (name !== '' && /^\d+$/.test(uid) && !users.has(Number(uid))) users.set(Number(uid), name)
  }
  return users
}
