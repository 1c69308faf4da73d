import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toEntries } from '#proto/tordir/onionoo-entries.ts'
import { parseOnionoo } from '#proto/tordir/onionoo.ts'
import { HOSTILE, testMap } from './fixtures/map.ts'
import { onionoo } from './onionoo.ts'

describe('Onionoo details', () => {
  it('say the same as the map when they are read again', () => {
    const map = testMap({ says: 'Someone' })
    const details = parseOnionoo(Buffer.from(onionoo(map)).toString())
    assert.equal(details.relaysPublished, map.consensus.validAfter)
    const entries = toEntries(details)
    assert.equal(entries.length, map.relays.length)
    for (const [i, { entry, descriptor, observed, place, as }] of entries.entries()) {
      const relay = map.relays[i]
      assert.ok(relay)
      assert.deepEqual(
        { ...entry, digest: '', published: null, exitPolicy: entry.exitPolicy },
        { ...relay.entry, digest: '', published: null },
      )
      assert.equal(observed, relay.observed)
      assert.equal(descriptor.contact, 'Someone')
      assert.equal(descriptor.uptime, (map.consensus.validAfter - (relay.descriptor?.published ?? 0)) / 1000 + 86_400)
      assert.deepEqual(as, relay.as)
      assert.equal(place.longitude, relay.place.longitude)
      assert.equal(place.country, relay.place.country)
    }
  })

  it('keep the text of operators as it is', () => {
    const [entry] = toEntries(parseOnionoo(Buffer.from(onionoo(testMap({ says: HOSTILE }))).toString()))
    assert.equal(entry?.descriptor.contact, HOSTILE)
  })
})
