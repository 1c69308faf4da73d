/** Texts of procfs about processes and users. Pure. */

/** The inode of `socket:[12345]`, as a link of /proc/PID/fd reads; null for anything else. */
export function socketInode(link: string): number | null {
  if (!link.startsWith('socket:[')) return null
  const inode = Number(link.slice(8, -1))
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
