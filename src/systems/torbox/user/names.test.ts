import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createNamePool } from './names.ts'

it('a name keeps its number, so a program may keep its address', () => {
  const names = createNamePool()
  const first = names.indexOf('a.example')
  assert.notEqual(names.indexOf('b.example'), first)
  assert.equal(names.indexOf('a.example'), first)
  assert.equal(names.nameOf(first), 'a.example')
  assert.equal(names.size, 2)
})

it('when all numbers are taken, the name that was asked for longest ago loses its own; no number has two names', () => {
  const names = createNamePool(3)
  const [a, b, c] = ['a', 'b', 'c'].map((name) => names.indexOf(name))
  names.indexOf('a')
  assert.equal(names.indexOf('d'), b)
  assert.deepEqual(
    [a, b, c].map((index) => names.nameOf(index ?? 0)),
    ['a', 'd', 'c'],
  )
  assert.equal(names.size, 3)
  assert.equal(names.nameOf(0), null)
  assert.equal(names.nameOf(4), null)
})
