/**
 * The messages of SOCKS version 5 (RFC 1928) with username/password login (RFC 1929) and the two commands that tor
 * adds (socks-extensions.txt). Every decoder answers null while the message is not complete.
 */
import { NocError } from '#core/errors.ts'
import { addressBytes, ipv4Text, ipv6Text } from '#proto/netlink/address.ts'

/** What the client asks of the proxy; `resolve` and `resolvePtr` are known to tor only. */
export const socksCommand = { connect: 0x01, bind: 0x02, udpAssociate: 0x03, resolve: 0xf0, resolvePtr: 0xf1 } as const
export type SocksCommand = keyof typeof socksCommand

/** Ways to log in; `none` here means that no login is asked for, 0xff that the proxy accepts none of those offered. */
export const socksMethod = { none: 0x00, login: 0x02, refused: 0xff } as const

/** A place to go to: the text of an IPv4 or IPv6 address or a name in ASCII, and a port. */
export interface SocksTarget {
  readonly host: string
  readonly port: number
}

/** Tor keeps streams with different logins on different circuits (IsolateSOCKSAuth); each part has 1 to 255 bytes. */
export interface SocksLogin {
  readonly user: string
  readonly password: string
}

/** A message and how many bytes it took; null: more bytes are needed. */
export type Decoded<T> = { readonly value: T; readonly size: number } | null

const VERSION = 5
const LOGIN_VERSION = 1
const IPV4 = 1
const NAME = 3
const IPV6 = 4
/** Most bytes of a name, a user or a password: their length is one byte. */
const MAX_TEXT_BYTES = 255

/** The client's greeting: how it could log in. */
export function encodeGreeting(methods: readonly number[]): Uint8Array {
  return Uint8Array.of(VERSION, methods.length, ...methods)
}

export function decodeGreeting(bytes: Uint8Array): Decoded<readonly number[]> {
  checkVersion(bytes, VERSION)
  const count = bytes[1]
  if (count === undefined || bytes.length < 2 + count) return null
  return { value: [...bytes.subarray(2, 2 + count)], size: 2 + count }
}

/** The proxy's answer to the greeting: the method it wants. */
export function encodeMethod(method: number): Uint8Array {
  return Uint8Array.of(VERSION, method)
}

export function decodeMethod(bytes: Uint8Array): Decoded<number> {
  checkVersion(bytes, VERSION)
  const method = bytes[1]
  return method === undefined ? null : { value: method, size: 2 }
}

export function encodeLogin({ user, password }: SocksLogin): Uint8Array {
  return Uint8Array.of(LOGIN_VERSION, ...counted(user, 'user name'), ...counted(password, 'password'))
}

export function decodeLogin(bytes: Uint8Array): Decoded<SocksLogin> {
  checkVersion(bytes, LOGIN_VERSION)
  const user = countedAt(bytes, 1)
  const password = user && countedAt(bytes, user.end)
  if (!user || !password) return null
  const text = new TextDecoder()
  return { value: { user: text.decode(user.bytes), password: text.decode(password.bytes) }, size: password.end }
}

/** The proxy's answer to a login. */
export function encodeLoginStatus(accepted: boolean): Uint8Array {
  return Uint8Array.of(LOGIN_VERSION, accepted ? 0 : 1)
}

/** True when the login was accepted. */
export function decodeLoginStatus(bytes: Uint8Array): Decoded<boolean> {
  checkVersion(bytes, LOGIN_VERSION)
  return bytes.length < 2 ? null : { value: bytes[1] === 0, size: 2 }
}

export function encodeRequest(command: SocksCommand, target: SocksTarget): Uint8Array {
  return encodeTarget(socksCommand[command], target)
}

export function decodeRequest(bytes: Uint8Array): Decoded<{ command: SocksCommand; target: SocksTarget }> {
  const message = decodeTarget(bytes)
  if (message === null) return null
  const command = COMMANDS.get(message.code)
  if (command === undefined) throw malformed(1, `a command 0x${message.code.toString(16)}`)
  return { value: { command, target: message.target }, size: message.size }
}

