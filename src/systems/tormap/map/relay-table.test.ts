import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HOSTILE, testMap } from '../output/fixtures/map.ts'
import { relayTables } from '../output/relay-tables.ts'
import type { RelayMap } from '../types.ts'
import { namesWire, relayWire } from '../wire-map.ts'
import { type RelayTable, TABLES, tableOf, unpackRelay, unpackRelays } from './relay-table.ts'

/** Sorted as real maps are; the first three are a family. */
function familiar(): RelayMap {
  const map = testMap({ says: HOSTILE })
  const sorted = map.relays.toSorted((a, b) => (a.entry.fingerprint < b.entry.fingerprint ? -1 : 1))
  const names = sorted.slice(0, 3).map(({ entry }) => entry.fingerprint)
  const relays = sorted.map((relay) => {
    const { fingerprint } = relay.entry
    return names.includes(fingerprint) ? { ...relay, family: names.filter((name) => name !== fingerprint) } : relay
  })
  return { ...map, relays }
}

describe('the relays of a static site', () => {
  const map = familiar()
  const names = namesWire(map)
  // As a browser gets them.
  const tables = new Map(
    Array.from(relayTables(map), ([digit, table]) => [digit, JSON.parse(JSON.stringify(table)) as RelayTable]),
  )

  it('say the same as the daemon does, of every relay, its family and what operators write included', () => {
    assert.equal(tables.size, TABLES)
    for (const { entry } of map.relays) {
      const table = tables.get(tableOf(entry.fingerprint))
      assert.ok(table)
      assert.deepEqual(unpackRelay(table, names, entry.fingerprint), relayWire(map, entry.fingerprint))
    }
  })

  it('are all in the tables, each once', () => {
    const all = [...tables.values()].flatMap((table) => unpackRelays(table, names))
    assert.deepEqual(
      all.map(({ fingerprint }) => fingerprint),
      map.relays.map(({ entry }) => entry.fingerprint),
    )
  })

  it('are not made up: one that is not there is null', () => {
    const none = 'F'.repeat(40)
    const table = tables.get(tableOf(none))
    assert.ok(table)
    assert.equal(unpackRelay(table, names, none), null)
  })

  it('have what they share once', () => {
    for (const [digit, table] of tables) {
      const said = JSON.stringify(table).split(JSON.stringify(HOSTILE)).length - 1
      // All say it, and twice: as platform and as contact.
      assert.equal(said, table.relays.length === 0 ? 0 : 1, digit)
    }
  })
})
