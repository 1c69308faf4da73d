/** The drawn map in a real browser, without the page around it. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { tormapWorld } from '../../fixtures/console/tormap.ts'
import { home, toScreen } from '#systems/tormap/map/view.ts'
import { toWorld } from '#systems/tormap/map/world.ts'
import { tokens } from './colour.ts'
import { NEEDS_BROWSER, openPage, type View } from './browser.ts'

const RELAYS = 9000
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:"
const PAGE =
  '<!doctype html><html lang="en" data-theme="dark"><meta name="viewport" content="width=device-width">' +
  '<title>map</title><link rel="stylesheet" href="/style.css"><link rel="icon" href="data:,">' +
  '<body><script type="module" src="/page.js"></script></body></html>'
const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', css: 'text/css', json: 'application/json' }

const world = tormapWorld({ relays: RELAYS })
const hour = world.hours.at(-1) ?? 0
const map = world.map(hour)
const names = world.names(hour)

async function serve(): Promise<Server> {
  const { outputFiles } = await build({
    absWorkingDir: join(import.meta.dirname, '../../..'),
    entryPoints: { page: 'test/e2e/console/world-map-page.mjs', style: 'src/console/styles/main.css' },
    outdir: '/map',
    chunkNames: '[name]',
    bundle: true,
    format: 'esm',
    splitting: true,
    write: false,
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  })
  const files = new Map<string, string | Uint8Array>(outputFiles.map((file) => [file.path.slice(4), file.contents]))
  files.set('/', PAGE).set('/map.json', JSON.stringify(map)).set('/names.json', JSON.stringify(names))
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const body = files.get(path)
    const type = TYPES[path.split('.').at(-1) ?? ''] ?? 'text/html'
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type, 'content-security-policy': POLICY })
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** In the page: [r, g, b, a] of a canvas (0 base, 1 dots, 2 overlay) at CSS px. */
function pixel(page: Page, canvas: number, x: number, y: number): Promise<number[]> {
  return page.evaluate(`(() => {
    const canvas = document.querySelectorAll('canvas')[${canvas}], ratio = canvas.width / canvas.clientWidth
    return [...canvas.getContext('2d').getImageData(${x} * ratio, ${y} * ratio, 1, 1).data]
  })()`)
}

