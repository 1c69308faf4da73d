import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { NEEDS_BROWSER, openPage } from './browser.ts'
import { startServer, type ConsoleServer } from './server.ts'

const PAGES = ['/', '/alerts', '/setups', '/interrupts', '/connections', '/torbox', '/nothing/here']

function heading(page: Page): Promise<string> {
  return page.getByRole('heading', { level: 1 }).innerText()
}

describe('the console', { skip: NEEDS_BROWSER }, () => {
  let server: ConsoleServer
  before(async () => {
    server = await startServer()
    server.answers.set('GET /api/setups', () => ({ setups: [], progress: null }))
  })
  after(() => server.close())
  beforeEach(() => Object.assign(server, { scenario: 'night', tokenForReads: false, mute: false }))

  it('asks nobody but its own daemon, on any page, and breaks no rule of its policy', async (t) => {
    const { page, requests, errors } = await openPage(t, server.url)
    for (const path of PAGES) {
      await page.goto(server.url + path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      if (path === '/interrupts' || path === '/connections') await page.locator('.chart-canvas canvas').waitFor()
    }
    const foreign = requests.filter((url) => !url.startsWith(`${server.url}/`) && !/^(data|blob):/.test(url))
    assert.deepEqual(foreign, [])
    assert.deepEqual(errors, [])
  })

  it('answers first: the sentence stands in the first 200 pixels of every page', async (t) => {
    const { page } = await openPage(t, server.url)
    for (const path of PAGES) {
      await page.goto(server.url + path)
      const title = page.getByRole('heading', { level: 1 })
      await title.waitFor()
      assert.ok(((await title.boundingBox())?.y ?? Infinity) < 200, path)
    }
  })

  it('loads the drawing code of charts only where a chart is', async (t) => {
    const { page, requests } = await openPage(t, server.url)
    await page.locator('.spark polyline').first().waitFor()
    assert.equal(requests.filter((url) => /chart|page/.test(url)).length, 0)
    await page.getByRole('link', { name: 'interrupts' }).first().click()
    await page.locator('.chart-canvas canvas').waitFor()
    assert.ok(requests.some((url) => url.includes('/chart-')))
  })

  it('can be used without a mouse: palette, pages, filter, shortcuts', async (t) => {
    const { page } = await openPage(t, server.url)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('option', { name: 'connections 1 open' }).waitFor()
    await page.keyboard.type('intr')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'All eight queues of eth0 land on CPU 3.' }).waitFor()
    assert.equal(await page.getByRole('dialog').count(), 0)

    await page.keyboard.press('Control+k')
    await page.keyboard.type('probe')
    await page.getByRole('option', { name: 'noc connections probe' }).waitFor()
    await page.keyboard.press('Enter')
    await page.locator('.notice').getByText('Copied').waitFor()
    assert.equal(
      await page.evaluate<string>('navigator.clipboard.readText()'),
      'noc connections probe [2001:db8::1]:80',
    )

    await page.keyboard.press('/')
    await page.keyboard.type('megasas')
    await page.locator('.table tbody tr').filter({ hasText: 'megasas' }).waitFor()
    assert.equal(await page.locator('.table tbody tr').count(), 1)
    await page.keyboard.press('Escape')

    await page.keyboard.press('g')
    await page.keyboard.press('c')
    await page.getByRole('heading', { name: '111 connections of apache2 hang on one host.' }).waitFor()
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  })

  it('works at 390 pixels: nothing is cut off and every page is reached by the menu', async (t) => {
    const { page } = await openPage(t, server.url, { width: 390, height: 844 })
    for (const scenario of ['night', 'hostile', 'huge'] as const) {
      server.scenario = scenario
      for (const path of PAGES) {
        await page.goto(server.url + path)
        await page.getByRole('heading', { level: 1 }).waitFor()
        const wider = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
        assert.ok(wider <= 0, `${path} (${scenario}) is wider than the screen by ${wider} px`)
      }
    }
    server.scenario = 'night'
    await page.goto(server.url)
    await page.getByRole('button', { name: 'Tonight' }).click()
    await page.locator('.menu-sheet').getByRole('link', { name: 'connections' }).click()
    assert.equal(await heading(page), '111 connections of apache2 hang on one host.')
    assert.equal(await page.locator('.menu-sheet').isVisible(), false)
  })

  it('shows a quiet night as one, without a single warning', async (t) => {
    server.scenario = 'quiet'
    const { page } = await openPage(t, server.url)
    assert.equal(await heading(page), 'Quiet night. Two systems up, nothing waits for you.')
    assert.equal(await page.title(), 'quiet · Tonight · athens-2')
    assert.equal(await page.locator('.mark.warning, .mark.critical').count(), 0)
    await page.goto(`${server.url}/alerts`)
    assert.equal(await heading(page), 'Nothing is open.')
  })

  it('says how many alerts wait in the title of the tab', async (t) => {
    const { page } = await openPage(t, `${server.url}/interrupts`)
    await page.getByText(/^live/).waitFor()
    assert.equal(await page.title(), '1 open · interrupts · athens-2')
  })

  it('links every event of the night to its page at that time, and no two labels touch', async (t) => {
    const { page } = await openPage(t, server.url)
    await page.locator('.night-event').first().waitFor()
    const boxes = await page.evaluate<{ l: number; r: number; t: number }[]>(
      `[...document.querySelectorAll('.night-label')].map((label) => label.getBoundingClientRect())
        .map((box) => ({ l: box.left, r: box.right, t: Math.round(box.top) }))`,
    )
    assert.ok(boxes.length >= 5)
    for (const a of boxes) {
      for (const b of boxes) if (a !== b && a.t === b.t) assert.ok(a.r <= b.l || b.r <= a.l, JSON.stringify([a, b]))
    }
    await page.locator('.night-event').last().click()
    await page.waitForURL(/\/connections\?at=1795303200000$/)
    await page.locator('.chart-canvas canvas').waitFor()
    assert.equal(await page.getByRole('button', { name: 'Back to now' }).count(), 1)
  })
})
