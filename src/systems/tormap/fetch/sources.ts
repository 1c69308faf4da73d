/** Who would be asked. Pure, so that it can be shown before anybody is. */
import { NocError, exitCode } from '#core/errors.ts'
import { fallbackMirrors, parseDirAuthority, trustedAuthorities } from '#proto/tordir/authorities.ts'
import type { TrustedAuthority } from '#proto/tordir/types.ts'
import type { TormapConfig } from '../config.ts'
import type { Contact } from './types.ts'

/** A host and a port. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`; null for anything else, such as the path of a socket. */
export function parseEndpoint(text: string): Endpoint | null {
  const [, ip6, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text) ?? []
  const number = Number(port)
  if (port === undefined || number < 1 || number > 65_535) return null
  return { host: ip6 ?? name ?? '', port: number }
}

/** The authorities whose signatures count: the configured `DirAuthority` lines, else the public network's at that time. */
export function trustedBy(lines: readonly string[], at: number): readonly TrustedAuthority[] {
  return lines.length === 0 ? trustedAuthorities(at) : lines.map(parseDirAuthority)
}

/** Everybody that a fetch may ask; it takes them in random order and stops at the first good answer. */
export function contacts(config: TormapConfig, now: number): readonly Contact[] {
  const through = config.socks === '' ? 'directly' : `SOCKS ${config.socks}`
  if (config.source === 'tor') return [{ nickname: 'tor', address: config.tor_directory, through: 'files' }]
  if (config.source === 'onionoo') return [{ nickname: 'Onionoo', address: onionooHost(config.onionoo), through }]
  if (config.mirrors.length > 0) return config.mirrors.map((address) => ({ nickname: 'mirror', address, through }))
  const authorities = trustedBy(config.authorities, now)
  // A network of one's own has no public mirrors.
  const mirrors = config.authorities.length > 0 ? [] : fallbackMirrors
  return [...authorities, ...mirrors].flatMap(({ nickname, dir }) =>
    dir === null ? [] : [{ nickname, address: dir, through }],
  )
}

function onionooHost(url: string): string {
  if (URL.canParse(url)) return new URL(url).host
  throw new NocError('NOC_TORMAP_URL', `"${url}" is no URL.`, { exit: exitCode.usage })
}
