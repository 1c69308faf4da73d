import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import * as fc from 'fast-check'
import { NocError } from '#core/errors.ts'
import { dumpReader } from '#proto/netlink/diag-reader.ts'
import type { Socket } from '../socket.ts'
import { parseProcLine } from './proc-text.ts'
import { readProc } from './proc.ts'
import { readSockets } from './read.ts'
import { parseSsLine } from './ss-text.ts'

// One machine at one moment, captured by netlink, by ss (iproute2 6.1) and from /proc/net.
const FIXTURES = new URL('../fixtures/', import.meta.url)
const NETLINK = new URL('../../../proto/netlink/fixtures/', import.meta.url)

const ssLines = readFileSync(new URL('ss.txt', FIXTURES), 'utf8').trim().split('\n')

function netlinkSockets(): Socket[] {
  const sockets: Socket[] = []
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const family of [4, 6]) {
      const lines = readFileSync(new URL(`${protocol}${family}.hex`, NETLINK), 'utf8')
        .trim()
        .split('\n')
      const read = dumpReader(protocol, 7, true)
      for (const line of lines) read(Buffer.from(line, 'hex'), sockets)
    }
  }
  return sockets
}

/** A root of procfs with the captured files. */
function machine(t: TestContext): string {
  const proc = mkdtempSync(join(tmpdir(), 'noc-proc-'))
  t.after(() => rmSync(proc, { recursive: true }))
  mkdirSync(join(proc, 'net'))
  for (const file of ['tcp', 'tcp6', 'udp', 'udp6']) cpSync(new URL(file, FIXTURES), join(proc, 'net', file))
  return proc
}

/** What every source can tell, in a common order. */
function common(sockets: readonly Socket[]): string[] {
  return sockets
    .map((s) => {
      const figures = [s.protocol, s.family, s.state, s.local, s.localPort, s.remote, s.remotePort]
      // Only procfs does not tell how many connections a listening socket lets wait.
      const sendQueue = s.state === 'LISTEN' ? '-' : s.sendQueue
      return [...figures, s.timer, s.receiveQueue, sendQueue, s.inode, s.uid].join(' ')
    })
    .toSorted((a, b) => a.localeCompare(b))
}

test('netlink, ss and procfs tell the same sockets of the same moment', async (t) => {
  const netlink = netlinkSockets()
  const ss = ssLines.map(parseSsLine)
  const { sockets: proc } = await readProc(machine(t))
  assert.equal(netlink.length, 19)
  assert.deepEqual(common(ss), common(netlink))
  assert.deepEqual(common(proc), common(netlink))
})

test('ss tells cookies, times and bytes like netlink', () => {
  const netlink = new Map(netlinkSockets().map((s) => [s.cookieLow, s]))
  for (const line of ssLines) {
    const ss = parseSsLine(line)
    const same = netlink.get(ss.cookieLow)
    if (ss.state === 'LISTEN') continue
    assert.deepEqual([ss.bytesSent, ss.bytesReceived], [same?.bytesSent, same?.bytesReceived], line)
    assert.equal(ss.cgroup, ss.inode === 0 && ss.state !== 'ESTABLISHED' ? null : '/')
    if (same?.lastReceived !== null && same !== undefined && ss.state !== 'SYN-SENT') {
      assert.ok(Math.abs((ss.lastReceived ?? 0) - same.lastReceived) < 1000, line)
    }
  }
})

test('a line of ss that is not understood is an error that shows it, never a wrong socket', () => {
  const broken = [
    '',
    'tcp',
    'tcp ESTAB 0 0 1.2.3.4:1',
    'tcp WHATEVER 0 0 1.2.3.4:1 1.2.3.4:2',
    'tcp ESTAB a 0 1.2.3.4:1 1.2.3.4:2',
  ]
  for (const line of [...broken, 'tcp ESTAB 0 0 1.2.3:1 1.2.3.4:2', 'Netid State Recv-Q Send-Q Local Peer']) {
    assert.throws(
      () => parseSsLine(line),
      (error) => error instanceof NocError && error.code === 'NOC_CONNECTIONS_SS',
    )
  }
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.constantFrom(...ssLines).chain((l) => fc.nat(l.length).map((n) => l.slice(0, n))),
      ),
      (line) => {
        try {
          parseSsLine(line)
        } catch (error) {
          assert.ok(error instanceof NocError, String(error))
        }
      },
    ),
  )
})

