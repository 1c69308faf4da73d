import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { pretendNetwork } from '#systems/tormap/history/fixtures/network.ts'
import { openHistory } from '#systems/tormap/history/store.ts'
import type { World } from '../../fixtures/console/tormap.ts'
import { temporaryDirectory } from '../../fixtures/store/temporary.ts'
import { NEEDS_BROWSER, openPage } from './browser.ts'
import { startServer, type ConsoleServer } from './server.ts'
import { field, freshMap, ready } from './tormap-page.ts'
import { serveMap, writeSiteData } from './tormap-server.ts'

const root = join(import.meta.dirname, '../../..')

describe('the map page', { skip: NEEDS_BROWSER }, () => {
  let server: ConsoleServer
  let world: World
  before(async () => (server = await startServer()))
  after(() => server.close())
  beforeEach(() => (world = freshMap(server)))

  for (const [options, word] of [
    [{ verified: 'unverified' }, 'UNVERIFIED'],
    [{ verified: 'bad' }, 'UNVERIFIED'],
    [{ sample: true }, 'SAMPLE'],
  ] as const) {
    it(`says ${word} above the map and all over it: ${JSON.stringify(options)}`, async (t) => {
      serveMap(server, { relays: 200, hours: 2, ...options })
      const { page } = await openPage(t, `${server.url}/tormap`)
      await ready(page)
      assert.equal(await page.locator('.trust strong').innerText(), word)
      const stamp = await page.locator('.stamp span').boundingBox()
      assert.equal(await page.locator('.stamp span').innerText(), word)
      assert.ok((stamp?.width ?? 0) > 300)
      await page.getByRole('button', { name: 'An hour back' }).click()
      await page.getByRole('heading', { level: 1 }).getByText(word).waitFor()
    })
  }

  it('shows whom it would contact, and fetches only when told to, with the token', async (t) => {
    const { page } = await openPage(t, `${server.url}/tormap`, { token: server.token })
    await ready(page)
    assert.deepEqual(server.posts, [])
    await page.getByText('Who is contacted').click()
    await page.getByText('192.0.2.2:80').waitFor()
    await page.getByRole('button', { name: 'Fetch every hour' }).click()
    await page.locator('.notice').getByText('Fetching, now and every hour').waitFor()
    assert.deepEqual(server.posts, [{ path: '/api/tormap/fetch', body: { hourly: true } }])
  })

  it('stops fetching every hour when told to, and offers it only while that is on', async (t) => {
    const other = server.other
    const fetching = { ...world.view.fetch, state: 'waiting', hourly: true, next: Date.now() + 60_000 }
    server.other = (url) => (url.pathname === '/api/tormap/view' ? { ...world.view, fetch: fetching } : other?.(url))
    const { page } = await openPage(t, `${server.url}/tormap`, { token: server.token })
    await ready(page)
    assert.equal(await page.getByRole('button', { name: 'Fetch every hour' }).count(), 0)
    await page.getByRole('button', { name: 'Fetch now' }).click()
    await page.locator('.notice').getByText('Fetching').waitFor()
    server.other = other
    await page.getByRole('button', { name: 'Stop fetching' }).click()
    await page.locator('.notice').getByText('Hourly fetching is off').waitFor()
    await page.getByRole('button', { name: 'Fetch every hour' }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'Stop fetching' }).count(), 0)
    assert.deepEqual(
      server.posts.map(({ body }) => body),
      [{ hourly: false }, { hourly: false, now: false }],
    )
  })

  it('does not call relays slow of which nobody knows how fast they are', async (t) => {
    serveMap(server, { relays: 200, hours: 2, undescribed: true })
    const { page } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    assert.match(await page.getByRole('button', { name: /^Fast exit/ }).innerText(), /unknown/)
    await page.locator('.map-legend').getByText('known of no relay').waitFor()
    await page.getByText('No bandwidth is known').waitFor()
  })

  it('keeps small what one hour cannot fill', async (t) => {
    serveMap(server, { relays: 200, hours: 1 })
    const { page } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    const graphs = page.getByRole('region', { name: 'Relays and bandwidth over time' })
    assert.ok(((await graphs.boundingBox())?.height ?? Infinity) < 120)
  })

  it('saves the map as a file also where reading needs the token', async (t) => {
    server.tokenForReads = true
    const { page } = await openPage(t, `${server.url}/tormap`, { token: server.token })
    await ready(page)
    await page.route('**/api/tormap/export?format=csv&at=*', async (route) => {
      const allowed = route.request().headers()['authorization'] === `Bearer ${server.token}`
      const headers = { 'content-disposition': 'attachment; filename="tormap-2026.csv"' }
      await route.fulfill(allowed ? { contentType: 'text/csv', headers, body: 'nickname\n' } : { status: 401 })
    })
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV', exact: true }).click(),
    ])
    assert.equal(saved.suggestedFilename(), 'tormap-2026.csv')
    assert.equal(readFileSync(await saved.path(), 'utf8'), 'nickname\n')
  })

  it('says how to get a map where there is none, and what is wrong where it cannot be read', async (t) => {
    const other = server.other
    server.other = (url) => (url.pathname === '/api/tormap/view' ? { ...world.view, hour: null, hours: 0 } : undefined)
    const { page } = await openPage(t, `${server.url}/tormap`)
    await page.getByRole('button', { name: 'Fetch every hour' }).waitFor()
    assert.equal(await page.locator('.map-panel').count(), 0)
    server.other = other
    await page.reload()
    await ready(page)
    server.other = (url) => (url.pathname === '/api/tormap/map' ? undefined : other?.(url))
    await page.getByRole('slider', { name: 'Hour of the consensus' }).press('Home')
    await page.locator('.map-problem').getByRole('alert').waitFor()
    server.other = other
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.locator('.map-problem').waitFor({ state: 'detached' })
    await page.getByRole('heading', { level: 1, name: 'at 15:00' }).waitFor()
  })
})

