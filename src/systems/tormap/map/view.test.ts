import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  between,
  fit,
  fromScreen,
  home,
  leastZoom,
  limit,
  pan,
  resize,
  reveal,
  toScreen,
  zoomAt,
  type Size,
  type View,
} from './view.ts'
import { REGIONS, toWorld, WORLD } from './world.ts'

const sizes = fc.record({ width: fc.integer({ min: 60, max: 4000 }), height: fc.integer({ min: 60, max: 3000 }) })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const factors = fc.double({ min: 0.05, max: 40, noNaN: true })

function near(a: number, b: number, slack: number, what: string): void {
  assert.ok(Math.abs(a - b) <= slack, `${what}: ${a} and ${b}`)
}

/** The world fills the box, or (where it is smaller) stands in its middle. */
function keepsToTheWorld({ x, y, k }: View, { width, height }: Size): void {
  for (const [at, half, low, high] of [
    [x, width / 2 / k, WORLD.left, WORLD.right],
    [y, height / 2 / k, WORLD.top, WORLD.bottom],
  ] as const) {
    if (2 * half >= high - low - 1e-6) near(at, (low + high) / 2, 1e-6, 'middle')
    else assert.ok(at - half >= low - 1e-6 && at + half <= high + 1e-6, `${at} ± ${half}`)
  }
}

describe('the view of the map', () => {
  const atlantic = [
    [-77, 39],
    [13, 52],
    [103.8, 1.3],
    [-46, -23],
  ] as const
  const coasts = [
    [-122.3, 47.6],
    [-122.4, 37.8],
    [19, 69.6],
    [139.7, 35.7],
    [174.8, -36.9],
    [-70.7, -33.4],
  ] as const

  for (const [name, size, places] of [
    ['where relays are, all around the world, in a wide box', { width: 1240, height: 576 }, [...atlantic, ...coasts]],
    ['both sides of the Atlantic in a narrow one', { width: 358, height: 268 }, atlantic],
  ] as const) {
    it(`shows ${name}`, () => {
      for (const [longitude, latitude] of places) {
        const [x, y] = toScreen(home(size), size, ...toWorld(longitude, latitude))
        assert.ok(x > 0 && x < size.width && y > 0 && y < size.height, `${longitude},${latitude} at ${x},${y}`)
      }
    })
  }

  it('shows a region as large as it can, and all of the world as one', () => {
    fc.assert(
      fc.property(sizes, fc.constantFrom(...REGIONS), (size, [name, box]) => {
        const view = limit(fit(box, size), size)
        const [left, top] = toScreen(view, size, box.left, box.top)
        const [right, bottom] = toScreen(view, size, box.right, box.bottom)
        for (const edge of [left, top, size.width - right, size.height - bottom]) assert.ok(edge > -1, name)
        assert.ok(Math.min(left + size.width - right, top + size.height - bottom) < 2, name)
      }),
    )
  })

  it('never leaves the world, whatever is done to it', () => {
    fc.assert(
      fc.property(sizes, sizes, factors, share, share, (size, other, factor, a, b) => {
        let view = home(size)
        keepsToTheWorld(view, size)
        view = zoomAt(view, size, factor, [a * size.width, b * size.height])
        keepsToTheWorld(view, size)
        view = pan(view, size, (a - 0.5) * 20_000, (b - 0.5) * 20_000)
        keepsToTheWorld(view, size)
        keepsToTheWorld(resize(view, size, other), other)
        assert.ok(view.k >= leastZoom(size) * 0.999)
      }),
    )
  })

  it('keeps what is under the pointer there while it zooms in', () => {
    fc.assert(
      fc.property(share, share, fc.double({ min: 1, max: 8, noNaN: true }), (a, b, factor) => {
        const size = { width: 1000, height: 424 }
        const at = [a * size.width, b * size.height] as const
        const from = home(size)
        const to = zoomAt(from, size, factor, at)
        const [x, y] = fromScreen(from, size, ...at)
        const [px, py] = toScreen(to, size, x, y)
        near(px, at[0], 8, 'x')
        near(py, at[1], 8, 'y')
      }),
    )
  })

  it('moves just far enough to reveal a place', () => {
    const size = { width: 800, height: 400 }
    const view = zoomAt(home(size), size, 8, [400, 200])
    const [x, y] = toWorld(151, -33)
    const [px, py] = toScreen(reveal(view, size, x, y, 40), size, x, y)
    assert.ok(px >= 39 && px <= 761 && py >= 39 && py <= 361, `${px},${py}`)
    const [cx, cy] = fromScreen(view, size, 300, 300)
    assert.equal(reveal(view, size, cx, cy, 40), view)
  })

  it('glides from one view to the other, without a jump at the end', () => {
    const size = { width: 800, height: 400 }
    const from = home(size)
    const to = zoomAt(from, size, 6, [700, 100])
    for (const [t, want] of [
      [0, from],
      [1, to],
    ] as const) {
      const got = between(from, to, t)
      near(got.x, want.x, 1e-6, 'x')
      near(got.y, want.y, 1e-6, 'y')
      near(got.k, want.k, 1e-9, 'k')
    }
    near(between(from, pan(from, size, 50, 0), 0.5).k, from.k, 1e-12, 'zoom of a pan')
  })
})
