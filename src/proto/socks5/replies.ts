import { NocError } from '#core/errors.ts'

/** Why a proxy says no: the `code` of the NocError that is thrown for it. */
export type SocksErrorCode =
  | 'NOC_SOCKS5_FAILED'
  | 'NOC_SOCKS5_FORBIDDEN'
  | 'NOC_SOCKS5_NETWORK_UNREACHABLE'
  | 'NOC_SOCKS5_HOST_UNREACHABLE'
  | 'NOC_SOCKS5_REFUSED'
  | 'NOC_SOCKS5_EXPIRED'
  | 'NOC_SOCKS5_COMMAND'
  | 'NOC_SOCKS5_ADDRESS_KIND'
  | 'NOC_SOCKS5_ONION_NOT_FOUND'
  | 'NOC_SOCKS5_ONION_INVALID'
  | 'NOC_SOCKS5_ONION_INTRODUCTION'
  | 'NOC_SOCKS5_ONION_RENDEZVOUS'
  | 'NOC_SOCKS5_ONION_KEY_MISSING'
  | 'NOC_SOCKS5_ONION_KEY_WRONG'
  | 'NOC_SOCKS5_ONION_ADDRESS'
  | 'NOC_SOCKS5_ONION_TIMEOUT'
  | 'NOC_SOCKS5_REPLY'

/** Reply codes: 0x00 to 0x08 are RFC 1928's, 0xf0 to 0xf7 tor's (proposal 304), sent on ports with ExtendedErrors. */
const REPLIES: Readonly<Record<number, readonly [code: SocksErrorCode, why: string, hint?: string]>> = {
  0x01: ['NOC_SOCKS5_FAILED', 'the proxy failed', 'Tor says this for a closed port too, and while it is not ready.'],
  0x02: ['NOC_SOCKS5_FORBIDDEN', 'the rules of the proxy forbid it'],
  0x03: ['NOC_SOCKS5_NETWORK_UNREACHABLE', 'its network is unreachable'],
  0x04: ['NOC_SOCKS5_HOST_UNREACHABLE', 'the host is unreachable or its name is unknown'],
  0x05: ['NOC_SOCKS5_REFUSED', 'the host refused the connection'],
  0x06: ['NOC_SOCKS5_EXPIRED', 'no answer came in time'],
  0x07: ['NOC_SOCKS5_COMMAND', 'the proxy does not know this command', 'Only tor resolves names over SOCKS.'],
  0x08: ['NOC_SOCKS5_ADDRESS_KIND', 'the proxy does not know this kind of address'],
  0xf0: ['NOC_SOCKS5_ONION_NOT_FOUND', 'no descriptor of this onion service can be found', 'It may be down.'],
  0xf1: ['NOC_SOCKS5_ONION_INVALID', 'the descriptor of this onion service is invalid'],
  0xf2: ['NOC_SOCKS5_ONION_INTRODUCTION', 'the introduction to this onion service failed', 'It may be down.'],
  0xf3: ['NOC_SOCKS5_ONION_RENDEZVOUS', 'the rendezvous with this onion service failed', 'Try again.'],
  0xf4: ['NOC_SOCKS5_ONION_KEY_MISSING', 'this onion service wants a client key', 'Set ClientOnionAuthDir in torrc.'],
  0xf5: ['NOC_SOCKS5_ONION_KEY_WRONG', 'this onion service refused the client key', 'Ask its operator for a new one.'],
  0xf6: ['NOC_SOCKS5_ONION_ADDRESS', 'this is not a valid onion address', 'Check it for typing errors.'],
  0xf7: ['NOC_SOCKS5_ONION_TIMEOUT', 'the introduction to this onion service took too long', 'It may be down.'],
}

/** The error for a reply code other than 0; `what` says what was asked: `a connection to www.example port 80`. */
export function replyError(code: number, what: string): NocError {
  const [name, why, hint] = REPLIES[code] ?? ['NOC_SOCKS5_REPLY', `the proxy answers 0x${code.toString(16)}`]
  return new NocError(name, `No ${what}: ${why}.`, hint === undefined ? {} : { hint })
}
