import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { parseServerDescriptors } from '#proto/tordir/server-descriptor.ts'
import { trustedAuthorities } from '#proto/tordir/authorities.ts'
import type { RelayMap } from '../types.ts'
import { type Sample, createSample } from './create.ts'
import { sampleMaps } from './maps.ts'

const NOW = Date.UTC(2026, 10, 22, 12, 34, 56)
const HOUR_MS = 3_600_000
/** Source: RFC 5737. */
const FOR_EXAMPLES = /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/

describe('the sample', () => {
  let sample: Sample
  let maps: readonly RelayMap[]
  let newest: RelayMap
  before(async () => {
    sample = await createSample(NOW)
    maps = await sampleMaps(NOW)
    newest = maps.at(-1) ?? assert.fail('no hour')
  })

  it('is signed, verified, and marked as a sample wherever it could be taken for the network', () => {
    for (const map of maps) {
      assert.ok(map.sample)
      assert.equal(map.verification.state, 'good')
      assert.deepEqual([map.geo?.name, map.asn?.name], ['SAMPLE', 'SAMPLE'])
      for (const { nickname, contact } of map.consensus.voters) assert.match(nickname + contact, /^SAMPLE\d.*SAMPLE/)
    }
    for (const { descriptor, as } of newest.relays) {
      assert.match(descriptor?.contact ?? '', /^SAMPLE/)
      assert.match(as?.name ?? '', /^SAMPLE/)
    }
  })

  it('names nothing that is real: addresses, networks and authorities are invented', () => {
    const real = new Set(trustedAuthorities(NOW).map(({ identity }) => identity))
    assert.ok(sample.authorities.every(({ identity }) => !real.has(identity)))
    for (const { entry, as } of maps.flatMap((map) => map.relays)) {
      assert.match(entry.address, FOR_EXAMPLES)
      for (const other of entry.otherAddresses) assert.match(other, /^\[2001:db8::/)
      assert.ok(as !== null && as.number >= 64_496 && as.number <= 64_511)
    }
  })

  it('shows a map worth looking at: classes, families, continents, a country alone, a relay without a place', () => {
    const counts = new Map<string, number>()
    const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
    for (const { original, place, family, entry, longitude = 0, latitude = 0 } of newest.relays) {
      count(original)
      count(place.kind)
      if (family.length > 0) count('family')
      if (entry.otherAddresses.length > 0) count('dual-stack')
      if (longitude !== null && longitude < -30) count('america')
      if (longitude !== null && longitude > 60) count('east')
      if (latitude !== null && latitude < 0) count('south')
    }
    const expected =
      'badExit authority exitFast exit stableFast stable other city country none family america east south'
    for (const what of expected.split(' ')) assert.ok((counts.get(what) ?? 0) > 0, what)
    assert.ok(newest.relays.length > 250 && newest.relays.length < 320)
  })

  it('changes from hour to hour, so that slider and graphs have something to show', () => {
    assert.equal(maps.length, 24)
    assert.deepEqual(
      maps.map((map) => map.consensus.validAfter),
      maps.map((_, index) => Date.UTC(2026, 10, 22, 12) - (23 - index) * HOUR_MS),
    )
    assert.ok(new Set(maps.map((map) => map.relays.length)).size > 5)
  })

  it('is the same on every machine at the same time, keys and all, and as long as it is wanted', async () => {
    const again = await createSample(NOW, 2)
    assert.equal(again.hours.length, 2)
    assert.deepEqual(again.hours.at(-1), sample.hours.at(-1))
    const fingerprints = new Set(newest.relays.map(({ entry }) => entry.fingerprint))
    assert.equal(fingerprints.size, newest.relays.length)
    const [tomorrow] = await sampleMaps(NOW + 24 * HOUR_MS, 1)
    assert.deepEqual(
      tomorrow?.relays.map(({ entry }) => entry.fingerprint),
      newest.relays.map(({ entry }) => entry.fingerprint),
    )
  })

  it('has a descriptor with good signatures for every relay', () => {
    const { documents, refused } = parseServerDescriptors(sample.hours[0]?.descriptors ?? new Uint8Array())
    assert.deepEqual(refused, [])
    assert.equal(documents.length, 310)
    assert.ok(newest.relays.every(({ entry, descriptor }) => descriptor?.digest === entry.digest))
  })
})
