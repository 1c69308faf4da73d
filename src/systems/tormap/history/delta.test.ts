import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NocError } from '#core/errors.ts'
import type { MapRelay, RelayMap } from '../types.ts'
import { byteReader, byteWriter } from './bytes.ts'
import { NO_STATE, type State, applyDeltas, encodeDelta, mapSteps } from './delta.ts'
import { pretendNetwork } from './fixtures/network.ts'

const FROM = Date.UTC(2026, 10, 1)
const isDamage = (error: unknown): boolean => error instanceof NocError && error.code === 'NOC_TORMAP_HISTORY'
/** The map of an hour in one go. */
function mapOf(state: State): RelayMap {
  const steps = mapSteps(state)
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

const stored = (map: RelayMap): RelayMap => mapOf(applyDeltas(NO_STATE, [encodeDelta(NO_STATE, map)]))

describe('numbers and texts', () => {
  it('come back from bytes as they were', () => {
    const value = fc.oneof(
      fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
      fc.integer(),
      fc.integer({ max: 99, min: -99 }),
    )
    fc.assert(
      fc.property(fc.array(value), fc.array(fc.string({ unit: 'grapheme' })), (numbers, texts) => {
        const writer = byteWriter()
        for (const number of numbers) writer.number(number)
        writer.texts(texts)
        const reader = byteReader(writer.bytes())
        assert.deepEqual(
          numbers.map(() => reader.number()),
          // There is one zero.
          numbers.map((number) => number + 0 || 0),
        )
        assert.deepEqual(reader.texts(), texts)
        reader.end()
      }),
    )
  })
})

describe('an hour', () => {
  const network = pretendNetwork(300, FROM)
  const hours = Array.from({ length: 30 }, () => network.next())
  const [first, second] = hours as [RelayMap, RelayMap]

  it('is the same map after it was written and read', () => {
    for (const map of hours.slice(0, 3)) assert.deepEqual(stored(map), map)
  })

  it('is the same map when it is made from the hours before it, step by step or at once', () => {
    let state = NO_STATE
    const deltas: Uint8Array[] = []
    for (const map of hours) {
      const delta = encodeDelta(state, map)
      deltas.push(delta)
      state = applyDeltas(state, [delta])
      assert.deepEqual(mapOf(state), map)
    }
    assert.deepEqual(mapOf(applyDeltas(NO_STATE, deltas)), hours.at(-1))
  })

  it('is the same map whichever relays come and go at once', () => {
    const some = fc.subarray(first.relays.slice(0, 12).map((relay) => ({ ...relay, family: [] })))
    fc.assert(
      fc.property(some, some, (before, after) => {
        const base = applyDeltas(NO_STATE, [encodeDelta(NO_STATE, { ...first, relays: before })])
        const map = { ...second, relays: after }
        assert.deepEqual(mapOf(applyDeltas(base, [encodeDelta(base, map)])), map)
      }),
    )
  })

  it('does not change when others are made from it', () => {
    const base = applyDeltas(NO_STATE, [encodeDelta(NO_STATE, first)])
    const [one, other] = [encodeDelta(base, second), encodeDelta(base, hours[20] as RelayMap)]
    assert.deepEqual(mapOf(applyDeltas(base, [one])), second)
    assert.deepEqual(mapOf(applyDeltas(base, [other])), hours[20])
    assert.deepEqual(mapOf(base), first)
  })

  it('costs a fraction of a whole one', () => {
    const whole = encodeDelta(NO_STATE, first)
    const base = applyDeltas(NO_STATE, [whole])
    assert.ok(encodeDelta(base, second).length < whole.length / 10)
    assert.ok(encodeDelta(base, first).length < 300)
  })

  it('keeps everything that documents of other kinds say, and nothing where they say nothing', () => {
    const odd: readonly Partial<MapRelay>[] = [
      { descriptor: null, observed: null },
      { place: { kind: 'none', country: null, city: null, longitude: null, latitude: null, radius: null } },
      { longitude: null, latitude: null, as: null, family: [], modern: [] },
      {
        microdescriptor: {
          digest: '',
          otherAddresses: ['[2001:db8::1]:9001'],
          family: ['A'.repeat(40), 'nickname'],
          familyIds: ['ed25519:abc'],
          exitPolicy: 'accept 80',
          exitPolicy6: null,
          ed25519: 'x',
        },
      },
      { modern: ['guard', 'hsDir', 'newToday', 'dualStack'], original: 'badExit' },
      { family: ['F'.repeat(40), '0'.repeat(40)] },
    ]
    const relays = first.relays.map((relay, row) => ({ ...relay, ...odd[row % odd.length] }))
    assert.deepEqual(stored({ ...first, relays }).relays, relays)
  })

  it('keeps families whole when one member is gone, forgets another or comes back', () => {
    const big = first.relays.find(({ family }) => family.length > 5) as MapRelay
    const without = (name: string, relays: readonly MapRelay[]): MapRelay[] =>
      relays.map((relay) => ({ ...relay, family: relay.family.filter((member) => member !== name) }))
    const { fingerprint } = big.entry
    const gone = { ...first, relays: without(fingerprint, first.relays).filter(({ entry }) => entry !== big.entry) }
    const forgot = { ...first, relays: first.relays.map((relay) => (relay === big ? { ...big, family: [] } : relay)) }
    let state = NO_STATE
    for (const map of [first, gone, forgot, first]) {
      state = applyDeltas(state, [encodeDelta(state, map)])
      assert.deepEqual(mapOf(state), map)
    }
  })

  it('of an empty network and of one that came back from it is kept too', () => {
    let state = NO_STATE
    for (const map of [{ ...first, relays: [] }, first, { ...second, relays: [] }, second]) {
      state = applyDeltas(state, [encodeDelta(state, map)])
      assert.deepEqual(mapOf(state), map)
    }
  })

  it('with numbers that no consensus has is kept as near as it goes, and read again', () => {
    const weights = [Number.NaN, -5, 0.6, 2 ** 60, Infinity]
    const relays = first.relays.map((relay, row) => ({
      ...relay,
      entry: { ...relay.entry, weight: weights[row] ?? 1 },
    }))
    const read = stored({ ...first, relays }).relays.map(({ entry }) => entry.weight)
    assert.deepEqual(read.slice(0, 6), [0, 0, 1, 2 ** 50, 2 ** 50, 1])
  })

  it('that is damaged is an error in words: cut off at any byte, or with bytes changed', () => {
    const small = { ...first, relays: first.relays.slice(0, 3) }
    const bytes = encodeDelta(NO_STATE, small)
    for (let length = 0; length < bytes.length; length += 1) {
      assert.throws(() => applyDeltas(NO_STATE, [bytes.subarray(0, length)]), isDamage, `${length}`)
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const other = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ change : byte))
        try {
          applyDeltas(NO_STATE, [other])
        } catch (error) {
          assert.ok(isDamage(error), String(error))
        }
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        assert.throws(() => applyDeltas(NO_STATE, [garbage]), isDamage)
      }),
    )
  })
})
