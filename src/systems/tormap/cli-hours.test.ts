import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, before, describe, it } from 'node:test'
import { runInNewContext } from 'node:vm'
import { NocError, exitCode } from '#core/errors.ts'
import { type Bench, commandLine, fails } from '../../../test/tormap/command-line.ts'
import { HOUR_MS, type Network, START, directoryAt, makeNetwork } from '../../../test/tormap/network.ts'
import { trustedBy } from './fetch/sources.ts'
import { openHistory } from './history/store.ts'
import { mapOf } from './read.ts'
import type { CountsWire, MapWire } from './wire.ts'

const RELAYS = 6

let network: Network

const bench = (t: TestContext): Bench => commandLine(t, network)

const at = (hour: number): number => START + hour * HOUR_MS

/** Keeps hours as the daemon does, with one relay less in each. */
async function keepHours(data: string, hours: number): Promise<void> {
  const history = await openHistory(join(data, 'tormap'), START)
  for (let hour = 0; hour < hours; hour += 1) {
    const { consensus, certificates } = directoryAt(network, hour, { relays: RELAYS - hour })
    const documents = { certificates: Object.values(certificates).map((text) => Buffer.from(text)) }
    const options = { geo: null, asn: null, now: at(hour), trusted: trustedBy(network.lines, START) }
    const { map } = mapOf({ consensus, ...documents, microdescriptors: [], descriptors: [] }, options)
    await history.add(map)
  }
  history.close()
}

/** Leaves the consensus of an hour where `noc tormap fetch` does. */
function leaveFetched(data: string, hour: number): void {
  const folder = join(data, 'tormap/fetched')
  const { consensus, certificates } = directoryAt(network, hour)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'cached-consensus'), consensus)
  writeFileSync(join(folder, 'cached-certs'), Object.values(certificates).join(''))
}

/** What a data file of a site hands over. */
function handed(site: string, path: string): unknown {
  let document: unknown
  const take = (value: unknown): void => void (document = value)
  const source = readFileSync(join(site, 'data', path), 'utf8')
  runInNewContext(source, { tormapData: { hours: take, counts: take, map: take } })
  return JSON.parse(JSON.stringify(document))
}

const hoursOf = (site: string): readonly number[] => (handed(site, 'hours.js') as { hours: number[] }).hours

