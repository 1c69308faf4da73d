import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { NocError } from '#core/errors.ts'
import type { Content } from '#core/http/content.ts'
import type { Service } from '#core/system.ts'
import { createAuthority } from '#proto/tordir/compose/authority.ts'
import { composeConsensus } from '#proto/tordir/compose/consensus.ts'
import { type Noted, callRoute, notedContext } from '../../../test/fixtures/noted-daemon.ts'
import { temporaryDirectory } from '../../../test/fixtures/store/temporary.ts'
import { type TormapConfig, tormapTable } from './config.ts'
import { FILES, fetchFolder } from './fetch/folder.ts'
import { entry, fingerprint } from './fixtures/parts.ts'
import { type Sample, createSample } from './sample/create.ts'
import type { FoundWire } from './schema.ts'
import { create } from './service.ts'
import type { CountsWire, HoursWire, MapWire, NamesWire, RelayWire, TormapView } from './wire.ts'

const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

interface Daemon extends Omit<Noted<TormapConfig>, 'cx' | 'published'> {
  readonly service: Service
  /** Waits until what is published fits. */
  until(fits: (view: TormapView) => boolean): Promise<TormapView>
  get<T>(path: string, query?: Record<string, string>, params?: Record<string, string>): Promise<T>
  post<T>(path: string, body: unknown): Promise<T>
}

/** The service, started; it stops with the test. */
async function daemon(
  t: TestContext,
  data: string,
  over: Partial<TormapConfig> = {},
  memory?: number,
): Promise<Daemon> {
  let latest: TormapView | null = null
  let waiting: { fits: (view: TormapView) => boolean; done: (view: TormapView) => void }[] = []
  const publish = (document: unknown): void => {
    latest = document as TormapView
    const view = latest
    const fitting = waiting.filter(({ fits }) => fits(view))
    waiting = waiting.filter((one) => !fitting.includes(one))
    for (const { done } of fitting) done(view)
  }
  const { cx, ...notes } = notedContext<TormapConfig>(
    { ...v.parse(tormapTable.schema, {}), geo: 'none', ...over },
    { dataDirectory: data, live: { watched: true, publish } },
  )
  const service = create(cx, memory)
  t.after(() => service.stop())
  await service.start()
  return {
    service,
    ...notes,
    until: (fits) =>
      latest !== null && fits(latest)
        ? Promise.resolve(latest)
        : new Promise((done) => void waiting.push({ fits, done })),
    get: (path, query = {}, params = {}) => callRoute(service, 'GET', path, { query, params }) as Promise<never>,
    post: (path, body) => callRoute(service, 'POST', path, { body }) as Promise<never>,
  }
}

describe('on a machine that has no consensus', { timeout: 60_000 }, () => {
  it('the map is a sample that says so, nothing is fetched, and nothing is an alert', async (t) => {
    const { service, get, synced, series } = await daemon(t, temporaryDirectory(t))
    const view = await get<TormapView>('/view')
    assert.match(view.answer.sentence, /^SAMPLE: \d+ relays/)
    assert.deepEqual([view.hour?.sample, view.fetch.state, view.fetch.next], [true, 'off', null])
    assert.ok(view.fetch.contacts.length > 5, 'who would be asked is told before')
    const { hours } = await get<HoursWire>('/hours')
    assert.equal(hours.length, view.hours)
    const map = await get<MapWire>('/map', { at: String(hours[3]) })
    assert.deepEqual([map.hour.sample, map.hour.validAfter], [true, hours[3]])
    assert.equal((await get<NamesWire>('/names')).nickname.length, view.hour?.relays)
    assert.equal((await get<CountsWire>('/counts')).at.length, hours.length)
    assert.deepEqual([synced.flat(), [...series.keys()]], [[], []])
    assert.equal(service.health().state, 'up')
    assert.match(service.glance().sentence, /sample/)
    await service.stop()
    await service.stop()
  })

  it('questions that cannot be answered are refused in words', async (t) => {
    const { get } = await daemon(t, temporaryDirectory(t))
    await assert.rejects(get('/map', { at: '12345' }), fails('NOC_TORMAP_NO_HOUR'))
    await assert.rejects(get('/map', { at: 'yesterday' }), fails('NOC_TORMAP_TIME'))
    await assert.rejects(get('/diff'), fails('NOC_TORMAP_TIME'))
    await assert.rejects(get('/relay/:fingerprint', {}, { fingerprint: 'x' }), fails('NOC_TORMAP_NO_RELAY'))
    await assert.rejects(get('/export', { format: 'exe' }), fails('NOC_TORMAP_FORMAT'))
    await assert.rejects(get('/find', { q: 'a'.repeat(2000) }), fails('NOC_TORMAP_QUERY'))
  })

  it('a file of the sample says so in its name', async (t) => {
    const { get } = await daemon(t, temporaryDirectory(t))
    const { fileName, body } = await get<Content>('/export', { format: 'csv' })
    assert.match(fileName ?? '', /^tormap-[\d-]+-SAMPLE\.csv$/)
    assert.ok(body.length > 1000)
  })

  it('a fetch that fails is told with its reason, and the sample stays', async (t) => {
    const { post, until } = await daemon(t, temporaryDirectory(t), { source: 'tor', tor_directory: '/nonexistent' })
    await post('/fetch', { hourly: true })
    const { fetch, hour } = await until((view) => view.fetch.state === 'failed' && view.fetch.next !== null)
    assert.match(fetch.why ?? '', /nonexistent/)
    assert.ok((fetch.next ?? 0) > Date.now())
    assert.equal(hour?.sample, true)
  })
})