describe('the map as a static site', { skip: NEEDS_BROWSER }, () => {
  let folder: string
  let world: World
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'noc-site-'))
    execFileSync(process.execPath, [join(root, 'build.mjs'), 'site', folder])
    world = writeSiteData(folder, { relays: 300, hours: 3 })
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('works from a folder: map, hours, details, search in what operators wrote; and reads no other file', async (t) => {
    const url = pathToFileURL(join(folder, 'index.html')).href
    const { page, requests, errors } = await openPage(t, url)
    await ready(page)
    await page.getByRole('heading', { level: 1 }).getByText('verified by 8 of 9 authorities').waitFor()
    const relay = world.relays(world.hours[1] ?? 0)[7]
    assert.ok(relay)
    await page.getByRole('button', { name: 'An hour back' }).click()
    await page.locator('.time-bar output').getByText('2 of 3').waitFor()
    await field(page).fill(`contact:"example dot org" ${relay.fingerprint}`)
    await page.locator('.results .row').getByText(relay.nickname).click()
    await page.getByRole('complementary', { name: 'Relay' }).getByText('<img src=x').waitFor()
    await page.waitForURL(/at=\d+/)
    await page.reload()
    await page.locator('.time-bar output').getByText('2 of 3').waitFor()
    await page.locator('.chart-canvas canvas').nth(1).waitFor()
    assert.equal(await page.evaluate('window.hacked'), undefined)
    const inside = pathToFileURL(folder).href
    assert.deepEqual(
      requests.filter((one) => !one.startsWith(`${inside}/`) && !one.startsWith('data:')),
      [],
    )
    assert.deepEqual(errors, [])
  })

  it('has a slider over the hours that noc tormap build --hours took from the history', async (t) => {
    const data = temporaryDirectory(t)
    const [config, out] = [join(data, 'nocturne.toml'), join(data, 'map')]
    writeFileSync(config, `[daemon]\ndata = ${JSON.stringify(data)}\n`)
    const start = Date.UTC(2026, 10, 21, 22)
    const history = await openHistory(join(data, 'tormap'), start)
    const network = pretendNetwork(100, start)
    for (let hour = 0; hour < 4; hour += 1) await history.add(network.next())
    const newest = new Date(history.hours().at(-1) ?? 0).toISOString()
    history.close()
    const noc = ['--import', 'tsx', join(root, 'src/main.ts'), 'tormap', 'build', '--config', config]
    execFileSync(process.execPath, [...noc, '--consensus', `${newest.slice(0, 16)}Z`, '--hours', '3', '--out', out])
    const { page, errors } = await openPage(t, pathToFileURL(join(out, 'index.html')).href)
    await ready(page)
    await page.locator('.time-bar output').getByText('newest of 3').waitFor()
    await page.getByRole('slider', { name: 'Hour of the consensus' }).press('Home')
    await page.locator('.time-bar output').getByText('1 of 3').waitFor()
    await page.locator('.time-bar output[aria-busy=false]').waitFor()
    assert.deepEqual(errors, [])
  })
})
