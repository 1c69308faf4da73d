import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, before, describe, it } from 'node:test'
import { NocError, exitCode } from '#core/errors.ts'
import { standingClock, temporaryDirectory } from '../../../../test/fixtures/store/temporary.ts'
import { type DirServer, type Directory, type Manner, startDirServer } from '../../../../test/tormap/dirport.ts'
import { HOUR_MS, type Network, START, directoryAt, makeNetwork } from '../../../../test/tormap/network.ts'
import type { TormapConfig } from '../config.ts'
import { mapOf } from '../read.ts'
import { contacts, fetchConsensus } from './fetch.ts'
import { FILES, lockFolder } from './folder.ts'
import { splitDescriptors } from './split.ts'
import type { FetchContext, FetchEvent, Fetched } from './types.ts'

/** Short enough for a test that waits for a silent source, long enough for a good one on a busy machine. */
const QUICK = { connectMs: 10_000, socksMs: 10_000, silentMs: 2000, totalMs: 10_000 }
const MINUTE_MS = 60_000
const RELAYS = 6
const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

let network: Network

const settings: TormapConfig = {
  fetch: false,
  source: 'directories',
  flavour: 'ns',
  descriptors: true,
  mirrors: [],
  authorities: [],
  socks: '',
  tor_directory: '/nonexistent',
  onionoo: 'http://127.0.0.1:1/details',
  geo: 'none',
  asn: '',
  control: '',
  keep_days: 1,
  stale_after: 3,
  loss_share: 0.1,
  family_share: 0.1,
  as_share: 0.25,
}

interface Bench {
  readonly folder: string
  readonly events: FetchEvent[]
  readonly clock: ReturnType<typeof standingClock>
  run(servers: readonly DirServer[], config?: Partial<TormapConfig>, more?: Partial<FetchContext>): Promise<Fetched>
}

/** A folder of its own, ten minutes into the first hour. */
function bench(t: TestContext): Bench {
  const folder = join(temporaryDirectory(t), 'fetched')
  const events: FetchEvent[] = []
  const clock = standingClock(START + 10 * MINUTE_MS)
  return {
    folder,
    events,
    clock,
    run: (servers, config = {}, more = {}) =>
      fetchConsensus({
        config: { ...settings, authorities: network.lines, mirrors: servers.map(({ address }) => address), ...config },
        folder,
        clock,
        signal: new AbortController().signal,
        limits: QUICK,
        onEvent: (event) => events.push(event),
        ...more,
      }),
  }
}

const failures = (events: readonly FetchEvent[]): string[] =>
  events.flatMap((event) => (event.event === 'failed' ? event.why : []))
const file = (folder: string, name: string): Buffer => readFileSync(join(folder, name))

/** What a server of some manner gives at an hour. */
function serve(t: TestContext, manner: Manner = 'good', directory?: Directory): Promise<DirServer> {
  return startDirServer(t, directory ?? directoryAt(network, 0), manner)
}