describe('hours of the history', { timeout: 60_000 }, () => {
  before(async () => {
    network = await makeNetwork(RELAYS)
  })

  it('takes hours of the history like files, by the time at which they were in force', async (t) => {
    const { json, run, data, file } = bench(t)
    await assert.rejects(run('diff 2026-11-01T10:00 2026-11-01T11:00'), fails('NOC_TORMAP_NO_HOUR', exitCode.usage))
    await keepHours(data, 2)
    const { document } = await json('diff 2026-11-01T10:59 2026-11-01T11:00')
    const { from, to, relays } = document as { from: number; to: number; relays: object }
    assert.deepEqual([from, to, relays], [START, START + HOUR_MS, { before: RELAYS, after: RELAYS - 1 }])
    const mixed = await run(`diff ${file('consensus')} 2026-11-01T11:30Z --certs ${file('certs')}`)
    assert.match(mixed.text, /6 relays, then 5 \(-1\)/)
    assert.match((await run('stats --consensus 2026-11-01T10:00Z')).text, /^6 relays .* 10:00 UTC\.\nVerified: 3 of 3/)
    for (const time of ['2026-11-01T09:59', '2026-11-01T14:00', '2026-12-01']) {
      await assert.rejects(run(`stats --consensus ${time}`), fails('NOC_TORMAP_NO_HOUR', exitCode.usage))
    }
  })

  it('are not placed and verified anew: flags that would have to are refused by name', async (t) => {
    const { run, data, file } = bench(t)
    await keepHours(data, 2)
    const time = '2026-11-01T10:00Z'
    for (const name of ['certs', 'microdescs', 'descriptors', 'authorities', 'geo', 'asn', 'at']) {
      await assert.rejects(run(`stats --consensus ${time} --${name} ${file('certs')}`), (error) => {
        assert.ok(error instanceof NocError)
        assert.match(error.message, new RegExp(`^--${name} is for files only: [^.]* 2026-11-01 10:00 UTC [^.]*\\.$`))
        return error.exit === exitCode.usage
      })
    }
    for (const line of [`find x --consensus ${time}`, `build --consensus ${time}`, `diff ${time} 2026-11-01T11:00Z`])
      await assert.rejects(run(`${line} --geo none`), fails('NOC_TORMAP_FILE_FLAG', exitCode.usage))
    assert.equal((await run(`diff ${time} ${file('later')} --certs ${file('certs')}`)).code, exitCode.ok)
  })

  describe('in noc tormap build', () => {
    it('makes a site of that many hours, up to the one that was fetched last', async (t) => {
      const { json, data } = bench(t)
      await keepHours(data, 4)
      leaveFetched(data, 4)
      const site = join(data, 'site')
      const { code, document } = await json(`build --hours 3 --out ${site}`)
      assert.equal(code, exitCode.ok)
      const { hours, relays, validAfter } = document as Record<string, number>
      assert.deepEqual([hours, relays, validAfter], [3, RELAYS, at(4)])
      assert.deepEqual(hoursOf(site), [at(2), at(3), at(4)])
      const folders = [at(2), at(3), at(4)].map(String)
      assert.deepEqual(readdirSync(join(site, 'data')).toSorted(), [...folders, 'counts.js', 'hours.js'])
      const files = ['map.js', 'names.js', ...Array.from('0123456789abcdef', (digit) => `relays-${digit}.js`)]
      for (const folder of folders) assert.deepEqual(readdirSync(join(site, 'data', folder)), files)
      const counts = handed(site, 'counts.js') as CountsWire
      assert.deepEqual(counts.at, [at(2), at(3), at(4)])
      const all = counts.at.map((_, index) =>
        Object.values(counts.relays).reduce((sum, of) => sum + (of[index] ?? 0), 0),
      )
      assert.deepEqual(all, [RELAYS - 2, RELAYS - 3, RELAYS])
      assert.match(readFileSync(join(site, 'tormap.csv'), 'latin1'), /2026-11-01T14:00:00Z/)
    })

    it('makes one of the hours up to a time of the history', async (t) => {
      const { run, data } = bench(t)
      await keepHours(data, 4)
      const site = join(data, 'site')
      const { text } = await run(`build --consensus 2026-11-01T12:30Z --hours 2 --out ${site}`)
      assert.match(text, /shows 4 relays of 2026-11-01 12:00 UTC and one hour before it: /)
      assert.deepEqual(hoursOf(site), [at(1), at(2)])
    })

    it('takes the newest from the history too when it is there: it fits the others', async (t) => {
      const { run, data } = bench(t)
      await keepHours(data, 3)
      leaveFetched(data, 2)
      const site = join(data, 'site')
      const newest = (): number => (handed(site, `${at(2)}/map.js`) as MapWire).hour.relays
      await run(`build --out ${site}`)
      assert.deepEqual([hoursOf(site), newest()], [[at(2)], RELAYS])
      await run(`build --hours 2 --out ${site}`)
      assert.deepEqual([hoursOf(site), newest()], [[at(1), at(2)], RELAYS - 2])
    })

    it('says when the history has less', async (t) => {
      const { run, data } = bench(t)
      leaveFetched(data, 2)
      const site = join(data, 'site')
      const alone = await run(`build --hours 24 --out ${site}`)
      assert.equal(alone.code, exitCode.ok)
      assert.match(alone.notes, /^The history has no hour before 2026-11-01 12:00 UTC; the daemon/)
      assert.deepEqual(hoursOf(site), [at(2)])
      await keepHours(data, 2)
      const some = await run(`build --hours 24 --out ${site}`)
      assert.match(some.notes, /^The history has only 2 of 23 hours before/)
      assert.deepEqual(hoursOf(site), [at(0), at(1), at(2)])
    })

    it('refuses what the history knows nothing of, and writes nothing', async (t) => {
      const { run, data, file } = bench(t)
      await keepHours(data, 3)
      leaveFetched(data, 2)
      const site = join(data, 'site')
      for (const flags of [`--consensus ${file('consensus')}`, '--consensus nosuchfile', '--geo none', '--at now'])
        await assert.rejects(run(`build --hours 2 ${flags} --out ${site}`), fails('NOC_TORMAP_HOURS', exitCode.usage))
      assert.ok(!existsSync(site))
    })
  })
})