const COMMANDS = new Map<number, SocksCommand>(
  (Object.keys(socksCommand) as SocksCommand[]).map((name) => [socksCommand[name], name]),
)

/** The proxy's answer to a request: a reply code (`replies.ts`) and an address, which to `resolve` is the answer. */
export function encodeReply(code: number, target: SocksTarget): Uint8Array {
  return encodeTarget(code, target)
}

export function decodeReply(bytes: Uint8Array): Decoded<{ code: number; target: SocksTarget }> {
  const message = decodeTarget(bytes)
  return message && { value: { code: message.code, target: message.target }, size: message.size }
}

/** Requests and replies have one form: version, code, reserved, address, port. */
function encodeTarget(code: number, { host, port }: SocksTarget): Uint8Array {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw unfit('port', String(port))
  const address = addressBytes(host)
  const bytes =
    address === null ? [NAME, ...counted(visible(host), 'name')] : [address.length === 4 ? IPV4 : IPV6, ...address]
  return Uint8Array.of(VERSION, code, 0, ...bytes, port >> 8, port & 0xff)
}

function decodeTarget(bytes: Uint8Array): { code: number; target: SocksTarget; size: number } | null {
  checkVersion(bytes, VERSION)
  const [, code, , kind] = bytes
  if (code === undefined || kind === undefined) return null
  const address = decodeHost(bytes, kind)
  if (address === null || bytes.length < address.end + 2) return null
  const port = ((bytes[address.end] ?? 0) << 8) | (bytes[address.end + 1] ?? 0)
  return { code, target: { host: address.host, port }, size: address.end + 2 }
}

const HOST_AT = 4

function decodeHost(bytes: Uint8Array, kind: number): { host: string; end: number } | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (index: number): number => view.getUint32(HOST_AT + 4 * index)
  if (kind === IPV4) return bytes.length < 8 ? null : { host: ipv4Text(word(0)), end: 8 }
  if (kind === IPV6) return bytes.length < 20 ? null : { host: ipv6Text(word(0), word(1), word(2), word(3)), end: 20 }
  if (kind !== NAME) throw malformed(3, `an address of kind ${kind}`)
  const name = countedAt(bytes, HOST_AT)
  if (name === null) return null
  const host = String.fromCharCode(...name.bytes)
  if (!VISIBLE.test(host)) throw malformed(HOST_AT, 'a name with other than visible ASCII characters')
  return { host, end: name.end }
}

const VISIBLE = /^[\x21-\x7e]+$/

/** Names cross the wire as they are: what is not ASCII has to be written in punycode by the caller. */
function visible(host: string): string {
  if (!VISIBLE.test(host)) throw unfit('name', JSON.stringify(host))
  return host
}

/** One byte of length, then so many bytes. */
function counted(text: string, what: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length === 0 || bytes.length > MAX_TEXT_BYTES) throw unfit(what, `of ${bytes.length} bytes`)
  return Uint8Array.of(bytes.length, ...bytes)
}

function countedAt(bytes: Uint8Array, at: number): { bytes: Uint8Array; end: number } | null {
  const length = bytes[at]
  if (length === undefined || bytes.length < at + 1 + length) return null
  return { bytes: bytes.subarray(at + 1, at + 1 + length), end: at + 1 + length }
}

function checkVersion(bytes: Uint8Array, wanted: number): void {
  const version = bytes[0]
  if (version !== undefined && version !== wanted) throw malformed(0, `version ${version}`)
}

function malformed(offset: number, what: string): NocError {
  return new NocError('NOC_SOCKS5_MALFORMED', `The other side does not speak SOCKS 5: ${what} at byte ${offset}.`, {
    hint: 'Check that the port is a SOCKS port.',
  })
}

function unfit(what: string, which: string): NocError {
  return new NocError('NOC_SOCKS5_UNFIT', `SOCKS 5 can't carry a ${what} ${which}.`)
}