describe('fetching', { timeout: 180_000 }, () => {
  before(async () => {
    network = await makeNetwork(RELAYS)
  })

  it('gets a consensus, its certificates and its descriptors, and verifies it', async (t) => {
    const { run, folder } = bench(t)
    const server = await serve(t)
    const { verification, isNew, missing, documents, validAfter } = await run([server])
    assert.deepEqual([verification.state, verification.good, verification.authorities], ['good', 3, 3])
    assert.deepEqual([isNew, missing, validAfter], [true, 0, START])
    assert.deepEqual(file(folder, FILES.consensus.ns), Buffer.from(server.directory.consensus))
    assert.equal(
      Buffer.concat(documents.descriptors)
        .toString()
        .match(/^router /gm)?.length,
      RELAYS,
    )
    assert.equal(readdirSync(folder).filter((name) => name.startsWith('.') || name.endsWith('.new')).length, 0)
  })

  it('gets the other flavour with its microdescriptors', async (t) => {
    const { run } = bench(t)
    const server = await serve(t, 'plain', directoryAt(network, 0, { flavour: 'microdesc' }))
    const { documents, missing } = await run([server], { flavour: 'microdesc' })
    assert.equal(missing, 0)
    assert.equal(
      Buffer.concat(documents.microdescriptors)
        .toString()
        .match(/^onion-key$/gm)?.length,
      RELAYS,
    )
    assert.ok(server.asked.some((path) => path.startsWith('/tor/micro/d/')))
  })

  it('asks nobody again while the consensus is fresh, and in the next hour only for what changed', async (t) => {
    const { run, clock } = bench(t)
    const server = await serve(t)
    await run([server])
    server.asked.length = 0
    assert.equal((await run([server])).isNew, false)
    assert.deepEqual(server.asked, [])
    assert.equal((await run([server], {}, { force: true })).isNew, false)
    server.asked.length = 0
    server.gave.length = 0
    clock.advance(HOUR_MS)
    const next = directoryAt(network, 1)
    Object.assign(server.directory, next, { earlier: [server.directory.consensus] })
    const { documents, isNew, isDiff } = await run([server])
    assert.deepEqual([isNew, isDiff], [true, true])
    assert.deepEqual(Buffer.from(documents.consensus), Buffer.from(next.consensus))
    assert.deepEqual(server.gave, ['diff'])
    assert.deepEqual(server.asked, ['/tor/status-vote/current/consensus.z'])
  })

  it('takes the whole consensus where a diff does not fit', async (t) => {
    const { run, clock } = bench(t)
    const server = await serve(t)
    await run([server])
    clock.advance(HOUR_MS)
    const earlier = server.directory.consensus
    Object.assign(server.directory, directoryAt(network, 1), { earlier: [earlier] })
    server.manner = 'wrong-diff'
    assert.ok((await run([server])).isNew)
    assert.deepEqual(server.gave, ['whole', 'diff', 'whole'])
  })

  it('passes over sources that are silent, slow, endless, empty, cut off or a bomb, and says why', async (t) => {
    const manners: readonly (readonly [Manner, RegExp])[] = [
      ['silent', /^silent for/],
      ['slow', /^no whole answer within/],
      ['endless', /larger than|no whole answer/],
      ['bomb', /more than \d+ bytes when unpacked/],
      ['empty', /^it answered 404/],
      ['truncated', /can't be unpacked: unexpected end/],
    ]
    const bad: DirServer[] = []
    for (const [manner, why] of manners) {
      const { run, events } = bench(t)
      const server = await serve(t, manner)
      bad.push(server)
      const limits = { ...QUICK, totalMs: 3000 }
      await assert.rejects(run([server], {}, { limits }), fails('NOC_TORMAP_NOBODY'))
      assert.match(failures(events)[0] ?? '', why)
    }
    const limits = { ...QUICK, totalMs: 5000 }
    const { verification } = await bench(t).run([...bad, await serve(t)], { descriptors: false }, { limits })
    assert.equal(verification.state, 'good')
  })

  it('asks nobody else when the SOCKS port itself is not there', async (t) => {
    const { run, events } = bench(t)
    const servers = [await serve(t), await serve(t), await serve(t)]
    await assert.rejects(run(servers, { socks: '127.0.0.1:1' }), fails('NOC_TORMAP_SOCKS'))
    assert.equal(failures(events).length, 1)
    assert.deepEqual(
      servers.flatMap(({ asked }) => asked),
      [],
    )
  })

  it('keeps nothing of which too few authorities say that it is true', async (t) => {
    const { run, folder, events } = bench(t)
    const stranger = await makeNetwork(RELAYS)
    const few = await serve(t, 'good', directoryAt(network, 0, { signers: network.authorities.slice(0, 1) }))
    const foreign = await serve(t, 'good', directoryAt(stranger, 0))
    await assert.rejects(run([few, foreign]), fails('NOC_TORMAP_NOBODY'))
    assert.match(failures(events).join(' '), /1 of 3 trusted/)
    assert.match(failures(events).join(' '), /0 of 3 trusted/)
    assert.equal(existsSync(join(folder, FILES.consensus.ns)), false)
    assert.equal(existsSync(join(folder, FILES.unverified.ns)), false)
  })

  it('refuses a consensus that has expired, one that is older than its own, and one of the future', async (t) => {
    const { run, clock, events, folder } = bench(t)
    const server = await serve(t)
    clock.advance(-HOUR_MS)
    await assert.rejects(run([server]), fails('NOC_TORMAP_NOBODY'))
    assert.match(failures(events).join(' '), /not valid before/)
    clock.advance(4 * HOUR_MS)
    await assert.rejects(run([server]), fails('NOC_TORMAP_NOBODY'))
    assert.match(failures(events).join(' '), /not valid any more/)
    clock.advance(-2 * HOUR_MS)
    Object.assign(server.directory, directoryAt(network, 1))
    await run([server])
    const kept = file(folder, FILES.consensus.ns)
    Object.assign(server.directory, directoryAt(network, 0))
    assert.equal((await run([server], {}, { force: true })).isNew, false)
    assert.match(failures(events).join(' '), /not newer/)
    assert.deepEqual(file(folder, FILES.consensus.ns), kept)
  })

  it('keeps a consensus whose certificates nobody has, and needs only them the next time', async (t) => {
    const { run, folder } = bench(t)
    const server = await serve(t, 'no-certificates')
    await assert.rejects(run([server]), fails('NOC_TORMAP_NOBODY'))
    assert.ok(existsSync(join(folder, FILES.unverified.ns)))
    server.manner = 'good'
    server.asked.length = 0
    assert.equal((await run([server], { descriptors: false })).verification.state, 'good')
    assert.deepEqual(
      server.asked.map((path) => path.slice(0, 17)),
      ['/tor/keys/fp-sk/' + server.asked[0]?.charAt(16)],
    )
  })

  it('takes no descriptor but those that the consensus names, and does without those that nobody has', async (t) => {
    const { run } = bench(t)
    const whole = directoryAt(network, 0)
    const [first = '', ...rest] = Object.keys(whole.descriptors)
    const server = await serve(t, 'good', { ...whole, descriptors: { [first]: whole.descriptors[first] ?? '' } })
    const { missing, documents } = await run([server])
    assert.equal(missing, rest.length)
    assert.equal(Buffer.concat(documents.descriptors).toString(), whole.descriptors[first])
    const liar = await serve(t, 'good')
    const other = bench(t)
    await other.run([liar], { descriptors: false })
    liar.manner = 'other-descriptors'
    liar.directory.descriptors = {
      ...whole.descriptors,
      ['0'.repeat(40)]: whole.descriptors[first]?.replace(/192/, '193') ?? '',
    }
    assert.equal((await other.run([liar])).missing, RELAYS)
  })

  it('goes on where an interrupted run ended: what was got is not asked for again', async (t) => {
    const { run, folder } = bench(t)
    // Three requests for descriptors.
    const server = await serve(t, 'good', directoryAt(network, 0, { relays: 200 }))
    server.manners = { '/tor/server/': 'once' }
    const stop = new AbortController()
    const onEvent = (event: FetchEvent): void => {
      if (event.event === 'progress' && event.done > 0) stop.abort()
    }
    const stopping = run([server], {}, { signal: stop.signal, onEvent })
    await assert.rejects(stopping, (error) => error instanceof NocError && error.exit === exitCode.interrupted)
    const kept = splitDescriptors(file(folder, FILES.journal.ns), 'ns').map(({ digest }) => digest)
    assert.ok(kept.length > 0 && kept.length < 200)
    // And half of one more, as when the machine went down.
    const [half = ''] = Object.entries(server.directory.descriptors).flatMap(([digest, text]) =>
      kept.includes(digest) ? [] : text,
    )
    appendFileSync(join(folder, FILES.journal.ns), half.slice(0, half.length / 2))
    server.asked.length = 0
    server.manners = {}
    assert.equal((await run([server])).missing, 0)
    const again = server.asked.flatMap((path) => /^\/tor\/server\/d\/(.*)\.z$/.exec(path)?.[1]?.split('+') ?? [])
    assert.equal(server.asked.length, Math.ceil(again.length / 96))
    assert.deepEqual([...kept, ...again].toSorted(), Object.keys(server.directory.descriptors).toSorted())
  })

  it('lets nobody else fetch into the same folder at the same time', async (t) => {
    const { run, folder } = bench(t)
    const server = await serve(t)
    const lock = await lockFolder(folder)
    await assert.rejects(run([server]), fails('NOC_TORMAP_FETCH_RUNNING'))
    lock.release()
    assert.ok((await run([server])).isNew)
  })

  it('contacts nobody but those that were listed before', async (t) => {
    const { run, events } = bench(t)
    const server = await serve(t)
    const config = { ...settings, authorities: network.lines, mirrors: [server.address] }
    await run([server])
    assert.deepEqual(events[0], { event: 'contacts', contacts: contacts(config, 0) })
    const direct = contacts({ ...settings, socks: '127.0.0.1:9050' }, START)
    assert.ok(direct.length >= 8)
    assert.ok(direct.every(({ through }) => through === 'SOCKS 127.0.0.1:9050'))
  })

  it('takes what a tor on this machine keeps, once it has verified it', async (t) => {
    const { run, folder } = bench(t)
    const tor = join(temporaryDirectory(t), 'tor')
    mkdirSync(tor)
    const { consensus, certificates, descriptors } = directoryAt(network, 0, { flavour: 'microdesc' })
    writeFileSync(join(tor, 'cached-microdesc-consensus'), consensus)
    writeFileSync(join(tor, 'cached-certs'), Object.values(certificates).join(''))
    const texts = Object.values(descriptors).map((text) => `@last-listed 2026-11-01 10:00:00\n${text}`)
    writeFileSync(join(tor, 'cached-microdescs'), texts.slice(1).join(''))
    writeFileSync(join(tor, 'cached-microdescs.new'), texts[0] ?? '')
    const own = { source: 'tor', tor_directory: tor } as const
    const { verification, missing } = await run([], own)
    assert.deepEqual([verification.good, missing], [3, 0])
    assert.equal(
      file(folder, FILES.descriptors.microdesc)
        .toString()
        .match(/^onion-key$/gm)?.length,
      RELAYS,
    )
    writeFileSync(
      join(tor, 'cached-microdesc-consensus'),
      Buffer.from(consensus).toString().replace('Bandwidth=1000', 'Bandwidth=9000'),
    )
    await assert.rejects(run([], own), fails('NOC_TORMAP_TOR_CONSENSUS'))
    await assert.rejects(run([], { ...own, tor_directory: join(tor, 'no') }), fails('NOC_TORMAP_NO_TOR'))
  })

  it("takes Onionoo's JSON, says that nobody signed it, and refuses what is none", async (t) => {
    const { run, folder } = bench(t)
    let body = readFileSync(join(import.meta.dirname, '../../../proto/tordir/fixtures/onionoo/details.json'), 'utf8')
    const server = createServer((_, response) => response.end(body))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const onionoo = `http://127.0.0.1:${(server.address() as AddressInfo).port}/details`
    const config = { source: 'onionoo', onionoo } as const
    const { documents, verification } = await run([], config)
    assert.equal(verification.state, 'unverified')
    const { map } = mapOf(documents, { geo: null, asn: null, now: START })
    assert.equal(map.verification.state, 'unverified')
    assert.ok(map.relays.length > 0)
    body = '{"relays": 1}'
    await assert.rejects(run([], config), fails('NOC_TORDIR_ONIONOO'))
    assert.notEqual(file(folder, FILES.onionoo).toString(), body)
  })
})