test('a control group that is named like a detail of ss changes nothing before it', () => {
  const line = 'tcp ESTAB 0 0 10.0.0.1:1 10.0.0.2:2 uid:33 ino:5 sk:a cgroup:/evil ino:9 uid:0 sk:b <-> rto:204'
  const socket = parseSsLine(line)
  assert.deepEqual([socket.inode, socket.uid, socket.cookieLow, socket.cgroup], [5, 33, 10, '/evil'])
})

function at(local: string, remote: string): (string | number)[] {
  const s = parseSsLine(`udp UNCONN 0 0 ${local} ${remote}`)
  return [s.family, s.local, s.localPort, s.remote, s.remotePort]
}

test('devices, brackets and wildcards of ss are understood', () => {
  assert.deepEqual(at('[fe80::1]%eth0:546', '[::]:*'), [6, 'fe80::1', 546, '::', 0])
  assert.deepEqual(at('127.0.0.53%lo:53', '0.0.0.0:*'), [4, '127.0.0.53', 53, '0.0.0.0', 0])
  assert.deepEqual(at('*:5354', '*:*'), [6, '::', 5354, '::', 0])
})

test('procfs on a big-endian machine prints its words the other way round', () => {
  const line = '   0: 7F000001:1F90 C0000201:0050 01 00000000:00000007 02:000AFB95 00000000    33        0 181213 2 00'
  const socket = parseProcLine(line, 'tcp', false)
  assert.deepEqual([socket?.local, socket?.remote, socket?.remotePort, socket?.uid], ['127.0.0.1', '192.0.2.1', 80, 33])
})

test('a line of procfs cut off anywhere is no socket, and garbage never throws', () => {
  const line = readFileSync(new URL('tcp6', FIXTURES), 'utf8').split('\n')[1] ?? ''
  const needed = line.indexOf('181212') + 7
  for (let end = 0; end < needed; end++) assert.equal(parseProcLine(line.slice(0, end), 'tcp', true), null)
  fc.assert(fc.property(fc.string(), (text) => void parseProcLine(text, 'tcp')))
})

test('a broken file costs only its own sockets and is named', async (t) => {
  const proc = machine(t)
  const whole = await readProc(proc)
  assert.deepEqual(whole.unknown, ['idle times', 'bytes sent and received'])
  writeFileSync(join(proc, 'net/tcp'), '')
  rmSync(join(proc, 'net/tcp6'))
  rmSync(join(proc, 'net/udp'))
  mkdirSync(join(proc, 'net/udp'))
  truncateSync(join(proc, 'net/udp6'), 200)
  const rest = await readProc(proc)
  assert.deepEqual(rest.sockets, [])
  assert.deepEqual(rest.unknown.slice(2), [
    `TCP over IPv4 (${proc}/net/tcp is empty)`,
    `UDP over IPv4 (${proc}/net/udp can't be read: EISDIR)`,
    `UDP over IPv6 (${proc}/net/udp6 is cut off in the middle of a line)`,
  ])
})

test('a file without end and without lines is read only so far', async (t) => {
  const proc = machine(t)
  const header = readFileSync(join(proc, 'net/tcp'), 'utf8')
  writeFileSync(join(proc, 'net/tcp'), header + 'x'.repeat(70 * 1024 * 1024))
  const { sockets, unknown } = await readProc(proc)
  assert.ok(sockets.length > 11)
  assert.match(unknown.join(), /tcp is cut off after 67108864 bytes/)
})

test('when nothing can be read the error says what was tried', async (t) => {
  const proc = machine(t)
  rmSync(join(proc, 'net'), { recursive: true })
  await assert.rejects(readSockets({ source: 'proc', proc }), (error) => {
    assert.ok(error instanceof NocError)
    assert.match(error.message, /tcp is not there/)
    return true
  })
})
