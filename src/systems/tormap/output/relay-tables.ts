import { packRelays, type RelayTable, type Rows, tableOf, TABLES } from '../map/relay-table.ts'
import type { MapRelay, RelayMap } from '../types.ts'
import { relayAlone } from '../wire-map.ts'

/** The tables of a map's relays, each by its digit; those without relays too. */
export function* relayTables(map: RelayMap): Generator<readonly [digit: string, table: RelayTable]> {
  const { relays, consensus } = map
  const { validAfter } = consensus
  const weights = relays.reduce((sum, { entry }) => sum + entry.weight, 0)
  const groups = new Map<string, MapRelay[]>()
  for (let digit = 0; digit < TABLES; digit += 1) groups.set(digit.toString(16), [])
  for (const relay of relays) groups.get(tableOf(relay.entry.fingerprint))?.push(relay)
  const rows = rowsOf(relays)
  for (const [digit, group] of groups) {
    const wires = group.map((relay) => relayAlone(map, relay, null))
    yield [digit, packRelays({ validAfter, weights }, wires, rows)]
  }
}

function rowsOf(relays: readonly MapRelay[]): Rows {
  const rows = new Map(relays.map(({ entry }, row) => [entry.fingerprint, row]))
  const lists = new Map<string, readonly number[]>()
  const alone: readonly number[] = []
  const familyOf = (fingerprint: string): readonly number[] => {
    const family = relays[rows.get(fingerprint) ?? -1]?.family ?? []
    if (family.length === 0) return alone
    const found = [fingerprint, ...family].map((member) => rows.get(member))
    const list = found.filter((row) => row !== undefined).toSorted((a, b) => a - b)
    const key = list.join(' ')
    const known = lists.get(key)
    if (known === undefined) lists.set(key, list)
    return known ?? list
  }
  return { rowOf: (fingerprint) => rows.get(fingerprint) ?? -1, familyOf }
}
