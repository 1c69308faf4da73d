import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NocError } from '#core/errors.ts'
import { parseNetwork, seats } from './network.ts'
import { processOf } from './processes.ts'
import { type Registry, type RootBoxRecord, createRegistry } from './records.ts'

const all = seats('b', parseNetwork('10.0.0.1/29') ?? assert.fail())
const us = processOf(process.pid) ?? assert.fail()
/** Nobody started with the machine under our number. */
const gone = { pid: us.pid, started: 1 }

function registry(t: TestContext): { readonly folder: string; readonly boxes: Registry } {
  const folder = mkdtempSync(join(tmpdir(), 'noc-registry-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return { folder, boxes: createRegistry(join(folder, 'registry')) }
}

function wish(name: string, more: Partial<RootBoxRecord> = {}): Omit<RootBoxRecord, 'seat'> {
  return { name, user: 'root', command: ['sh'], firejail: false, keep: [], since: 1, starter: us, ...more }
}

const code = (expected: string) => (error: unknown) => error instanceof NocError && error.code === expected

test('a box is found by its name from its beginning, with a seat of its own', (t) => {
  const { boxes } = registry(t)
  assert.deepEqual(boxes.list(), [])
  const first = boxes.claim(wish('mail'), all, false)
  const second = boxes.claim(wish('web', { since: 2 }), all, false)
  assert.deepEqual([first.seat.address, second.seat.address], ['10.0.0.2', '10.0.0.3'])
  assert.deepEqual(
    boxes.list().map(({ name, state }) => [name, state]),
    [
      ['mail', 'starting'],
      ['web', 'starting'],
    ],
  )
  assert.deepEqual(boxes.find('web')?.seat, second.seat)
  for (const name of ['none', '../registry', '']) assert.equal(boxes.find(name), null)
})

test('a taken name is refused, or gets a number', (t) => {
  const { boxes } = registry(t)
  boxes.claim(wish('mail'), all, false)
  assert.throws(() => boxes.claim(wish('mail'), all, false), code('NOC_TORBOX_NAME_TAKEN'))
  assert.deepEqual(
    [1, 2].map(() => boxes.claim(wish('mail'), all, true).name),
    ['mail-2', 'mail-3'],
  )
  for (const name of ['', '.x', '-x', 'a/b', 'a b', 'x'.repeat(33)]) {
    assert.throws(() => boxes.claim(wish(name), all, true), code('NOC_TORBOX_NAME'), name)
  }
})

test('a refused claim keeps no seat; when all are taken, that is said', (t) => {
  const { boxes } = registry(t)
  boxes.claim(wish('a'), all, false)
  for (const _ of all) assert.throws(() => boxes.claim(wish('a'), all, false), code('NOC_TORBOX_NAME_TAKEN'))
  for (const seat of all.slice(1)) boxes.claim(wish(`for-${seat.port}`), all, false)
  assert.throws(() => boxes.claim(wish('one-more'), all, false), code('NOC_TORBOX_FULL'))
})

test("an address rests after its box: the next box gets another one, and so doesn't share its circuits", (t) => {
  const { boxes } = registry(t)
  const addresses = all.map(() => {
    const box = boxes.claim(wish('a'), all, false)
    boxes.release(box)
    return box.seat.address
  })
  assert.equal(new Set(addresses).size, all.length)
})

test('another seat frees the former one', (t) => {
  const { boxes } = registry(t)
  const box = boxes.claim(wish('a'), all, false)
  const moved = boxes.reseat(box, us, all)
  assert.notEqual(moved.seat.address, box.seat.address)
  assert.deepEqual(boxes.find('a')?.seat, moved.seat)
  boxes.release(box)
  assert.deepEqual(boxes.list(), [])
  for (const seat of all) boxes.claim(wish(`on-${seat.port}`), all, false)
})

test('a box runs once its first process has said who it is, and is stale when that is gone', (t) => {
  const { boxes } = registry(t)
  const box = boxes.claim(wish('a'), all, false)
  writeFileSync(join(box.directory, 'init'), `${us.pid} (sh) S 1${' 0'.repeat(17)} ${us.started} 0\n`)
  assert.equal(boxes.find('a')?.state, 'running')
  writeFileSync(join(box.directory, 'init'), `${us.pid} (sh) S 1${' 0'.repeat(17)} ${gone.started} 0\n`)
  assert.equal(boxes.find('a')?.state, 'stale')
  boxes.claim(wish('b', { starter: gone }), all, false)
  assert.equal(boxes.find('b')?.state, 'stale')
})

test('releasing a box does not take a later one of its name', (t) => {
  const { boxes } = registry(t)
  const old = boxes.claim(wish('a', { starter: gone }), all, false)
  boxes.release(old)
  boxes.claim(wish('a'), all, false)
  boxes.release(old)
  assert.equal(boxes.find('a')?.state, 'starting')
})

test('what somebody left who was killed while claiming is swept away, what is in use is not', (t) => {
  const { boxes, folder } = registry(t)
  const box = boxes.claim(wish('a'), all, false)
  writeFileSync(join(folder, 'registry/seats', '10.0.0.6'), `${gone.pid}.${gone.started}`)
  writeFileSync(join(folder, 'registry/seats', '10.0.0.5'), `${us.pid}.${us.started}`)
  writeFileSync(join(folder, 'registry/boxes', `.${gone.pid}.${gone.started}`), '')
  boxes.sweep()
  assert.deepEqual(readdirSync(join(folder, 'registry/seats')).toSorted(), [box.seat.address, '10.0.0.5'])
  assert.deepEqual(readdirSync(join(folder, 'registry/boxes')), ['a'])
})
