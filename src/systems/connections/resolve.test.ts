import assert from 'node:assert/strict'
import { type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { plain } from '#core/plain.ts'
import { reverseNames } from './resolve.ts'

/** A name server that answers every question with one PTR record, or not at all. */
async function nameServer(t: TestContext, labels: readonly string[] | null): Promise<{ at: string; asked(): number }> {
  let asked = 0
  const socket: Socket = createSocket('udp4', (question, { port, address }) => {
    asked += 1
    if (labels === null) return
    const name = Buffer.concat([
      ...labels.map((l) => Buffer.concat([Buffer.from([l.length]), Buffer.from(l)])),
      Buffer.alloc(1),
    ])
    // The question's header as an answer with one record: a pointer to the name asked for, PTR, IN, TTL 60 (RFC 1035).
    const header = Buffer.from(question.subarray(0, 12))
    header.writeUInt16BE(0x8180, 2)
    header.writeUInt16BE(1, 6)
    header.writeUInt16BE(0, 10)
    const end = question.indexOf(0, 12) + 5
    const record = Buffer.from('c00c000c00010000003c0000', 'hex')
    record.writeUInt16BE(name.length, 10)
    socket.send(Buffer.concat([header, question.subarray(12, end), record, name]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.after(() => socket.close())
  return { at: `127.0.0.1:${socket.address().port}`, asked: () => asked }
}

test('names are asked for once and remembered', async (t) => {
  const server = await nameServer(t, ['crl', 'example', 'org'])
  const names = reverseNames([server.at])
  await names.find(['192.0.2.1', '2001:db8::1', '192.0.2.1'])
  await names.find(['192.0.2.1'])
  assert.deepEqual(
    [names.nameOf('192.0.2.1'), names.nameOf('2001:db8::1'), names.nameOf('192.0.2.2')],
    ['crl.example.org', 'crl.example.org', null],
  )
  assert.equal(server.asked(), 2)
})

test('a name with escape sequences can not harm a terminal', async (t) => {
  const server = await nameServer(t, ['\u001b[2J<b>', 'evil'])
  const names = reverseNames([server.at])
  await names.find(['192.0.2.1'])
  assert.ok(!plain(names.nameOf('192.0.2.1') ?? '').includes('\u001b'))
})

test('a name server that does not answer costs a bounded time, and a flood of addresses a bounded number of questions', async (t) => {
  const server = await nameServer(t, null)
  const names = reverseNames([server.at])
  await names.find(Array.from({ length: 200 }, (_, n) => `192.0.2.${n}`))
  assert.equal(names.nameOf('192.0.2.1'), null)
  assert.ok(server.asked() <= 100, String(server.asked()))
})
