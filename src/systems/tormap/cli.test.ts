import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { type TestContext, before, describe, it } from 'node:test'
import { gzipSync, deflateSync } from 'node:zlib'
import { NocError, exitCode } from '#core/errors.ts'
import { type Bench, commandLine, fails } from '../../../test/tormap/command-line.ts'
import { startDirServer } from '../../../test/tormap/dirport.ts'
import { HOUR_MS, type Network, START, directoryAt, makeNetwork } from '../../../test/tormap/network.ts'
import type { TormapConfig } from './config.ts'
import { writeMmdb } from './geo/fixtures/write-mmdb.ts'

const RELAYS = 6

let network: Network

const bench = (t: TestContext, settings: Partial<TormapConfig> = {}): Bench => commandLine(t, network, settings)

describe('noc tormap', { timeout: 60_000 }, () => {
  before(async () => {
    network = await makeNetwork(RELAYS)
  })

  it('counts: the document of stats has the promised shape', async (t) => {
    const { json, file } = bench(t)
    const input = `stats --consensus ${file('consensus')} --certs ${file('certs')}`
    assert.deepEqual(await json(`${input} --descriptors ${file('descriptors')}`), {
      code: exitCode.ok,
      document: {
        consensus: { flavour: 'ns', validAfter: START, freshUntil: START + HOUR_MS },
        verified: { state: 'good', good: 3, needed: 2, authorities: 3 },
        relays: RELAYS,
        observed: RELAYS,
        classes: { badExit: 0, authority: 0, exitFast: 0, exit: 3, stableFast: 0, stable: 3, named: 0, other: 0 },
        modern: { guard: 3, middle: 0, hsDir: 0, unmeasured: 0, newToday: 0, dualStack: 0 },
        placed: { city: 0, country: 0, unplaced: RELAYS },
      },
    })
  })

  it('says UNVERIFIED without certificates, and when too few authorities signed', async (t) => {
    const { run, json, file } = bench(t)
    const { text } = await run(`stats --consensus ${file('consensus')}`)
    assert.match(text, /^UNVERIFIED: 6 relays/)
    assert.match(text, /exit, fast +unknown\n(.*\n)+Fast or not is known of no relay/)
    const { signers } = { signers: network.authorities.slice(0, 1) }
    writeFileSync(file('later'), directoryAt(network, 0, { signers }).consensus)
    const { document } = await json(`stats --consensus ${file('later')} --certs ${file('certs')}`)
    const { verified } = document as { verified: { state: string; good: number } }
    assert.deepEqual([verified.state, verified.good], ['bad', 1])
  })

  it('reads packed files, folders of a tor and the annotations of archives alike', async (t) => {
    const { json, file, data } = bench(t)
    const { consensus, certificates } = directoryAt(network, 0)
    const folder = join(data, 'tor')
    mkdirSync(folder)
    writeFileSync(join(folder, 'cached-consensus'), consensus)
    writeFileSync(join(folder, 'cached-certs'), Object.values(certificates).join(''))
    const annotated = Buffer.concat([Buffer.from('@type network-status-consensus-3 1.0\n'), consensus])
    const expected = await json(`stats --consensus ${file('consensus')} --certs ${file('certs')}`)
    for (const bytes of [gzipSync(consensus), deflateSync(consensus), annotated]) {
      writeFileSync(file('later'), bytes)
      assert.deepEqual(await json(`stats --consensus ${file('later')} --certs ${file('certs')}`), expected)
    }
    assert.deepEqual(await json(`stats --consensus ${folder}`), expected)
    assert.deepEqual(await json(`stats --consensus ${join(folder, 'cached-consensus')}`), expected)
  })

  it('verifies: exit 0 when all is good, 1 when not, and names the file', async (t) => {
    const { run, json, file } = bench(t)
    const good = await run(`verify ${file('certs')} ${file('consensus')} ${file('descriptors')}`)
    assert.equal(good.code, exitCode.ok)
    assert.match(good.text, /Verified: 3 of 3 authorities signed it, 2 are needed/)
    const { consensus } = directoryAt(network, 0)
    const forged = Buffer.from(consensus)
    forged[forged.indexOf('Bandwidth=1000') + 10] = 0x39
    writeFileSync(file('later'), forged)
    const bad = await run(`verify ${file('consensus')} ${file('later')} --certs ${file('certs')}`)
    assert.equal(bad.code, exitCode.found)
    assert.match(bad.text, /NOT GOOD {2}\S*later/)
    const { code, document } = await json(`verify ${file('later')} --certs ${file('certs')}`)
    assert.deepEqual([code, (document as { good: boolean }).good], [exitCode.found, false])
    const alone = await run(`verify ${file('consensus')}`)
    assert.equal(alone.code, exitCode.found)
    assert.match(alone.text, /Name a file of certificates too/)
  })

  it('verifies nothing without saying so', async (t) => {
    const { run, file, data } = bench(t)
    const empty = join(data, 'empty')
    mkdirSync(empty)
    await assert.rejects(run(`verify ${empty}`), fails('NOC_TORMAP_FOLDER', exitCode.usage))
    writeFileSync(file('later'), gzipSync(directoryAt(network, 0).consensus).subarray(0, -20))
    await assert.rejects(run(`verify ${file('later')}`), (error) => {
      return error instanceof NocError && error.message.startsWith(`${file('later')} can't be unpacked`)
    })
  })

  it('judges a consensus at its own time, unless another is named', async (t) => {
    const { run, file } = bench(t)
    const verify = `verify --certs ${file('certs')} ${file('consensus')}`
    assert.equal((await run(verify)).code, exitCode.ok)
    assert.equal((await run(`${verify} --at 2026-11-01T12:59Z`)).code, exitCode.ok)
    assert.match((await run(`${verify} --at 2026-11-01T13:01Z`)).text, /valid until 2026-11-01 13:00/)
    await assert.rejects(run(`${verify} --at yesterday`), fails('NOC_TORMAP_TIME', exitCode.usage))
  })

  it('trusts the authorities that are named, as lines or in a torrc, and no others', async (t) => {
    const { run, file } = bench(t, { authorities: [] })
    const verify = `verify --certs ${file('certs')} ${file('consensus')}`
    assert.equal((await run(verify)).code, exitCode.found)
    assert.equal((await run(`${verify} --authorities ${file('torrc')}`)).code, exitCode.ok)
    const lines = network.lines.flatMap((line) => ['--authorities', line])
    assert.equal((await run(verify, ...lines)).code, exitCode.ok)
    await assert.rejects(
      run(`${verify} --authorities ${file('certs')}`),
      fails('NOC_TORMAP_AUTHORITIES', exitCode.usage),
    )
  })

  it('finds relays by words and qualifiers; exit 1 when there is none, 2 when the query makes no sense', async (t) => {
    const { run, json, file } = bench(t)
    const find = `find --consensus ${file('consensus')} --certs ${file('certs')} --descriptors ${file('descriptors')}`
    const { code, document } = await json(`${find} flag:exit contact:noc2@`)
    const { found, relays } = document as { found: number; relays: { nickname: string }[] }
    assert.deepEqual([code, found, relays.map(({ nickname }) => nickname)], [exitCode.ok, 1, ['relay2']])
    assert.equal((await run(`${find} nobody`)).code, exitCode.found)
    await assert.rejects(
      run(`${find} flag:nonsense`),
      (error) => error instanceof NocError && error.exit === exitCode.usage,
    )
  })

  it('tells what changed between two consensuses', async (t) => {
    const { json, run, file } = bench(t)
    const certs = ['--certs', file('certs')]
    const { code, document } = await json(`diff ${file('consensus')} ${file('later')}`, ...certs)
    const { relays, gone } = document as { relays: object; gone: { nickname: string }[] }
    assert.equal(code, exitCode.ok)
    assert.deepEqual([relays, gone.map(({ nickname }) => nickname)], [{ before: 6, after: 5 }, ['relay5']])
    assert.match((await run(`diff ${file('consensus')} ${file('later')}`, ...certs)).text, /6 relays, then 5 \(-1\)/)
  })

  it('says which file is no consensus, and what is missing, with the right exit code', async (t) => {
    const { run, file } = bench(t)
    await assert.rejects(run(`stats --consensus ${file('certs')}`), (error) => {
      assert.ok(error instanceof NocError)
      assert.ok(error.message.startsWith(file('certs')))
      return error.exit === exitCode.usage
    })
    await assert.rejects(run('stats --consensus /nonexistent'), fails('NOC_TORMAP_FILE', exitCode.usage))
    for (const flag of ['--geo', '--asn']) {
      await assert.rejects(run(`stats --consensus ${file('consensus')} ${flag} nothere.mmdb`), (error) => {
        assert.ok(error instanceof NocError)
        assert.match(error.message, /nothere\.mmdb can't be opened: there is no such file\.$/)
        assert.match(error.hint ?? '', new RegExp(`MMDB.*${flag}`))
        return error.exit === exitCode.usage
      })
    }
    await assert.rejects(run('stats'), fails('NOC_TORMAP_NOTHING_FETCHED', exitCode.unable))
    await assert.rejects(run(''), fails('NOC_TORMAP_NOTHING_FETCHED', exitCode.unable))
  })

  it('counts what the daemon shows while nothing was fetched, and says which flags that leaves out', async (t) => {
    const { run, json, data, file } = bench(t)
    const { document } = await json(`--consensus ${file('consensus')} --certs ${file('certs')}`)
    const daemon = createServer((_, response) => response.end(JSON.stringify(document)))
    daemon.listen(join(data, 'console.sock'))
    await once(daemon, 'listening')
    t.after(() => daemon.close())
    const shown = await run('stats')
    assert.match(shown.text, /^6 relays/)
    assert.equal(shown.notes, '')
    assert.match((await run('stats --geo none --at now')).notes, /^--geo, --at: for files only/)
  })

  it('breaks what it says between words, within 80 columns', async (t) => {
    const { run, data, file } = bench(t)
    const places = join(data, 'places.mmdb')
    writeFileSync(places, writeMmdb({ '192.0.2.0/24': { country: { iso_code: 'DE' } } }, { type: 'GeoLite2-City' }))
    const { text } = await run(`--consensus ${file('consensus')} --certs ${file('certs')} --geo ${places}`)
    const lines = text.split('\n')
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    )
    const said = lines.slice(lines.findIndex((line) => line.startsWith('Places: ')))
    assert.match(
      said.join(' '),
      /^Places: GeoLite2-City, built .* available from https:\/\/www\.maxmind\.com\. The geo/,
    )
    assert.ok(said.slice(0, -1).every((line) => line.length > 50))
  })

  it('contacts nobody in a dry run, and lists who would be', async (t) => {
    const server = await startDirServer(t, directoryAt(network, 0))
    const { run, json } = bench(t, { mirrors: [server.address] })
    assert.match((await run('fetch --dry-run')).text, new RegExp(`${server.address}.*Nobody was contacted`, 's'))
    assert.deepEqual(await json('fetch --dry-run'), {
      code: exitCode.ok,
      document: { contacts: [{ nickname: 'mirror', address: server.address, through: 'directly' }] },
    })
    assert.deepEqual(server.asked, [])
    await assert.rejects(run('fetch --mirror nonsense'), fails('NOC_TORMAP_ENDPOINT', exitCode.usage))
  })

  it('shows what was fetched, and what is wrong with it', async (t) => {
    // A network of this very hour: the command looks at the real clock.
    const hours = Math.floor((Date.now() - START) / HOUR_MS)
    const server = await startDirServer(t, directoryAt(network, hours))
    const { run, json } = bench(t, { mirrors: [server.address] })
    const fetched = await run('fetch')
    assert.equal(fetched.code, exitCode.ok)
    assert.match(fetched.notes, new RegExp(`Asking one after the other of: mirror \\(${server.address}\\)`))
    const shown = await run('')
    assert.equal(shown.code, exitCode.ok)
    assert.match(shown.text, /^6 relays in the ns consensus of .* UTC\.\nVerified: 3 of 3/)
    const { code, document } = await json(
      '',
      '--at',
      new Date(START + (hours + 4) * HOUR_MS).toISOString().slice(0, 16),
    )
    assert.equal(code, exitCode.found)
    assert.equal((document as { hour: { verified: { state: string } } }).hour.verified.state, 'bad')
    assert.match((await run('find nickname:relay1')).text, /relay1/)
    await assert.rejects(run('diff'), fails('NOC_TORMAP_NO_PREVIOUS', exitCode.unable))
  })
})
