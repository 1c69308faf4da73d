import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import { initWasm, Resvg } from '@resvg/resvg-wasm'
import { needs } from '../../../../test/peers.ts'
import { HOSTILE, testGeo, testMap } from './fixtures/map.ts'
import { outlineOf } from './outline.ts'
import { TOKENS } from './palette.ts'
import { makeIcons, makeWorld } from './drawn-make.ts'
import type { DrawnWorld } from './drawn.ts'
import { PICTURE } from './frame.ts'
import { drawPicture } from './picture.ts'
import { png } from './png.ts'
import { fillOutlines, plainRaster } from './raster.ts'
import { strokeText } from './strokes.ts'
import { svg } from './svg.ts'

/** When they are not. */
const HOW = 'run `node --import tsx src/systems/tormap/output/drawn-make.ts --write`'

const unverified = testMap({
  verification: { state: 'bad', good: 1, needed: 5, authorities: 9, signatures: [], why: 'One of nine <signed>.' },
})

/** What is written in the picture. */
function texts(map: ReturnType<typeof testMap>): string[] {
  const found: string[] = []
  const nothing = (): void => undefined
  drawPicture(map, {
    fill: nothing,
    stroke: nothing,
    dots: nothing,
    write: ({ text }) => void found.push(text),
  })
  return found
}

describe('picture', () => {
  it('says how far it can be believed, of when it is, and whose places they are', () => {
    const words = texts(testMap())
    assert.ok(words.includes('40 Tor relays'))
    assert.ok(words.includes('2026-11-22 10:00 UTC'))
    assert.ok(words.some((text) => text.startsWith('Verified: 8 of 9 authorities')))
    assert.ok(words.some((text) => text.includes('Test-City, built 2026-09-18, CC BY 4.0. Places by <nobody>')))
    assert.ok(words.includes('Bad exit  5'))
    assert.ok(words.includes('Without a place, not drawn  8'))
  })

  it('has UNVERIFIED or SAMPLE across it when it is so, and else not', () => {
    assert.ok(texts(unverified).includes('UNVERIFIED'))
    assert.ok(texts(testMap({ sample: true })).includes('SAMPLE'))
    assert.ok(!texts(testMap()).some((text) => /UNVERIFIED|SAMPLE/.test(text)))
  })

  it('lies on the world as it is drawn today, and has the icons of today', async () => {
    const file = (name: string): unknown => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'))
    const open = ({ elements, rows }: DrawnWorld): unknown => [elements, inflateSync(Buffer.from(rows, 'base64'))]
    // How well zlib packs may change; what is in it may not.
    assert.deepEqual(open(file('drawn-world.json') as DrawnWorld), open(makeWorld()), HOW)
    const opened = (icons: object): unknown =>
      Object.entries(icons).map(([name, png]) => [name, rowsOfPng(Buffer.from(String(png), 'base64'))])
    assert.deepEqual(opened(file('drawn-icons.json') as object), opened(await makeIcons()), HOW)
  })

  it('has the colours of the console', () => {
    const styles = join(import.meta.dirname, '../../../console/styles')
    const css = ['tokens.css', 'tormap-map.css'].map((file) => readFileSync(join(styles, file), 'utf8')).join('')
    for (const [name, value] of Object.entries(TOKENS)) {
      const [, dark = ''] =
        new RegExp(`--${name}: light-dark\\(oklch\\([^)]*\\), oklch\\(([^)]*)\\)\\)`).exec(css) ?? []
      assert.equal(value, sRgb(dark), name)
    }
  })

  it('can write every character of ASCII', () => {
    const question = JSON.stringify(strokeText('?', 10))
    for (let code = 0x21; code < 0x7f; code += 1) {
      const character = String.fromCharCode(code)
      assert.ok(strokeText(character, 10).length > 0)
      if (character !== '?') assert.notEqual(JSON.stringify(strokeText(character, 10)), question, character)
    }
    assert.deepEqual(strokeText('é', 10), strokeText('e', 10))
  })
})

