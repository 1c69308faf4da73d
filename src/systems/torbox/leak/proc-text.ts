/** Texts of /proc that the leak test reads. Pure. */

/** Whether one of the two routing tables has a default route (proc/net/route, proc/net/ipv6_route). */
export function hasDefaultRoute(route: string, ipv6Route: string): boolean {
  // Destination and mask are zero.
  const v4 = /^\S+\t0{8}\t(?:\S+\t){5}0{8}\t/m
  // Destination and its prefix are zero; the one of lo only refuses.
  const v6 = /^0{32} 00 .* (?!lo$)\S+$/m
  return v4.test(route) || v6.test(ipv6Route)
}

/** Flag of a socket that accepts connections (__SO_ACCEPTCON), and type of one that takes datagrams (proc_net_unix(5)). */
const ACCEPTS = '00010000'
const DATAGRAMS = '0002'

/** Paths at which somebody can be reached, from /proc/net/unix. */
export function reachableSockets(text: string): string[] {
  const paths = text.split('\n').flatMap((line) => {
    const [, flags, type, path] = /^\S+ \S+ \S+ (\S+) (\S+) \S+ +\S+ (\/.*)$/.exec(line) ?? []
    return path !== undefined && (flags === ACCEPTS || type === DATAGRAMS) ? [path] : []
  })
  return [...new Set(paths)]
}
