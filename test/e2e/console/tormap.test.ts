import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { count } from '#core/units.ts'
import type { World } from '../../fixtures/console/tormap.ts'
import { NEEDS_BROWSER, openPage } from './browser.ts'
import { startServer, type ConsoleServer } from './server.ts'
import { HOURS, field, freshMap, ready } from './tormap-page.ts'

// eslint-disable-next-line no-control-regex -- control characters are what must not be there
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

async function wider(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
}

describe('the map page', { skip: NEEDS_BROWSER }, () => {
  let server: ConsoleServer
  let world: World
  before(async () => (server = await startServer()))
  after(() => server.close())
  beforeEach(() => (world = freshMap(server)))
  const newest = () => world.map(world.hours.at(-1) ?? 0).hour

  it('answers first, asks nobody but its own daemon, and breaks no rule of its policy', async (t) => {
    const { page, requests, errors } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    await page.locator('.chart-canvas canvas').nth(1).waitFor()
    const title = page.getByRole('heading', { level: 1 })
    assert.match(await title.innerText(), /^[\d,]+ relays at 02:00, verified by 8 of 9 authorities\.$/)
    assert.ok(((await title.boundingBox())?.y ?? Infinity) < 200)
    assert.equal(await page.getByText(/UNVERIFIED|SAMPLE/).count(), 0)
    assert.deepEqual(
      requests.filter((url) => !url.startsWith(`${server.url}/`) && !/^(data|blob):/.test(url)),
      [],
    )
    assert.deepEqual(errors, [])
  })

  it('switches classes on and off, counts what is left, and keeps that in the address', async (t) => {
    const { page } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    const { original } = newest().classes
    const shown = page.locator('.map-panel > header .end')
    assert.equal(await shown.innerText(), `all ${count(newest().relays)} relays`)
    const chip = page.getByRole('button', { name: /^Stable/ })
    assert.match(await chip.innerText(), new RegExp(count(original.stable)))
    await chip.click()
    await shown.getByText(`${count(newest().relays - original.stable)} of`).waitFor()
    await page.getByRole('button', { name: 'Bad exit' }).dblclick()
    await shown.getByText(/^11 of/).waitFor()
    await page.getByRole('button', { name: /^Dual stack/ }).click()
    await page.waitForURL(/layers=badExit&also=dualStack/)
    const fewer = await shown.innerText()
    await page.reload()
    await ready(page)
    assert.equal(await shown.innerText(), fewer)
    assert.equal(await chip.getAttribute('aria-pressed'), 'false')
  })

  it('finds relays by words and qualifiers, without a mouse, and opens one', async (t) => {
    const { page } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    await page.keyboard.press('/')
    await page.keyboard.type('country:is')
    const iceland = world.relays(world.hours.at(-1) ?? 0).filter((relay) => relay.place.country === 'IS')
    await page.getByRole('status').getByText(`${iceland.length} found`).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    const card = page.getByRole('complementary', { name: 'Relay' })
    await card.getByText('Reykjavik, Iceland, within 20 km').waitFor()
    await page.keyboard.press('Escape')
    await card.waitFor({ state: 'detached' })
    await field(page).fill('country:is -flag:exit class:stable,other')
    const fewer = iceland.filter(({ flags, original }) => !flags.includes('Exit') && /^(stable|other)$/.test(original))
    await page.getByRole('status').getByText(`${fewer.length} found`).waitFor()
    await page.waitForURL(/q=country/)
    await field(page).fill('no-such-relay')
    await page.getByText('No relay of this hour fits.').waitFor()
  })

  it('asks the daemon for what no column says, and shows why it refuses', async (t) => {
    const [one] = world.relays(world.hours.at(-1) ?? 0)
    const asked: string[] = []
    const other = server.other
    server.other = (url) => {
      if (url.pathname !== '/api/tormap/find') return other?.(url)
      asked.push(url.searchParams.get('q') ?? '')
      return { relays: [{ fingerprint: one?.fingerprint }] }
    }
    const { page } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    await field(page).fill('contact:"example.org"')
    await page
      .locator('.results .row')
      .getByText(one?.nickname ?? '')
      .waitFor()
    assert.deepEqual(asked, ['contact:"example.org"'])
    server.other = (url) => (url.pathname === '/api/tormap/find' ? undefined : other?.(url))
    await field(page).fill('version:x')
    await page.locator('.results').getByRole('alert').waitFor()
  })

  it('shows everything that is said of a relay as harmless text, and its family as links', async (t) => {
    const relay = world.relays(world.hours.at(-1) ?? 0).find((one) => one.family.length > 1)
    assert.ok(relay)
    const { page, errors } = await openPage(t, `${server.url}/tormap?relay=${relay.fingerprint}`)
    const card = page.getByRole('complementary', { name: 'Relay' })
    await card.getByText('<img src=x onerror=').waitFor()
    const text = await card.innerText()
    for (const fact of [relay.nickname, ...relay.addresses, relay.version ?? '', relay.ed25519 ?? '', 'abuse AT'])
      assert.ok(text.includes(fact), fact)
    assert.doesNotMatch(text, CONTROL)
    assert.equal(await page.evaluate('window.hacked'), undefined)
    assert.equal(await page.locator('main img, main script, main iframe').count(), 0)
    await card.getByRole('button', { name: /on the map$/ }).click()
    await page
      .getByRole('status')
      .getByText(`${relay.family.length + 1} found`)
      .waitFor()
    const [next] = relay.family
    await card
      .getByRole('button', { name: next?.nickname ?? '', exact: true })
      .first()
      .click()
    await page.waitForURL(new RegExp(`relay=${next?.fingerprint}`))
    assert.deepEqual(errors, [])
  })

  it('goes through the hours by slider, buttons and play, and says when a relay was not there', async (t) => {
    const first = world.hours[0] ?? 0
    const late = world.relays(world.hours.at(-1) ?? 0).find((relay) => world.relay(relay.fingerprint, first) === null)
    assert.ok(late)
    const { page } = await openPage(t, `${server.url}/tormap?relay=${late.fingerprint}`)
    await ready(page)
    const slider = page.getByRole('slider', { name: 'Hour of the consensus' })
    const output = page.locator('.time-bar output')
    await slider.focus()
    await page.keyboard.press('ArrowLeft')
    await output.getByText(`${HOURS - 1} of ${HOURS}`).waitFor()
    await page.waitForURL(new RegExp(`at=${world.hours.at(-2)}`))
    await page.keyboard.press('Home')
    await output.getByText(`1 of ${HOURS}`).waitFor()
    await page.getByText('Not in the consensus of this hour.').waitFor()
    await page.getByRole('button', { name: 'Play' }).click()
    await output.getByText(`newest of ${HOURS}`).waitFor()
    await page.getByRole('button', { name: 'Play' }).waitFor()
    await page.keyboard.press('Escape')
    await page.goBack()
    await page.getByRole('complementary', { name: 'Relay' }).waitFor()
  })

  it('asks for no names of hours that it only passes, and for those of the hour where it stops', async (t) => {
    const { page, requests } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    const names = (): string[] => requests.filter((url) => url.includes('/api/tormap/names'))
    await page.getByRole('slider', { name: 'Hour of the consensus' }).focus()
    for (let step = 1; step < 8; step += 1) await page.keyboard.press('ArrowLeft')
    await page.waitForResponse(`**/api/tormap/names?at=${world.hours.at(-8)}`)
    assert.ok(names().length <= 3, names().join())
  })

  it('opens the hour that an address asks for, also when it lies between two', async (t) => {
    const { page } = await openPage(t, `${server.url}/tormap?at=${(world.hours[3] ?? 0) + 1000}`)
    await page.locator('.time-bar output').getByText(`4 of ${HOURS}`).waitFor()
  })

  it('keeps in the address which part of the world is looked at', async (t) => {
    const { page } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await page.waitForURL(/view=[-\d.]+%2C[-\d.]+%2C2\.00/)
    await page.reload()
    await ready(page)
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await page.waitForURL(/view=[^&]+%2C4\.00/)
    await page.getByRole('button', { name: 'Back to the first view' }).click()
    await page.waitForURL((url) => !url.searchParams.has('view'))
  })

  it('keeps everything in its place while it loads', async (t) => {
    const { page } = await openPage(t, `${server.url}/tormap`)
    await page.evaluate(
      `window.moved = []; new PerformanceObserver((list) => { for (const e of list.getEntries()) moved.push(e.value) }).observe({ type: 'layout-shift', buffered: true })`,
    )
    await ready(page)
    await page.locator('.chart-canvas canvas').nth(1).waitFor()
    await page.waitForTimeout(300)
    const moved = await page.evaluate<number[]>('moved')
    assert.ok(moved.reduce((sum, value) => sum + value, 0) < 0.02, moved.join())
  })

  it('works at 390 pixels, by touch, with a relay and results open', async (t) => {
    const [relay] = world.relays(world.hours.at(-1) ?? 0)
    const { page } = await openPage(t, `${server.url}/tormap?q=country:de&relay=${relay?.fingerprint}`, {
      width: 390,
      height: 844,
      reducedMotion: true,
    })
    await ready(page)
    await page.locator('.results .row').first().waitFor()
    assert.ok((await wider(page)) <= 0)
    for (const name of ['Networks', 'Families'] as const) {
      await page.getByRole('button', { name, exact: true }).click()
      assert.ok((await wider(page)) <= 0, name)
    }
  })

  it('lets the keyboard go from dot to dot and open one, and shows the circuits of a local tor', async (t) => {
    const { page } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    await page.locator('.map-cursor').focus()
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Enter')
    const card = page.getByRole('complementary', { name: 'Relay' })
    await card.getByText('Fingerprint').waitFor()
    const [hop] = world.circuits.circuits[0]?.relays ?? []
    await page
      .getByRole('region', { name: /^Circuits/ })
      .getByRole('button', { name: hop?.nickname ?? '' })
      .click()
    await page.waitForURL(new RegExp(`relay=${hop?.fingerprint}`))
    await card
      .getByText(hop?.nickname ?? '')
      .first()
      .waitFor()
  })

  it('counts by country, network and family; a click shows them on the map', async (t) => {
    const { page } = await openPage(t, `${server.url}/tormap`)
    await ready(page)
    const table = page.getByRole('region', { name: 'Countries' })
    const first = table.locator('tbody tr').first()
    assert.match(await first.innerText(), /^Germany/)
    await first.getByRole('button').click()
    await page.waitForURL(/q=country%3ADE/)
    assert.equal(await field(page).inputValue(), 'country:DE')
    await page.getByRole('button', { name: 'Networks', exact: true }).click()
    await page.getByRole('region', { name: 'Networks' }).getByText('AS64496 Falken Hosting GmbH').waitFor()
  })
})
