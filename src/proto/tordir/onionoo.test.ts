import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NocError, exitCode } from '#core/errors.ts'
import { parseOnionoo } from './onionoo.ts'
import { toEntries } from './onionoo-entries.ts'

const text = readFileSync(join(import.meta.dirname, 'fixtures/onionoo/details.json'), 'utf8')
const details = parseOnionoo(text)

/** The message for a document whose first relay (or which itself) has other fields. */
function refusal(relay: object, document: object = {}): string {
  const { relays, ...rest } = JSON.parse(text) as { relays: object[] }
  const changed = JSON.stringify({ ...rest, relays: [{ ...relays[0], ...relay }], ...document })
  try {
    parseOnionoo(changed)
  } catch (error) {
    assert.ok(error instanceof NocError && error.exit === exitCode.usage)
    return error.message
  }
  return assert.fail('it was taken')
}

describe('a details document of Onionoo', () => {
  it('tells of each relay what the map shows', () => {
    assert.equal(details.relaysPublished, Date.UTC(2026, 10, 22, 12))
    const [relay] = details.relays
    assert.equal(relay?.nickname, 'kestrel')
    assert.equal(relay.country, 'DE')
    assert.equal(relay.asNumber, 64_496)
    assert.equal(relay.exitPolicySummary, 'accept 80,443')
    assert.deepEqual(relay.bandwidth, { average: 1_073_741_824, burst: 1_073_741_824, observed: 6_000_000 })
    assert.deepEqual(relay.family, ['B'.repeat(40)])
    assert.deepEqual(details.relays.find(({ nickname }) => nickname === 'nowhere')?.family, [])
  })

  it('becomes entries of the relays that run, sorted, each once', () => {
    const entries = toEntries(details)
    assert.deepEqual(
      entries.map(({ entry }) => entry.nickname),
      ['kestrel', 'merlin', 'nowhere'],
    )
    const [first] = entries
    assert.deepEqual(first?.entry.otherAddresses, ['[2001:db8::1]:9001'])
    assert.deepEqual([first.entry.address, first.entry.orPort, first.entry.dirPort], ['192.0.2.1', 9001, 9030])
    assert.equal(first.entry.version, 'Tor 0.4.9.11')
    assert.equal(first.descriptor.digest, first.entry.digest)
    assert.equal(first.descriptor.uptime, 86_400)
    assert.deepEqual(first.as, { number: 64_496, name: 'Example Networks' })
  })

  it('places a relay in its city, in its country, or nowhere, and never at 0,0', () => {
    const places = toEntries(details).map(({ place }) => [place.kind, place.country, place.longitude])
    assert.deepEqual(places, [
      ['city', 'DE', 8.68],
      ['country', 'US', -97.82],
      ['none', 'FR', null],
    ])
  })

  it('does not pretend to know a bandwidth', () => {
    assert.deepEqual(
      toEntries(details).map(({ observed }) => observed),
      [6_000_000, null, 0],
    )
  })

  it('is refused with the relay and the field that is wrong', () => {
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ nickname: 'kes trel' }, /relays\[0\]\.nickname is missing or malformed/],
      [{ fingerprint: '$ABC' }, /relays\[0\]\.fingerprint/],
      [{ or_addresses: [] }, /relays\[0\]\.or_addresses/],
      [{ or_addresses: '192.0.2.1:9001' }, /relays\[0\]\.or_addresses is no list of texts/],
      [{ flags: [1] }, /relays\[0\]\.flags is no list of texts/],
      [{ running: 'true' }, /relays\[0\]\.running is no yes or no/],
      [{ running: null }, /relays\[0\]\.running is missing/],
      [{ latitude: 91 }, /relays\[0\]\.latitude is out of range/],
      [{ longitude: '8.68' }, /relays\[0\]\.longitude is no number/],
      [{ consensus_weight: -1 }, /relays\[0\]\.consensus_weight is out of range/],
      [{ last_seen: 'yesterday' }, /relays\[0\]\.last_seen is no time/],
      [{ exit_policy_summary: ['accept'] }, /relays\[0\]\.exit_policy_summary is no object/],
    ]
    for (const [change, message] of cases) assert.match(refusal(change), message)
    assert.match(refusal({}, { relays_published: undefined }), /document\.relays_published is missing/)
    assert.match(refusal({}, { relays: {} }), /document\.relays is no list/)
    assert.match(refusal({}, { relays: [null] }), /relays\[0\] is no object/)
  })

  it('is refused when it is cut anywhere, or is something else', () => {
    const whole = text.trimEnd()
    for (let end = 0; end < whole.length; end += 7) assert.throws(() => parseOnionoo(whole.slice(0, end)), NocError)
    assert.throws(() => parseOnionoo('<html>'), /no JSON/)
    fc.assert(
      fc.property(fc.json(), (json) => {
        assert.throws(() => parseOnionoo(json), NocError)
      }),
    )
  })
})
