import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { NocError } from '../../errors.ts'
import { openJournal } from './journal.ts'
import type { Entry, Json, Note } from './types.ts'

function folder(t: TestContext): string {
  const data = mkdtempSync(join(tmpdir(), 'nocturne-journal-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  return data
}

function write(data: string, notes: readonly Note[]): void {
  const journal = openJournal(data, 'x', { writable: true })
  for (const note of notes) journal.append(1, 5, note)
  journal.close()
}

function read(data: string): readonly Entry[] {
  return openJournal(data, 'x', { writable: false }).entries
}

const notes: readonly Note[] = [
  { t: 'begin', verb: 'apply', actor: 'alice\n\u001b[31m', hash: null },
  { t: 'reloaded', id: 'service:tor' },
  { t: 'end', outcome: 'complete' },
]
const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

test('what was written comes back, numbered, and more can be added', (t) => {
  const data = folder(t)
  assert.deepEqual(read(data), [])
  write(data, notes)
  write(data, notes)
  assert.deepEqual(
    read(data).map(({ run, seq, at, ...note }) => [run, seq, at, note]),
    [...notes, ...notes].map((note, seq) => [1, seq, 5, note]),
  )
})

test('only its owner can read it, blobs too', (t) => {
  const data = folder(t)
  const journal = openJournal(data, 'x', { writable: true })
  journal.append(1, 5, notes[0] ?? assert.fail())
  journal.keep('secret', true)
  journal.close()
  const mode = (...path: readonly string[]): number => statSync(join(data, 'setups', ...path)).mode & 0o777
  const [blob = ''] = readdirSync(join(data, 'setups', 'blobs'))
  assert.deepEqual([mode('x.jsonl'), mode('blobs'), mode('blobs', blob), mode()], [0o600, 0o700, 0o600, 0o700])
})

test('a last line cut short at any byte counts for nothing, and the next line stands alone', (t) => {
  const data = folder(t)
  write(data, notes)
  const file = join(data, 'setups', 'x.jsonl')
  const whole = readFileSync(file)
  const start = whole.lastIndexOf(0x0a, whole.length - 2) + 1
  for (let size = start; size < whole.length; size += 1) {
    writeFileSync(file, whole.subarray(0, size))
    assert.equal(read(data).length, 2, `${size}`)
    write(data, [{ t: 'end', outcome: 'stopped' }])
    assert.deepEqual(read(data).at(-1), { run: 1, seq: 2, at: 5, t: 'end', outcome: 'stopped' })
  }
})

test('damage before the end is told with its line; nothing is guessed', (t) => {
  for (const garbage of ['{', 'null', '[]', '{"run":1}', '\u0000\u0000', '"x"']) {
    const data = folder(t)
    write(data, notes)
    appendFileSync(join(data, 'setups', 'x.jsonl'), `${garbage}\n`)
    assert.throws(() => read(data), /Line 4 of the journal/, garbage)
  }
})

test('any value comes back, short or long, secret or not', (t) => {
  const data = folder(t)
  const journal = openJournal(data, 'x', { writable: true })
  const value = fc.oneof(fc.jsonValue(), fc.string({ minLength: 900, maxLength: 1200 }))
  fc.assert(
    fc.property(value, fc.boolean(), (any, secret) => {
      const json = JSON.parse(JSON.stringify(any)) as Json
      const kept = JSON.parse(JSON.stringify(journal.keep(json, secret))) as ReturnType<typeof journal.keep>
      assert.deepEqual(journal.value(kept), json)
      assert.equal('blob' in kept, secret || JSON.stringify(json).length > 1024)
    }),
    { numRuns: 50 },
  )
  journal.close()
})

test('a former state that is gone or was changed is never taken for the truth', (t) => {
  const data = folder(t)
  const journal = openJournal(data, 'x', { writable: true })
  const kept = journal.keep('the former value', true)
  assert.ok('blob' in kept)
  const blob = join(data, 'setups', 'blobs', kept.blob)
  writeFileSync(blob, '"another value"')
  assert.throws(() => journal.value(kept), fails('NOC_SETUP_BLOB'))
  rmSync(blob)
  assert.throws(() => journal.value(kept), fails('NOC_SETUP_BLOB'))
  journal.close()
})