/** In the page: how many pixels of a canvas are not transparent. */
function inked(page: Page, canvas: number): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelectorAll('canvas')[${canvas}]
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    return data.reduce((sum, value, index) => sum + (index % 4 === 3 && value > 0 ? 1 : 0), 0)
  })()`)
}

/** A fingerprint of what a canvas shows. */
function picture(page: Page, canvas: number): Promise<number> {
  return page.evaluate(`(() => {
    const canvas = document.querySelectorAll('canvas')[${canvas}]
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    return data.reduce((hash, value) => Math.imul(hash ^ value, 16777619), 2166136261)
  })()`)
}

interface Told {
  readonly hovered: number | null
  readonly selections: readonly (number | null)[]
}

const told = (page: Page): Promise<Told> => page.evaluate('mapPage.told')
const set = (page: Page, change: string): Promise<void> => page.evaluate(`mapPage.set(${change})`)
/** Two frames: what was asked for has been drawn. */
const drawn = (page: Page): Promise<void> =>
  page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))')

/** Asks the page until it is so; its policy forbids the usual way, which needs `eval`. */
async function until(page: Page, expression: string): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) {
    if (await page.evaluate<boolean>(expression)) return
    await page.waitForTimeout(50)
  }
  assert.fail(`never: ${expression}`)
}

/** The map in a window 1,200 px wide. */
const SIZE = { width: 1200, height: Math.round(1200 / 2.15) }

/** Where a place lies at first, CSS px from the corner of the map, which is that of the page. */
function spot(longitude: number, latitude: number): readonly [number, number] {
  const [x, y] = toScreen(home(SIZE), SIZE, ...toWorld(longitude, latitude))
  return [Math.round(x), Math.round(y)]
}

const SYDNEY = spot(151.21, -33.87)
const HELSINKI = spot(24.94, 60.17)
const SAHARA = spot(5, 24)
const ATLANTIC = spot(-35, 5)
const city = (row: number | null | undefined): string | null =>
  map.places.city[map.columns.place[row ?? -1] ?? -1] ?? null
const rowIn = (place: (index: number) => boolean): number => map.columns.place.findIndex((index) => place(index))

type Opened = Awaited<ReturnType<typeof openPage>>

describe('the drawn map', { skip: NEEDS_BROWSER }, () => {
  let server: Server
  let url = ''
  before(async () => {
    server = await serve()
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  async function open(t: { after(run: () => Promise<void>): void }, view: View = {}): Promise<Opened> {
    const opened = await openPage(t, url, {
      width: SIZE.width,
      height: 800,
      reducedMotion: true,
      theme: 'dark',
      ...view,
    })
    const coast = `[...document.querySelector('canvas').getContext('2d').getImageData(${SAHARA.join()}, 1, 1).data].join()`
    const sea = `[...document.querySelector('canvas').getContext('2d').getImageData(${ATLANTIC.join()}, 1, 1).data].join()`
    await until(opened.page, `document.querySelector('canvas') !== null && ${coast} !== ${sea}`)
    await drawn(opened.page)
    return opened
  }

  it('paints sea, land and dots, asks nobody but its own server, and loads the fine coast only when it is needed', async (t) => {
    const { page, errors, requests } = await open(t)
    const { 'map-land': land, 'map-sea': sea } = await tokens(page, ['map-land', 'map-sea'])
    assert.deepEqual((await pixel(page, 0, ...SAHARA)).slice(0, 3), land)
    assert.deepEqual((await pixel(page, 0, ...ATLANTIC)).slice(0, 3), sea)
    assert.ok((await inked(page, 1)) > 3000)
    assert.equal((await pixel(page, 1, ...ATLANTIC))[3], 0)
    assert.ok(((await pixel(page, 1, ...SYDNEY))[3] ?? 0) > 0)
    assert.ok(!requests.some((one) => one.includes('countries-50m')))
    await page.mouse.move(...SYDNEY)
    for (let turn = 0; turn < 6; turn += 1) await page.mouse.wheel(0, -200)
    await until(page, `performance.getEntriesByName(location.href + 'countries-50m.js').length > 0`)
    assert.deepEqual(
      requests.filter((one) => !one.startsWith(url) && !/^(data|blob):/.test(one)),
      [],
    )
    assert.deepEqual(errors, [])
  })

  it('names what the pointer is over, selects it on a click, and the next at the same place on another', async (t) => {
    const { page } = await open(t)
    await page.mouse.move(...HELSINKI)
    await page.locator('.map-tip', { hasText: 'Helsinki, Finland, within 20 km' }).waitFor()
    assert.equal(city((await told(page)).hovered), 'Helsinki')
    await page.mouse.click(...HELSINKI)
    await page.waitForTimeout(400)
    await page.mouse.click(...HELSINKI)
    await page.waitForTimeout(400)
    const { selections } = await told(page)
    assert.equal(selections.length, 2)
    assert.notEqual(selections[0], selections[1])
    assert.deepEqual(selections.map(city), ['Helsinki', 'Helsinki'])
    await page.mouse.click(...ATLANTIC)
    assert.equal((await told(page)).selections.at(-1), null)
    assert.equal(await page.locator('.map-tip').isVisible(), false)
  })

  it('shows only what is to be seen, lets the highlighted stand out, and draws circuits', async (t) => {
    const { page } = await open(t)
    const all = await inked(page, 1)
    await set(page, '{ visible: (row) => mapPage.map.columns.original[row] === 1 }')
    await drawn(page)
    const authorities = await inked(page, 1)
    assert.ok(authorities > 0 && authorities < all / 4)
    await page.mouse.move(...SYDNEY)
    assert.equal((await told(page)).hovered, null)
    const german = rowIn((place) => map.places.city[place] === 'Nuremberg')
    await set(page, `{ visible: () => true, highlighted: new Set([${german}]) }`)
    await drawn(page)
    const [, , , faded = 0] = await pixel(page, 1, ...SYDNEY)
    assert.ok(faded > 0 && faded < 120)
    assert.equal(await inked(page, 2), 0)
    const american = rowIn((place) => map.places.city[place] === 'Ashburn')
    await set(page, `{ highlighted: null, circuits: [[${german}, ${american}]] }`)
    await drawn(page)
    assert.ok((await inked(page, 2)) > 500)
  })

  it('draws how sure a place is: a circle for a city, the whole country where no more is known', async (t) => {
    const { page } = await open(t)
    const american = rowIn((place) => map.places.country[place] === 'US' && map.places.kind[place] === 'country')
    await set(page, `{ selected: ${american} }`)
    await drawn(page)
    assert.ok(((await pixel(page, 2, ...spot(-120, 45)))[3] ?? 0) > 0, 'Oregon')
    assert.equal((await pixel(page, 2, ...spot(-105, 52)))[3], 0, 'Canada')
    const indian = rowIn((place) => map.places.city[place] === 'Mumbai')
    await set(page, `{ selected: ${indian} }`)
    await drawn(page)
    assert.ok(((await pixel(page, 2, ...spot(74, 19.08)))[3] ?? 0) > 0, 'within 200 km of Mumbai')
    assert.equal((await pixel(page, 2, ...spot(78, 24)))[3], 0, 'the north of India')
  })

  it('can be used by keys alone: move, zoom, back to the whole, and from relay to relay, read aloud', async (t) => {
    const { page } = await open(t)
    const whole = await picture(page, 0)
    await page.keyboard.press('Tab')
    await page.keyboard.press('+')
    await page.keyboard.press('+')
    await drawn(page)
    const zoomed = await picture(page, 0)
    assert.notEqual(zoomed, whole)
    await page.keyboard.press('ArrowRight')
    await drawn(page)
    assert.notEqual(await picture(page, 0), zoomed)
    await page.keyboard.press('0')
    await page.waitForTimeout(300)
    await page.keyboard.press('Tab')
    const status = page.locator('.world-map [role=status]')
    const first = await status.textContent()
    assert.match(first ?? '', /^\w+, .+, .+/)
    await page.keyboard.press('ArrowLeft')
    assert.notEqual(await status.textContent(), first)
    await page.keyboard.press('Enter')
    const chosen = (await told(page)).selections.at(-1) ?? -1
    assert.ok((await status.textContent())?.startsWith(names.nickname[chosen] ?? 'no name'))
    await page.keyboard.press('Escape')
    assert.equal((await told(page)).selections.at(-1), null)
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'World')
    assert.equal(await status.textContent(), '')
  })

  it('zooms by wheel, double click and buttons, and lets the page scroll where there is nothing to zoom', async (t) => {
    const { page } = await open(t)
    await page.evaluate(`document.body.style.minHeight = '3000px'`)
    const whole = await picture(page, 0)
    await page.mouse.move(...SAHARA)
    await page.mouse.wheel(0, -200)
    await drawn(page)
    assert.notEqual(await picture(page, 0), whole)
    assert.equal(await page.evaluate('scrollY'), 0)
    await page.getByRole('button', { name: 'Back to the first view' }).click()
    await until(page, '!document.querySelector(".map-stage").style.touchAction.includes("none")')
    await page.waitForTimeout(400)
    await page.mouse.move(...SAHARA)
    await page.mouse.wheel(0, 300)
    await until(page, 'scrollY > 0')
    await page.evaluate('scrollTo(0, 0)')
    await page.mouse.dblclick(...SAHARA)
    await drawn(page)
    assert.notEqual(await picture(page, 0), whole)
    assert.equal((await told(page)).selections.length, 1)
  })

  it('goes to a part of the world at a press, where dots that lay on each other come apart', async (t) => {
    const { page } = await open(t)
    const sea = await pixel(page, 0, ...ATLANTIC)
    const [left, right] = [12, SIZE.width - 12]
    assert.notDeepEqual(await pixel(page, 0, right, 40), sea)
    await page.getByRole('button', { name: 'World', exact: true }).click()
    await drawn(page)
    const { 'map-void': beyond } = await tokens(page, ['map-void'])
    for (const corner of [left, right]) assert.deepEqual((await pixel(page, 0, corner, 12)).slice(0, 3), beyond)
    const world = await inked(page, 1)
    await page.getByRole('button', { name: 'Europe', exact: true }).click()
    await drawn(page)
    assert.ok((await inked(page, 1)) > 1.5 * world)
    await page.keyboard.press('0')
    await page.getByRole('button', { name: 'Back to the first view' }).click()
    await drawn(page)
    assert.deepEqual(await pixel(page, 0, ...ATLANTIC), sea)
  })

  it('is dragged by the mouse and pinched by two fingers, and neither selects anything', async (t) => {
    const { page, context } = await open(t)
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await drawn(page)
    const before = await picture(page, 0)
    await page.mouse.move(600, 300)
    await page.mouse.down()
    await page.mouse.move(500, 260, { steps: 4 })
    await page.mouse.up()
    await drawn(page)
    const dragged = await picture(page, 0)
    assert.notEqual(dragged, before)
    const session = await context.newCDPSession(page)
    await session.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 2 })
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart: number): Promise<unknown> =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [-apart, apart].map((x, id) => ({ x: 600 + x, y: 300, id })),
      })
    await touch('touchStart', 40)
    for (const apart of [60, 90, 120, 160]) await touch('touchMove', apart)
    await touch('touchEnd', 0)
    await drawn(page)
    assert.notEqual(await picture(page, 0), dragged)
    assert.deepEqual((await told(page)).selections, [])
    assert.equal(await page.evaluate('visualViewport.scale'), 1)
  })

  it('glides to where keys pressed in haste would have jumped to', async (t) => {
    const seen: number[] = []
    for (const reducedMotion of [true, false]) {
      const { page } = await open(t, { reducedMotion })
      await page.keyboard.press('Tab')
      for (const key of ['+', '+', 'ArrowLeft', 'ArrowLeft', 'ArrowUp', '-']) await page.keyboard.press(key)
      await page.waitForTimeout(600)
      seen.push(await picture(page, 1))
    }
    assert.equal(seen[1], seen[0])
  })

  it('points at no relay any more when another hour is shown', async (t) => {
    const { page } = await open(t)
    await page.mouse.move(...HELSINKI)
    await page.locator('.map-tip', { hasText: 'Helsinki' }).waitFor()
    // Its rows are other relays, even where the dots lie as before.
    await set(page, '{ map: { ...mapPage.map } }')
    await drawn(page)
    assert.equal((await told(page)).hovered, null)
    assert.equal(await page.locator('.map-tip').isVisible(), false)
  })

  it('follows the theme', async (t) => {
    const { page } = await open(t)
    const dark = await pixel(page, 0, ...SAHARA)
    const dots = await picture(page, 1)
    await page.evaluate(`mapPage.setTheme('light')`)
    await drawn(page)
    const { 'map-land': land } = await tokens(page, ['map-land'])
    const light = await pixel(page, 0, ...SAHARA)
    assert.notDeepEqual(light, dark)
    assert.deepEqual(light.slice(0, 3), land)
    assert.notEqual(await picture(page, 1), dots)
  })

  it('keeps its place while it loads and is resized, and draws nothing while nothing changes', async (t) => {
    const { page } = await open(t)
    const shifts = await page.evaluate<number>(
      `new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().length))
        .observe({ type: 'layout-shift', buffered: true })) `.replace('new Promise', 'Promise.race([new Promise') +
        ', new Promise((done) => setTimeout(done, 300, 0))])',
    )
    assert.equal(shifts, 0)
    const frames = await page.evaluate<number>(
      `new Promise((done) => {
        let frames = 0
        const real = requestAnimationFrame
        window.requestAnimationFrame = (draw) => real(() => (frames += 1, draw(0)))
        setTimeout(() => { window.requestAnimationFrame = real; done(frames) }, 400)
      })`,
    )
    assert.equal(frames, 0)
    await page.setViewportSize({ width: 390, height: 700 })
    await drawn(page)
    const [width, height] = await page.evaluate<[number, number]>(
      `(([canvas]) => [canvas.width, canvas.height])(document.querySelectorAll('canvas'))`,
    )
    assert.ok(Math.abs(width - 390) <= 20 && Math.abs(height / width - 0.75) < 0.02, `${width} x ${height}`)
    assert.ok((await inked(page, 1)) > 500)
  })
})