describe('with a tor on this machine', { timeout: 60_000 }, () => {
  let network: Sample
  before(async () => {
    network = await createSample(Date.now(), 3)
  })

  /** A folder as tor leaves it, and the configuration that believes its authorities. */
  const torFolder = (t: TestContext, folder = temporaryDirectory(t)): Partial<TormapConfig> => {
    mkdirSync(folder, { recursive: true })
    const hour = network.hours.at(-1)
    writeFileSync(join(folder, FILES.consensus.ns), hour?.consensus ?? '')
    writeFileSync(join(folder, FILES.certificates), network.certificates)
    writeFileSync(join(folder, FILES.descriptors.ns), hour?.descriptors ?? '')
    const authorities = network.authorities.map(
      ({ nickname, identity }, index) =>
        `DirAuthority ${nickname} orport=443 v3ident=${identity} 192.0.2.${index + 1}:80 ${identity}`,
    )
    return { source: 'tor', tor_directory: folder, authorities }
  }

  it('the button fetches, what comes is verified, kept, counted and shown in place of the sample', async (t) => {
    const data = temporaryDirectory(t)
    const config = torFolder(t)
    const { post, until, series, get } = await daemon(t, data, config)
    assert.deepEqual(await post('/fetch', { hourly: false }), { hourly: false, started: true })
    const { hour, answer, fetch } = await until((view) => view.hour?.sample === false && view.fetch.state === 'off')
    assert.equal(hour?.verified.state, 'good')
    assert.doesNotMatch(answer.sentence, /SAMPLE/)
    assert.deepEqual([fetch.next, fetch.why], [null, null])
    assert.equal(series.get('tormap.relays'), hour?.relays)
    assert.deepEqual((await get<HoursWire>('/hours')).hours, [hour?.validAfter])
    const { relays } = await get<FoundWire>('/find', { q: 'flag:Exit' })
    const wire = await get<RelayWire>('/relay/:fingerprint', {}, { fingerprint: relays[0]?.fingerprint ?? '' })
    assert.equal(wire.firstSeen, hour?.validAfter)
    assert.ok((wire.bandwidth?.observed ?? 0) > 0)
  })

  it('the history and the choice are there after a restart, until the operator chooses again', async (t) => {
    const data = temporaryDirectory(t)
    const config = torFolder(t)
    const first = await daemon(t, data, config)
    await first.post('/fetch', { hourly: true })
    const { hour } = await first.until((view) => view.hour?.sample === false && view.fetch.state === 'waiting')
    assert.deepEqual(first.events, ['Hourly fetching switched on by 127.0.0.1'])
    await first.service.stop()
    const second = await daemon(t, data, config)
    const view = await second.get<TormapView>('/view')
    assert.deepEqual([view.hour?.validAfter, view.hours, view.hour?.sample], [hour?.validAfter, 1, false])
    const { fetch } = await second.until((one) => one.fetch.next !== null)
    const { freshUntil = 0 } = hour ?? {}
    assert.ok((fetch.next ?? 0) >= freshUntil && (fetch.next ?? 0) <= freshUntil + 1_800_000)
    await second.post('/fetch', { hourly: false })
    assert.equal((await second.get<TormapView>('/view')).fetch.state !== 'off', true, 'once is not never again')
    assert.deepEqual(await second.post('/fetch', { hourly: false, now: false }), { hourly: false, started: false })
    await second.service.stop()
    assert.equal((await (await daemon(t, data, config)).get<TormapView>('/view')).fetch.state, 'off')
  })

  it('what noc tormap fetch has brought is shown without asking anybody', async (t) => {
    const data = temporaryDirectory(t)
    const { authorities = [] } = torFolder(t, fetchFolder(data))
    const { get } = await daemon(t, data, { authorities })
    const { hour, fetch } = await get<TormapView>('/view')
    assert.deepEqual([hour?.sample, hour?.verified.state, fetch.state, fetch.last], [false, 'good', 'off', null])
  })

  it('a map that takes more memory than there is for it is not shown, and all else goes on', async (t) => {
    const data = temporaryDirectory(t)
    const authorities = [await createAuthority('one', { published: Date.now() })]
    const relays = Array.from({ length: 20_000 }, (_, index) => entry(10_000 + index, { digest: fingerprint(index) }))
    mkdirSync(fetchFolder(data), { recursive: true })
    const consensus = composeConsensus({ flavour: 'ns', validAfter: Date.UTC(2026, 10, 1), relays, authorities })
    writeFileSync(join(fetchFolder(data), FILES.consensus.ns), consensus)
    const { get, service } = await daemon(t, data, {}, 16)
    assert.equal((await get<TormapView>('/view')).hour?.sample, true)
    const health = service.health()
    assert.match(health.state === 'degraded' ? health.why : '', /more than the 16 MB of memory/)
  })

  it('a consensus that its authorities did not sign is not shown', async (t) => {
    const data = temporaryDirectory(t)
    torFolder(t, fetchFolder(data))
    const { get, service } = await daemon(t, data)
    assert.equal((await get<TormapView>('/view')).hour?.sample, true)
    const health = service.health()
    assert.match(health.state === 'degraded' ? health.why : '', /^The newest consensus is not shown: /)
  })
})
