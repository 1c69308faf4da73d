import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { difference } from './difference.ts'
import { AT, consensus, descriptor, entry, fingerprint, mapOf } from './fixtures/parts.ts'

const HOUR = 3_600_000
const names = (list: readonly { readonly fingerprint: string }[]): string[] => list.map((relay) => relay.fingerprint)

describe('the difference of two maps', () => {
  const before = mapOf([
    entry(1, { flags: ['Exit', 'Fast'] }),
    entry(2, { flags: ['Exit'], version: 'Tor 0.4.8.11' }),
    entry(3, { flags: ['BadExit', 'Exit'] }),
    entry(4),
  ])
  const after = mapOf([], {
    consensus: consensus(
      [
        entry(1, { flags: ['BadExit', 'Exit'] }),
        entry(2, { flags: ['Exit'] }),
        entry(3, { flags: ['BadExit', 'Exit'] }),
        entry(5, { flags: ['BadExit', 'Exit'], nickname: 'fresh', address: '192.0.2.5', weight: 7 }),
      ],
      { validAfter: AT + HOUR },
    ),
  })
  const changes = difference(before, after)

  it('tells who came and who went', () => {
    assert.deepEqual([changes.from, changes.to, changes.relays], [AT, AT + HOUR, { before: 4, after: 4 }])
    const fresh = { nickname: 'fresh', address: '192.0.2.5', country: null, original: 'badExit', weight: 7 }
    assert.deepEqual(changes.appeared, [{ fingerprint: fingerprint(5), ...fresh }])
    assert.deepEqual(names(changes.gone), [fingerprint(4)])
  })

  it('tells flags and versions that changed, of relays that stayed', () => {
    assert.deepEqual(
      changes.flags.map(({ relay, gained, lost }) => [relay.fingerprint, gained, lost]),
      [[fingerprint(1), ['BadExit'], ['Fast']]],
    )
    assert.deepEqual(
      changes.versions.map(({ relay, from, to }) => [relay.fingerprint, from, to]),
      [[fingerprint(2), '0.4.8.11', '0.4.8.12']],
    )
  })

  it('names bad exits that were none before, also when they are new', () => {
    assert.deepEqual(names(changes.badExits), [fingerprint(1), fingerprint(5)])
  })

  it('of a map and itself is nothing', () => {
    const { appeared, gone, flags, versions, badExits } = difference(after, after)
    assert.deepEqual([appeared, gone, flags, versions, badExits], [[], [], [], [], []])
  })

  it('compares families only where both maps know them', () => {
    assert.equal(changes.families, null)
    const family = (members: readonly number[], described: readonly number[]): ReturnType<typeof mapOf> =>
      mapOf(
        [1, 2, 3].map((start) => entry(start)),
        { descriptors: described.map((start) => descriptor(start, { family: members.map(fingerprint) })) },
      )
    const change = difference(family([1, 2], [1, 2, 3]), family([1, 3], [1, 3])).families
    // The second relay's descriptor is missing: nothing is known of its family.
    assert.deepEqual(
      change?.map(({ relay, joined, left }) => [relay.fingerprint, joined, left]),
      [
        [fingerprint(1), [fingerprint(3)], [fingerprint(2)]],
        [fingerprint(3), [fingerprint(1)], []],
      ],
    )
  })

  it('is plain data', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(changes)), changes)
  })
})
