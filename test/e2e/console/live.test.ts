import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { NEEDS_BROWSER, openPage } from './browser.ts'
import { startServer, type ConsoleServer } from './server.ts'

/** Makes the page believe that its tab is in the background, or in front again. */
function hide(hidden: boolean): string {
  return `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} });
    document.dispatchEvent(new Event('visibilitychange'))`
}

/** Where every frame, row and cell lies. */
const BOXES = `[...document.querySelectorAll('.panel, .heat-row > *, th, .chart-canvas')].map((element) => {
  const { x, y, width, height } = element.getBoundingClientRect()
  return [x, y, width, height].map(Math.round).join()
})`

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.fail(`not in time: ${what}`)
}

describe('live pages', { skip: NEEDS_BROWSER }, () => {
  let server: ConsoleServer
  before(async () => (server = await startServer()))
  after(() => server.close())
  beforeEach(() => Object.assign(server, { scenario: 'night', tokenForReads: false, mute: false }))

  it('says that the figures are old when the daemon falls silent, and stops saying so', async (t) => {
    const { page } = await openPage(t, `${server.url}/interrupts`)
    await page.getByText(/^live · 02:1\d:\d\d$/).waitFor()
    server.mute = true
    await page.getByText(/^stale · \d+ s old$/).waitFor()
    server.mute = false
    await page.getByText(/^live · 02:1\d:\d\d$/).waitFor()
  })

  it("shows the host's time, as its logs and sentences do, to a browser on the other side of the world", async (t) => {
    const texts: string[] = []
    for (const timeZone of ['Europe/Athens', 'Pacific/Auckland']) {
      const { page } = await openPage(t, server.url, { timeZone })
      await page.getByText(/^live · 02:1\d:\d\d$/).waitFor()
      texts.push((await page.locator('.night').first().innerText()).replace(/now 02:1\d/, 'now'))
    }
    assert.match(texts[0] ?? '', /20[\s\S]*06/)
    assert.equal(texts[1], texts[0])
  })

  it('closes the stream while the tab is hidden, says so in the title, and comes back', async (t) => {
    const { page } = await openPage(t, server.url)
    await page.getByText(/^live/).waitFor()
    assert.equal(server.streams(), 1)
    await page.evaluate(hide(true))
    await until('the stream is closed', () => server.streams() === 0)
    assert.match(await page.title(), /^1 open at 02:1\d · Tonight · athens-2$/)
    await page.getByText('paused', { exact: true }).waitFor()
    await page.evaluate(hide(false))
    await page.getByText(/^live/).waitFor()
    await until('the stream is open again', () => server.streams() === 1)
  })

  it('explains a daemon that does not answer, and recovers by itself', async (t) => {
    server.scenario = 'down'
    const { page } = await openPage(t, `${server.url}/connections`)
    await page.getByText('The daemon is starting.').waitFor()
    server.scenario = 'night'
    await page.getByRole('heading', { name: '111 connections of apache2 hang on one host.' }).waitFor()
  })

  it('updates in place: nothing moves while figures change', async (t) => {
    const { page } = await openPage(t, `${server.url}/interrupts`)
    await page.locator('.chart-canvas canvas').waitFor()
    await page.waitForTimeout(500)
    await page.evaluate(
      `window.moved = []; new PerformanceObserver((list) => { for (const e of list.getEntries()) moved.push(e.value) }).observe({ type: 'layout-shift' })`,
    )
    const places = await page.evaluate(BOXES)
    const figures = page.locator('.heat-grid')
    const before = await figures.innerText()
    await page.waitForTimeout(2500)
    assert.notEqual(await figures.innerText(), before)
    // A digit more or less moves its number's left edge; nothing else may move.
    const moved = await page.evaluate<number[]>('moved')
    assert.ok(moved.reduce((sum, value) => sum + value, 0) < 0.001, moved.join())
    assert.deepEqual(await page.evaluate(BOXES), places)
  })
})
