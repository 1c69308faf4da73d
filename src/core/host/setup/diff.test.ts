import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fieldDiff, lineDiff } from './diff.ts'

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', '', '- a'), { maxLength: 12 })
  .map((lines) => lines.map((l) => `${l}\n`).join(''))

test('a change is shown with a little around it, the rest is left out', () => {
  const from = 'a\nb\nc\nd\ne\nf\ng\n'
  assert.deepEqual(lineDiff(from, from.replace('d', 'D')), ['  …', '  b', '  c', '- d', '+ D', '  e', '  f', '  …'])
  assert.deepEqual(lineDiff('', 'a\n'), ['+ a'])
  assert.deepEqual(lineDiff('a\n', 'a'), ['- a', '+ a (no newline at the end)'])
})

test('what went and what came accounts for every difference, and nothing else is shown as changed', () => {
  fc.assert(
    fc.property(text, text, (from, to) => {
      const lines = lineDiff(from, to)
      const count = (sign: string): number => lines.filter((line) => line.startsWith(sign)).length
      assert.equal(lines.length === 0, from === to)
      assert.equal(count('+') - count('-'), to.split('\n').length - from.split('\n').length)
      const gone = lines.filter((line) => line.startsWith('-')).map((line) => line.slice(2))
      for (const line of gone) assert.ok(from.split('\n').includes(line))
    }),
  )
})

test('huge texts are compared in a moment', () => {
  const lines = (from: number) => Array.from({ length: 50_000 }, (_, i) => `${i + from}\n`).join('')
  assert.equal(lineDiff(lines(0), lines(100_000)).length, 100_000)
  assert.equal(lineDiff(lines(0), `${lines(0)}x\n`).length, 4)
})

test('fields that differ are shown, one line each way', () => {
  assert.deepEqual(fieldDiff({ mode: '0600', owner: 'a:a' }, { mode: '0644', owner: 'a:a' }), [
    '- mode 0600',
    '+ mode 0644',
  ])
  assert.deepEqual(fieldDiff(null, { up: true, master: null }), ['+ up true'])
})
