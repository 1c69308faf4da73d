import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NEEDS_BROWSER, openPage } from './browser.ts'
import { startServer, type ConsoleServer } from './server.ts'

const TEXT = ['ink', 'ink-2', 'ink-3', 'moon', 'ok', 'warn', 'bad']
const GROUND = ['ground', 'panel', 'raised', 'moon-wash']
/** WCAG 2.2, 1.4.3 and 1.4.11. */
const AA_TEXT = 4.5
const AA_EDGE = 3

type Rgb = readonly [number, number, number]

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((value) => {
    const share = value / 255
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** In the page: every token as the browser paints it. */
const READ_TOKENS = `(names) => Object.fromEntries(names.map((name) => {
  const probe = document.createElement('i')
  probe.style.color = 'var(--' + name + ')'
  document.body.append(probe)
  const canvas = document.createElement('canvas').getContext('2d', { colorSpace: 'srgb' })
  canvas.fillStyle = getComputedStyle(probe).color
  canvas.fillRect(0, 0, 1, 1)
  probe.remove()
  return [name, [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)]
}))`

describe('colours', { skip: NEEDS_BROWSER }, () => {
  let server: ConsoleServer
  before(async () => (server = await startServer()))
  after(() => server.close())

  for (const theme of ['dark', 'light'] as const) {
    it(`every text can be read on every ground, ${theme}`, async (t) => {
      const { page } = await openPage(t, server.url, { theme })
      await page.getByRole('heading', { level: 1 }).waitFor()
      const names = [...TEXT, ...GROUND, 'line-strong']
      const colours = await page.evaluate<Record<string, Rgb>>(`(${READ_TOKENS})(${JSON.stringify(names)})`)
      const of = (name: string): Rgb => colours[name] ?? [0, 0, 0]
      const pairs = [
        ...TEXT.flatMap((ink) => GROUND.map((ground) => [ink, ground] as const)),
        ['ground', 'moon'] as const,
      ]
      const weak = pairs.filter(([ink, ground]) => contrast(of(ink), of(ground)) < AA_TEXT)
      assert.deepEqual(
        weak.map(([ink, ground]) => `${ink} on ${ground}: ${contrast(of(ink), of(ground)).toFixed(2)}`),
        [],
      )
      for (const ground of GROUND) assert.ok(contrast(of('line-strong'), of(ground)) >= AA_EDGE, `edge on ${ground}`)
    })
  }
})