describe('SVG', () => {
  it('is well-formed whatever the database of places says', { skip: needs({ programs: ['xmllint'] }) }, () => {
    const geo = { ...testGeo, source: { ...testGeo.source, attribution: HOSTILE } }
    const { status, stderr } = spawnSync('xmllint', ['--noout', '-'], {
      input: svg(testMap({ geo })),
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  })

  it('needs nothing from elsewhere', () => {
    assert.doesNotMatch(
      svg(testMap()).replace('http://www.w3.org/2000/svg', ''),
      /href|url\(|<image|https?:(?!\/\/geo\.example)/,
    )
  })
})

describe('PNG', () => {
  before(async () => {
    await initWasm(readFileSync(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')))
  })

  it('shows what another program makes of the SVG', async () => {
    const map = testMap({ relays: 400 })
    const own = rendered(
      `<image width="${PICTURE.width}" height="${PICTURE.height}" href="data:image/png;base64,${Buffer.from(await png(map)).toString('base64')}"/>`,
    )
    const other = rendered(
      svg(map)
        .replace(/^[^]*?<title>/, '<title>')
        .replace('</svg>', '')
        .replace(/<text[^]*?<\/text>/g, ''),
    )
    // The SVG has letters of a font that is not here; the map between title and legend must be the same.
    let different = 0
    for (let y = 110; y < PICTURE.height - 140; y += 1) {
      for (let i = y * PICTURE.width * 4; i < (y + 1) * PICTURE.width * 4; i += 4)
        if (Math.abs((own[i] ?? 0) - (other[i] ?? 0)) > 40) different += 1
    }
    assert.ok(different < 800, `${different} pixels are different`)
  })

  it('covers as much of a shape as there is of it, holes left out', () => {
    const raster = plainRaster(20, 20, '#000000')
    const outside = [2.5, 2, 12.5, 2, 12.5, 12, 2.5, 12]
    const hole = [5, 5, 5, 9, 9, 9, 9, 5]
    fillOutlines(raster, [outside, hole], '#ffffff')
    const red = (pixel: number): number => raster.rows[3 * pixel + Math.floor(pixel / 20) + 1] ?? 0
    const sum = Array.from({ length: 400 }, (_, pixel) => red(pixel) / 255).reduce((total, share) => total + share)
    assert.ok(Math.abs(sum - (100 - 16)) < 0.5, `${sum}`)
    assert.equal(red(7 * 20 + 7), 0)
    assert.ok(raster.cover.every((share) => share === 0))
  })

  it('draws a mark that lies partly outside without touching the other side', () => {
    const raster = plainRaster(20, 20, '#000000')
    fillOutlines(raster, [outlineOf('M1 0A1 1 0 1 1-1 0Z').map((value) => value * 5)], '#ffffff')
    const row = 3 * 20 + 1
    assert.deepEqual([...raster.rows.subarray(1, 4)], [255, 255, 255])
    assert.equal(raster.rows[row - 1], 0)
    assert.equal(raster.rows[19 * row + 1], 0)
  })
})

/** The rows of a PNG with one chunk of data. */
function rowsOfPng(png: Buffer): Buffer {
  return inflateSync(png.subarray(png.indexOf('IDAT') + 4))
}

function rendered(content: string): Uint8Array {
  const { width, height } = PICTURE
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`
  const resvg = new Resvg(`${head}${content}</svg>`, { font: { loadSystemFonts: false } })
  return resvg.render().pixels
}

/** OKLCH (`0.79 0.11 168`) as `#rrggbb`. CSS Color 4, section 10 */
function sRgb(oklch: string): string {
  const [lightness = 0, chroma = 0, hue = 0] = oklch.split(' ').map(Number)
  const angle = (hue * Math.PI) / 180
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)]
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]
  const bytes = linear.map((value) => {
    const clipped = Math.min(1, Math.max(0, value))
    return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055))
  })
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
