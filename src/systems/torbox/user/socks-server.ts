/**
 * The SOCKS port inside a box, for programs that know SOCKS. It is not tor's own: what they ask is passed on with the
 * box's login, so that they share circuits with nobody outside; their own login still separates their streams.
 */
import type { Server, Socket } from 'node:net'
import { receive } from '#proto/socks5/client.ts'
import {
  type SocksLogin,
  type SocksTarget,
  decodeGreeting,
  decodeLogin,
  decodeRequest,
  encodeLoginStatus,
  encodeMethod,
  encodeReply,
  socksMethod,
} from '#proto/socks5/codec.ts'
import { virtualIndex } from './addresses.ts'
import { type Carrier, accept, carry, refuse } from './forwarder.ts'
import type { NamePool } from './names.ts'

/** Milliseconds in which a program has to say what it wants. */
const HANDSHAKE_MS = 30_000
/** Reply codes of RFC 1928, section 6. */
const GENERAL_FAILURE = 1
const COMMAND_NOT_SUPPORTED = 7
const NOWHERE: SocksTarget = { host: '0.0.0.0', port: 0 }

/** Serves a box's own SOCKS port. */
export function serveSocks(server: Server, carrier: Carrier): void {
  accept(server, (program) => void serve(program, carrier).catch(() => refuse(program)))
}

async function serve(program: Socket, carrier: Carrier): Promise<void> {
  program.on('error', () => program.destroy())
  const late = AbortSignal.timeout(HANDSHAKE_MS)
  const login = await readLogin(program, late)
  const { command, target } = await receive(program, decodeRequest, late)
  if (command === 'bind' || command === 'udpAssociate') return end(program, COMMAND_NOT_SUPPORTED)
  const real = { ...target, host: realHost(target.host, carrier.names) }
  const answer = await carry(program, { command, target: real, login: carrier.door.login(login) }, carrier)
  if (answer?.code !== 0) return end(program, answer?.code ?? GENERAL_FAILURE)
  program.write(encodeReply(answer.code, answer.target))
  answer.tor.pipe(program)
}

/** Tor, too, takes a login when it is offered one. */
async function readLogin(program: Socket, signal: AbortSignal): Promise<SocksLogin | undefined> {
  const offered = await receive(program, decodeGreeting, signal)
  const method = [socksMethod.login, socksMethod.none].find((one) => offered.includes(one)) ?? socksMethod.refused
  program.write(encodeMethod(method))
  if (method !== socksMethod.login) return undefined
  const login = await receive(program, decodeLogin, signal)
  program.write(encodeLoginStatus(true))
  return login
}

/** A program that looked the name up before has an address that means nothing to tor. */
function realHost(host: string, names: NamePool): string {
  const index = virtualIndex(host)
  return (index === null ? null : names.nameOf(index)) ?? host
}

function end(program: Socket, code: number): void {
  if (program.writable) program.end(encodeReply(code, NOWHERE))
}
