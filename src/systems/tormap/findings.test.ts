import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RelayEntry, TrustedAuthority, VoteSource } from '#proto/tordir/types.ts'
import { type FindingFacts, findings } from './findings.ts'
import { AT, asnOf, consensus, descriptor, entry, fingerprint, mapOf } from './fixtures/parts.ts'
import type { RelayMap } from './types.ts'

const HOUR = 3_600_000
const limits = { stale_after: 3, loss_share: 0.1, family_share: 0.1, as_share: 0.25 }

function keys(now: RelayMap, before: RelayMap | null = null, facts: FindingFacts = {}): string[] {
  return findings(now, before, limits, facts).map(({ key, severity }) => `${severity} ${key}`)
}

/** Many relays, so that none has much of the weight. */
function crowd(count: number, values: Partial<RelayEntry> = {}): RelayEntry[] {
  return Array.from({ length: count }, (_, index) => entry(`F${index.toString(16).padStart(4, '0')}`, values))
}

const voter = (nickname: string): VoteSource => ({
  nickname,
  identity: fingerprint(Buffer.from(nickname).toString('hex')),
  host: 'host.example',
  address: '192.0.2.9',
  dirPort: 80,
  orPort: 443,
  contact: '',
})
const voted = (nicknames: readonly string[]): RelayMap =>
  mapOf([], { consensus: consensus(crowd(200), { voters: nicknames.map(voter) }) })

describe('findings', () => {
  it('are none on a quiet hour, and none of the sample', () => {
    const quiet = mapOf(crowd(200))
    assert.deepEqual(keys(quiet, quiet, { at: AT + HOUR / 2 }), [])
    const sample = mapOf(crowd(10, { flags: ['BadExit'] }), { sample: true })
    assert.deepEqual(keys(sample, quiet, { at: AT + 900 * HOUR }), [])
  })

  it('name each new bad exit, and a crowd of them at once', () => {
    const bad = (count: number): RelayEntry[] =>
      crowd(200).map((relay, index) => (index < count ? { ...relay, flags: ['BadExit', 'Exit'] } : relay))
    assert.deepEqual(keys(mapOf(bad(2)), mapOf(bad(1))), [`warning bad-exit:${fingerprint('F0001')}`])
    assert.deepEqual(keys(mapOf(bad(3)), mapOf(bad(3))), [])
    assert.deepEqual(keys(mapOf(bad(9)), mapOf(bad(1))), ['warning bad-exits'])
  })

  it('name an authority that is missing from the vote; critical when one more would be too many', () => {
    const all = ['auth1', 'auth2', 'auth3', 'auth4', 'auth5']
    const key = (name: string): string => `authority:${voter(name).identity}`
    assert.deepEqual(keys(voted(all.slice(1)), voted(all)), [`warning ${key('auth1')}`])
    assert.deepEqual(keys(voted(all.slice(2)), voted(all)), [`critical ${key('auth1')}`, `critical ${key('auth2')}`])
    const trusted: TrustedAuthority[] = all.map((name) => ({
      nickname: name,
      identity: voter(name).identity,
      dir: null,
      or: null,
    }))
    assert.deepEqual(keys(voted(all.slice(1)), null, { trusted }), [`warning ${key('auth1')}`])
    assert.deepEqual(keys(voted(all), null, { trusted }), [])
  })

  it('tell a sudden loss of relays, of a class, and how bad it is', () => {
    const guards = crowd(100, { flags: ['Stable'] })
    const others = crowd(400).slice(100)
    const before = mapOf([...guards, ...others])
    assert.deepEqual(keys(mapOf([...guards.slice(9), ...others]), before), [])
    assert.deepEqual(keys(mapOf([...guards.slice(10), ...others]), before), ['warning loss:stable'])
    assert.deepEqual(keys(mapOf([...guards, ...others.slice(60)]), before), ['critical loss:other', 'warning loss'])
  })

  it('see no loss in small classes, nor where only the bandwidths became unknown', () => {
    const exits = crowd(200, { flags: ['Exit'] })
    const fast = mapOf(exits, {
      descriptors: exits.map(({ fingerprint }) =>
        descriptor(fingerprint, { bandwidth: { average: 1, burst: 1, observed: 9e6 } }),
      ),
    })
    assert.deepEqual(keys(mapOf(exits), fast), [])
    const few = crowd(40, { flags: ['Exit'] })
    const others = crowd(1000).slice(40)
    assert.deepEqual(keys(mapOf([...few.slice(20), ...others]), mapOf([...few, ...others])), [])
  })

  it('tell a family and an autonomous system that have much of the weight, and what they had', () => {
    const own = (weight: number): RelayMap => {
      const relays = [entry('A1', { weight, address: '192.0.2.7' }), entry('B2', { address: '192.0.2.7' }), ...crowd(8)]
      const family = [fingerprint('A1'), fingerprint('B2')]
      const descriptors = ['A1', 'B2'].map((start) => descriptor(start, { family }))
      return mapOf(relays, { descriptors, asn: asnOf({ '192.0.2.7': { number: 64_496, name: 'Ex\u001bample' } }) })
    }
    assert.deepEqual(keys(own(4000)), [`warning family:${fingerprint('A1')}`, 'warning as:64496'])
    const [family, system] = findings(own(4000), own(1000), limits)
    assert.match(family?.evidence ?? '', /^2 relays; the limit is 10 %; at the map before, 20 %\.$/)
    assert.equal(system?.summary, 'AS64496 (Ex␛ample) has 38 % of the consensus weight.')
    assert.deepEqual(family?.commands, [`noc tormap find family:${fingerprint('A1')}`])
  })

  it('tell a consensus that is stale, no longer valid, or from the future', () => {
    const map = mapOf(crowd(100))
    const at = (hours: number): string[] => keys(map, null, { at: AT + hours * HOUR })
    assert.deepEqual(at(2.9), [])
    assert.deepEqual(at(3.1), ['critical stale'])
    assert.deepEqual(at(-0.1), [])
    assert.deepEqual(at(-0.5), ['critical clock'])
    const early = findings(map, null, { ...limits, stale_after: 1.5 }, { at: AT + 2 * HOUR })
    assert.deepEqual([early[0]?.severity, early[0]?.summary], ['warning', 'The newest consensus is 2 h old.'])
  })
})
