import { createSocket } from 'node:dgram'
import { type Server, createServer } from 'node:net'
import { systemErrorCode } from '#core/errors.ts'
import { normalAddress } from '#proto/netlink/address.ts'
import { type Arrival, MOST_TOKEN, tokenOf } from './tasks.ts'

/** Most arrivals that are kept: a listener hears anybody. */
const MOST_ARRIVALS = 1000

/** A service that notes who came, on TCP and UDP, all addresses, IPv4 and IPv6. It answers, as any service would. */
export interface Listener {
  readonly port: number
  arrivals(): readonly Arrival[]
  close(): Promise<void>
}

/** Opens the service; port 0 takes one that is free for both. */
export async function listen(port: number): Promise<Listener> {
  // `::` takes IPv4 too; where IPv6 is off there is only IPv4.
  return open('::', port).catch((error: unknown) => {
    if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(systemErrorCode(error) ?? '')) throw error
    return open('0.0.0.0', port)
  })
}

async function open(host: string, port: number): Promise<Listener> {
  const came: Arrival[] = []
  const note = (protocol: Arrival['protocol'], address: string | undefined, text: string): void => {
    const [plain = '', zone] = (address ?? '').split('%')
    const from = (normalAddress(plain) ?? plain) + (zone === undefined ? '' : `%${zone}`)
    if (came.length < MOST_ARRIVALS) came.push({ protocol, from, token: tokenOf(text) })
  }
  const tcp = await listenTcp(host, port, (address, text) => note('TCP', address, text))
  const bound = tcp.address()
  const actual = typeof bound === 'object' && bound !== null ? bound.port : port
  const udp = createSocket({ type: host === '::' ? 'udp6' : 'udp4' })
  udp.on('message', (data, from) => {
    note('UDP', from.address, data.toString('latin1', 0, MOST_TOKEN))
    udp.send('heard', from.port, from.address, () => undefined)
  })
  try {
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject)
      udp.bind(actual, host, resolve)
    })
  } catch (error) {
    tcp.close()
    throw error
  }
  // An answer that can't be sent is not our trouble.
  udp.on('error', () => undefined)
  return {
    port: actual,
    arrivals: () => [...came],
    close: async () => {
      udp.close()
      await new Promise((resolve) => tcp.close(resolve))
    },
  }
}

function listenTcp(
  host: string,
  port: number,
  note: (from: string | undefined, text: string) => void,
): Promise<Server> {
  const server = createServer((socket) => {
    // Once accepted it has arrived, whatever it says.
    const from = socket.remoteAddress
    let said = ''
    socket.setTimeout(1000, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('close', () => note(from, said))
    socket.on('data', (data) => {
      said += data.toString('latin1', 0, MOST_TOKEN)
      socket.end('heard\n')
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => resolve(server))
  })
}
