/** The name server inside a box. */
import type { Socket as Datagrams } from 'node:dgram'
import { socksResolvePtr } from '#proto/socks5/client.ts'
import { type DnsMessage, decodeMessage, encodeMessage } from '#proto/dns/codec.ts'
import { answer, reverseResponse } from './answers.ts'
import type { Carrier } from './forwarder.ts'

/** Reverse look-ups that wait for tor at a time; those beyond are not answered, and asked again by the program. */
const MAX_WAITING = 64
/** Milliseconds that tor may take for one: programs ask again or give up after 5 s (resolv.conf(5)). */
const REVERSE_MS = 10_000

/** Serves the sockets to which nft brings every query of the box. */
export function serveNames(socket: Datagrams, carrier: Carrier): void {
  let waiting = 0
  const reverseName = async (address: string): Promise<string | null> => {
    const { door } = carrier
    return socksResolvePtr(door.open(), address, { login: door.login(), timeoutMs: REVERSE_MS }).catch(() => null)
  }
  const respond = async (bytes: Uint8Array): Promise<DnsMessage | null> => {
    const query = decodeMessage(bytes)
    const decided = answer(query, carrier.names)
    if (decided?.kind !== 'reverse') return decided?.response ?? null
    if (waiting >= MAX_WAITING) return null
    waiting += 1
    const name = await reverseName(decided.address).finally(() => (waiting -= 1))
    return reverseResponse(query, name)
  }
  socket.on('message', (bytes, { address, port }) => {
    // What can't be read can't be answered either; programs of the box only harm themselves by it.
    void respond(bytes).then(
      (response) => response && socket.send(encodeMessage(response), port, address, () => undefined),
      () => undefined,
    )
  })
  socket.on('error', () => undefined)
}
