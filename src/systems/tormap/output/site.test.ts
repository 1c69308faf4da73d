import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runInNewContext } from 'node:vm'
import { ORIGINAL_CLASSES, type RelayMap } from '../types.ts'
import { type RelayTable, unpackRelays } from '../map/relay-table.ts'
import type { CountsWire, HoursWire, MapWire, NamesWire } from '../wire.ts'
import { HOSTILE, testMap } from './fixtures/map.ts'
import { siteFiles } from './site.ts'

const HOUR = 3_600_000

async function contents(maps: readonly RelayMap[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for await (const { path, pieces } of siteFiles(maps)) {
    assert.ok(!found.has(path), path)
    const bytes = Array.from(pieces, (piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))
    found.set(path, Buffer.concat(bytes).toString('latin1'))
  }
  return found
}

/** What the files hand over, by the function they call. */
interface Documents {
  readonly hours: HoursWire
  readonly counts: CountsWire
  readonly map: MapWire
  readonly names: NamesWire
  readonly relays: RelayTable
}

/** Runs a data file as a browser would and gives what it hands over. */
function run<K extends keyof Documents>(files: ReadonlyMap<string, string>, name: K, path: string): Documents[K] {
  let taken: unknown
  const source = Buffer.from(files.get(path) ?? '', 'latin1').toString()
  runInNewContext(source, { tormapData: { [name]: (document: unknown) => (taken = document) } })
  assert.ok(taken, path)
  return JSON.parse(JSON.stringify(taken)) as Documents[K]
}

describe('the files of a site', () => {
  it('are data that scripts hand over, with every relay in the file of its first digit', async () => {
    const map = testMap({ says: HOSTILE })
    const files = await contents([map])
    const at = map.consensus.validAfter
    assert.deepEqual(run(files, 'hours', 'data/hours.js'), { hours: [at] })
    assert.equal(run(files, 'map', `data/${at}/map.js`).hour.relays, map.relays.length)
    assert.equal(run(files, 'names', `data/${at}/names.js`).nickname.length, map.relays.length)
    const names = run(files, 'names', `data/${at}/names.js`)
    let relays = 0
    for (const digit of '0123456789abcdef') {
      for (const relay of unpackRelays(run(files, 'relays', `data/${at}/relays-${digit}.js`), names)) {
        assert.equal(relay.fingerprint.slice(0, 1).toLowerCase(), digit)
        // U+D800 alone has no UTF-8; JSON escapes it.
        assert.equal(relay.contact, HOSTILE)
        relays += 1
      }
    }
    assert.equal(relays, map.relays.length)
  })

  it('are one KML a class, and every other format', async () => {
    const files = await contents([testMap()])
    const kml = [...files.keys()].filter((path) => path.endsWith('.kml'))
    assert.equal(kml.length, ORIGINAL_CLASSES.length)
    const marks = kml.map((path) => files.get(path)?.match(/<Placemark>/g)?.length)
    assert.deepEqual(
      marks,
      ORIGINAL_CLASSES.map(() => 5),
    )
    for (const path of ['tormap.kmz', 'tormap.geojson', 'tormap.csv', 'tormap.svg', 'tormap.png'])
      assert.ok((files.get(path)?.length ?? 0) > 1000, path)
  })

  it('are all that the page offers to download', async () => {
    const page = readFileSync(join(import.meta.dirname, '../site/source.tsx'), 'utf8')
    const links = Array.from(page.matchAll(/href: '([^']+)'/g), ([, href = '']) => href)
    const files = await contents([testMap()])
    assert.ok(links.length > 4)
    for (const link of links) assert.ok(files.has(link), link)
  })

  it('can have several hours, each in a folder of its own, and counts over all of them', async () => {
    const later = testMap({ relays: 8 })
    const consensus = { ...later.consensus, validAfter: later.consensus.validAfter + HOUR }
    const files = await contents([{ ...later, consensus }, testMap({ relays: 16 })])
    const { hours } = run(files, 'hours', 'data/hours.js')
    assert.equal(hours.length, 2)
    for (const at of hours) assert.ok(files.has(`data/${at}/map.js`))
    const counts = run(files, 'counts', 'data/counts.js')
    assert.deepEqual(counts.at, hours)
    assert.deepEqual(counts.relays.exit, [2, 1])
    assert.deepEqual(counts.bandwidth.exitFast, [40_000_000, 20_000_000])
  })

  it('are made of one hour after the other, so that no two have to be in memory', async () => {
    const log: string[] = []
    function* hours(): Generator<RelayMap> {
      for (const later of [2, 0, 1]) {
        log.push(`asked for ${later}`)
        const map = testMap({ relays: 8 })
        yield { ...map, consensus: { ...map.consensus, validAfter: later * HOUR } }
      }
    }
    for await (const { path } of siteFiles(hours())) if (path.endsWith('/map.js')) log.push(path)
    const made = ['asked for 2', 'data/7200000/map.js', 'asked for 0', 'data/0/map.js', 'asked for 1']
    assert.deepEqual(log, [...made, 'data/3600000/map.js'])
  })

  it('leave a gap in the counts where hours are missing', async () => {
    const newest = testMap({ relays: 16 })
    const validAfter = newest.consensus.validAfter - 3 * HOUR
    const files = await contents([
      newest,
      { ...testMap({ relays: 8 }), consensus: { ...newest.consensus, validAfter } },
    ])
    assert.equal(run(files, 'hours', 'data/hours.js').hours.length, 2)
    assert.deepEqual(run(files, 'counts', 'data/counts.js').relays.exit, [1, null, null, 2])
  })

  it('count no bandwidth where none is known', async () => {
    const map = testMap({ relays: 8 })
    const without = { ...map, relays: map.relays.map((relay) => ({ ...relay, observed: null })) }
    const counts = run(await contents([without]), 'counts', 'data/counts.js')
    assert.deepEqual(counts.bandwidth.exit, [null])
  })
})
