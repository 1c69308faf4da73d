import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addRaw, createBuckets, fitGrid, fromBlob, regrid, rollUp, rollUpStep, toBlob } from './grid.ts'

const steps = fc.integer({ min: 1, max: 3600 }).filter((step) => 3600 % step === 0)
const hours = steps.chain((step) =>
  fc.array(fc.float(), { minLength: 3600 / step, maxLength: 3600 / step }).map((list) => Float32Array.from(list)),
)

test('an hour comes back from the database bit by bit, wherever it lies in memory', () => {
  fc.assert(
    fc.property(hours, fc.integer({ min: 0, max: 7 }), (hour, offset) => {
      const memory = new Uint8Array(offset + hour.byteLength)
      memory.set(toBlob(hour), offset)
      assert.deepEqual(fromBlob(memory.subarray(offset)), hour)
    }),
  )
})

test('a blob of any length or content is read without an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (blob) => {
      const figures = fromBlob(blob)
      const buckets = createBuckets(0, 3_600_000, 60_000)
      addRaw(buckets, 0, figures)
      assert.equal(regrid(figures, 60).length, 60)
    }),
  )
})

test('the grid never has more points than asked for, and covers the range but for less than one point', () => {
  const time = fc.integer({ min: 0, max: 4e12 })
  fc.assert(
    fc.property(
      time,
      fc.integer({ min: 1, max: 4e11 }),
      fc.integer({ min: 1, max: 2000 }),
      steps,
      (from, length, points, step) => {
        const { start, size } = fitGrid(from, from + length, points, step * 1000)
        assert.equal(size % (step * 1000), 0)
        assert.equal(start % (step * 1000), 0)
        assert.ok(Math.abs(start - from) < size)
        assert.ok(Math.ceil((from + length - start) / size) <= points)
      },
    ),
    { numRuns: 1000 },
  )
})

test('a range that fits is shown at its own step', () => {
  assert.deepEqual(fitGrid(7_200_000, 10_800_000, 360, 10_000), { start: 7_200_000, size: 10_000 })
})

test('roll-ups are five minutes, or the next length that holds whole points and fits an hour', () => {
  const cases = [
    [1, 300],
    [10, 300],
    [16, 400],
    [200, 400],
    [240, 720],
    [300, 300],
    [900, 900],
    [3600, 3600],
  ] as const
  for (const [step, rolled] of cases) assert.equal(rollUpStep(step), rolled, String(step))
})

test('a roll-up has the average, minimum and maximum of each five minutes; a gap is left out, a whole one stays', () => {
  const hour = new Float32Array(60).fill(Number.NaN)
  hour.set([1, Number.NaN, 3], 0)
  hour.set([7], 59)
  const triples = rollUp(hour)
  assert.equal(triples.length, 36)
  assert.deepEqual([...triples.subarray(0, 6)], [2, 1, 3, Number.NaN, Number.NaN, Number.NaN])
  assert.deepEqual([...triples.subarray(33)], [7, 7, 7])
})

test('an hour moves to a finer and to a coarser step', () => {
  assert.deepEqual([...regrid(Float32Array.from([1, 2, Number.NaN, 4]), 1800)], [2, 4])
  assert.deepEqual([...regrid(Float32Array.from([1, 2]), 900)], [1, Number.NaN, 2, Number.NaN])
})
