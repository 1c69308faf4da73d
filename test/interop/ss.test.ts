import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket as NetSocket, connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '#core/clock.ts'
import { MACHINE, ownerBook } from '../../src/systems/connections/owners.ts'
import type { Socket } from '../../src/systems/connections/socket.ts'
import { readSockets } from '../../src/systems/connections/sources/read.ts'
import { until } from '../e2e/daemon-process.ts'
import { needs } from '../peers.ts'

/** Connections of this very process: IPv4, IPv6, IPv4 over an IPv6 socket, unread bytes, half closed, UDP. */
async function open(t: TestContext): Promise<ReadonlySet<number>> {
  const ports = new Set<number>()
  const held: (NetSocket | Server)[] = []
  t.after(() => {
    for (const one of held) if ('destroy' in one) one.destroy()
    for (const one of held) if ('listen' in one) one.close()
  })
  const pair = async (listen: string, host: string): Promise<[NetSocket, NetSocket]> => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, listen)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = connect({ port, host, keepAlive: true, allowHalfOpen: true })
    const [[accepted]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
      [NetSocket],
      unknown,
    ]
    held.push(server, client, accepted)
    ports.add(port).add(client.localPort ?? 0)
    return [client, accepted]
  }
  const [v4] = await pair('127.0.0.1', '127.0.0.1')
  v4.write('hello')
  await pair('::1', '::1')
  const [, mapped] = await pair('::', '127.0.0.1')
  mapped.end()
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  await once(udp, 'listening')
  t.after(() => udp.close())
  ports.add(udp.address().port)
  // Bytes and the half close take a moment to arrive, longer on a busy machine.
  await until('the sockets to settle', async () => {
    const { sockets } = await readSockets({ source: 'netlink', proc: '/proc' })
    const ours = sockets.filter((s) => ports.has(s.localPort))
    return ours.some((s) => s.state === 'CLOSE-WAIT') && ours.some((s) => s.receiveQueue === 5) ? true : undefined
  })
  return ports
}

function comparable(sockets: readonly Socket[], ports: ReadonlySet<number>): string[] {
  return sockets
    .filter((s) => ports.has(s.localPort))
    .map((s) =>
      [
        s.protocol,
        s.family,
        s.state,
        s.local,
        s.localPort,
        s.remote,
        s.remotePort,
        s.timer,
        s.receiveQueue,
        s.inode,
      ].join(' '),
    )
    .toSorted((a, b) => a.localeCompare(b))
}

const skip = needs({ programs: ['ss'] })

test('netlink, ss and procfs agree about the sockets of this process', { skip }, async (t) => {
  const ports = await open(t)
  const read = async (source: 'netlink' | 'ss' | 'proc'): Promise<string[]> =>
    comparable((await readSockets({ source, proc: '/proc' })).sockets, ports)
  const netlink = await read('netlink')
  assert.equal(netlink.length, 10)
  assert.deepEqual(await read('ss'), netlink)
  assert.deepEqual(await read('proc'), netlink)
})

test('ss names the same process for each socket', { skip }, async (t) => {
  const ports = await open(t)
  const { sockets } = await readSockets({ source: 'netlink', proc: '/proc' })
  const owners = await ownerBook(MACHINE, systemClock).look(sockets)
  const ours = sockets.filter((s) => ports.has(s.localPort) && s.inode !== 0)
  const text = execFileSync('ss', ['-tuanepOH'], { encoding: 'utf8' })
  for (const socket of ours) {
    const said = text.split('\n').find((line) => line.includes(` ino:${socket.inode} `)) ?? ''
    const pid = /pid=(\d+),/.exec(said)?.[1]
    assert.deepEqual([owners.owner(socket)?.pid, String(process.pid)], [process.pid, pid], said)
    assert.ok(said.includes(`("${owners.owner(socket)?.process}",`), said)
  }
  assert.equal(ours.length, 10)
})
