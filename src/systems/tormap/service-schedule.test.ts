import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isHourly, nextFetch, parseChoice } from './service-schedule.ts'

const HOUR = 3_600_000
const NOON = Date.UTC(2026, 10, 1, 12)
const consensus = { validAfter: NOON, freshUntil: NOON + HOUR }
const share = fc.double({ min: 0, max: 1, noNaN: true })

describe('the next fetch', () => {
  it('comes in the first half hour after the consensus stops being fresh, spread over all of it', () => {
    fc.assert(
      fc.property(share, fc.nat(HOUR - 1), fc.nat(20), (random, age, failures) => {
        const next = nextFetch({ now: NOON + age, consensus, failures, random })
        assert.ok(next >= NOON + HOUR && next <= NOON + 1.5 * HOUR)
      }),
    )
    const at = (random: number): number => nextFetch({ now: NOON, consensus, failures: 0, random })
    assert.deepEqual([at(0), at(0.5), at(1)], [NOON + HOUR, NOON + 1.25 * HOUR, NOON + 1.5 * HOUR])
  })

  it('comes at once when there is none, or only an old one', () => {
    assert.equal(nextFetch({ now: NOON, consensus: null, failures: 0, random: 1 }), NOON)
    assert.equal(nextFetch({ now: NOON + 9 * HOUR, consensus, failures: 0, random: 1 }), NOON + 9 * HOUR)
  })

  it('waits longer after each failure, minutes at first, never hours', () => {
    const now = NOON + 2 * HOUR
    const waits = [1, 2, 3, 4, 5, 50].map(
      (failures) => (nextFetch({ now, consensus, failures, random: 0.5 }) - now) / 60_000,
    )
    assert.deepEqual(waits, [5, 10, 20, 40, 60, 60])
  })

  it('keeps up with a network that votes every ten seconds', () => {
    const quick = { validAfter: NOON, freshUntil: NOON + 10_000 }
    assert.ok(nextFetch({ now: NOON + 60_000, consensus: quick, failures: 7, random: 1 }) <= NOON + 75_000)
  })
})

describe('whether to fetch every hour', () => {
  it('is what the configuration says until the page says otherwise', () => {
    assert.deepEqual([isHourly(false, null), isHourly(true, null)], [false, true])
    assert.equal(isHourly(false, { hourly: true, configured: false }), true)
    assert.equal(isHourly(true, { hourly: false, configured: true }), false)
  })

  it('is what the configuration says again once that was changed', () => {
    assert.equal(isHourly(true, { hourly: false, configured: false }), true)
    assert.equal(isHourly(false, { hourly: true, configured: true }), false)
  })

  it('is never on because of a file that is nonsense', () => {
    const valid = '{"hourly":true,"configured":false}'
    assert.deepEqual(parseChoice(valid), { hourly: true, configured: false })
    for (let length = 0; length < valid.length; length += 1) assert.equal(parseChoice(valid.slice(0, length)), null)
    for (const text of ['null', '[]', '1', '{"hourly":1,"configured":0}', '{}']) assert.equal(parseChoice(text), null)
  })
})
