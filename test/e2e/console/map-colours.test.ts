import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { MARKS } from '#systems/tormap/map/marks.ts'
import { NEEDS_BROWSER, openPage } from './browser.ts'
import { contrast, difference, seen, tokens, VISION, type Rgb } from './colour.ts'
import { startServer, type ConsoleServer } from './server.ts'

/** WCAG 2.2, 1.4.11; and how far apart sea and land may be before they compete with the dots. */
const AA_GRAPHIC = 3
const QUIET = 1.35
/** Difference in OKLab that small dots need, where their shapes help too. */
const APART = 0.09

describe('the map', { skip: NEEDS_BROWSER }, () => {
  let server: ConsoleServer
  before(async () => (server = await startServer()))
  after(() => server.close())

  for (const theme of ['dark', 'light'] as const) {
    it(`has colours that stand out from sea and land and that every kind of colour vision tells apart, ${theme}`, async (t) => {
      const { page } = await openPage(t, server.url, { theme })
      await page.getByRole('heading', { level: 1 }).waitFor()
      const classes = MARKS.map((mark) => mark.token)
      const colours = await tokens(page, [...classes, 'map-sea', 'map-land'])
      const of = (name: string): Rgb => colours[name] ?? [0, 0, 0]
      const weak = classes.filter((name) =>
        ['map-sea', 'map-land'].some((ground) => contrast(of(name), of(ground)) < AA_GRAPHIC),
      )
      assert.deepEqual(weak, [])
      assert.ok(contrast(of('map-sea'), of('map-land')) < QUIET)
      const alike = Object.entries(VISION).flatMap(([vision, matrix]) =>
        classes.flatMap((a, index) =>
          classes
            .slice(index + 1)
            .map((b) => ({ pair: `${vision}: ${a}, ${b}`, gap: difference(seen(of(a), matrix), seen(of(b), matrix)) }))
            .filter(({ gap }) => gap < APART),
        ),
      )
      assert.deepEqual(alike, [])
    })
  }
})
