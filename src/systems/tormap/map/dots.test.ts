import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { MapWire } from '../wire.ts'
import { groupDots, placeDots, rowsOf, symbolAt, symbolNear, symbolToward, UNPLACED, type Dots } from './dots.ts'
import { toWorld } from './world.ts'

const STABLE = 5
const EXIT = 3
const BAD_EXIT = 0

type Relay = readonly [longitude: number, latitude: number, original: number, countryOnly?: boolean]

function dotsOf(relays: readonly Relay[]): Dots {
  const at = relays.map(([longitude, latitude]) => toWorld(longitude, latitude))
  return {
    x: Float32Array.from(at, ([x]) => x),
    y: Float32Array.from(at, ([, y]) => y),
    style: Uint8Array.from(relays, ([, , original, countryOnly]) => 2 * original + (countryOnly === true ? 1 : 0)),
  }
}

const everything = (): boolean => true
/** World units; about 57 km. */
const CELL = 9

const relays = fc.array(
  fc.tuple(
    fc.double({ min: -180, max: 180, noNaN: true }),
    fc.double({ min: -60, max: 80, noNaN: true }),
    fc.integer({ min: 0, max: 7 }),
    fc.boolean(),
  ),
  { maxLength: 300 },
)

describe('dots', () => {
  it('every relay that is shown lies in one symbol of its own kind, and no other does', () => {
    fc.assert(
      fc.property(relays, fc.double({ min: 0.1, max: 4000, noNaN: true }), (list, cell) => {
        const dots = dotsOf(list)
        const symbols = groupDots(dots, (row) => row % 3 > 0, cell)
        const seen = new Set<number>()
        for (let symbol = 0; symbol < symbols.count; symbol += 1) {
          const rows = rowsOf(symbols, symbol)
          assert.equal(rows.length, symbols.size[symbol])
          for (const row of rows) {
            assert.equal(dots.style[row], symbols.style[symbol])
            assert.equal(symbols.symbolOf[row], symbol)
            assert.ok(!seen.has(row))
            seen.add(row)
          }
        }
        assert.deepEqual(
          [...seen].toSorted((a, b) => a - b),
          list.map((_, row) => row).filter((row) => row % 3 > 0),
        )
        assert.deepEqual(
          [...symbols.order].toSorted((a, b) => a - b),
          [...Array(symbols.count).keys()],
        )
      }),
    )
  })

  it('two relays of a kind that would cover each other are one dot, wherever they lie; others stay apart', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -2000, max: 2000, noNaN: true }),
        fc.double({ min: 0, max: 2 * Math.PI, noNaN: true }),
        fc.constantFrom(0.45, 1.5),
        (x, angle, apart) => {
          const to = [x + CELL * apart * Math.cos(angle), 300 + CELL * apart * Math.sin(angle)] as const
          const dots = { x: Float32Array.of(x, to[0]), y: Float32Array.of(300, to[1]), style: Uint8Array.of(6, 6) }
          assert.equal(groupDots(dots, everything, CELL).count, apart < 1 ? 1 : 2)
        },
      ),
    )
  })

  it('a relay without a place is no dot, and one of which only the country is known is a dot of another kind', () => {
    const map = {
      places: { kind: ['city', 'country'], longitude: [900, 1000], latitude: [5000, 5000] },
      columns: { place: [0, 1, -1], east: [100, 0, 0], north: [0, 0, 0], original: [3, 3, 3] },
    } as unknown as MapWire
    const dots = placeDots(map)
    assert.deepEqual([...dots.style], [6, 7, UNPLACED])
    const symbols = groupDots(dots, everything, CELL)
    assert.equal(symbols.count, 2)
    assert.equal(symbols.symbolOf[2], -1)
  })

  it('the larger lies below, bad exits and authorities above all', () => {
    const pile: Relay[] = Array.from({ length: 30 }, () => [12, 50, STABLE])
    const symbols = groupDots(dotsOf([[12, 50, BAD_EXIT], ...pile, [12, 50, EXIT]]), everything, CELL)
    assert.deepEqual(
      symbols.order.map((symbol) => (symbols.style[symbol] ?? 0) >> 1),
      [STABLE, EXIT, BAD_EXIT],
    )
  })

  it('what is known to a city lies above what is known to a country', () => {
    const symbols = groupDots(
      dotsOf([
        [12, 50, STABLE],
        [12, 50, EXIT, true],
      ]),
      everything,
      CELL,
    )
    assert.equal(symbols.order.at(-1), symbols.symbolOf[0])
  })

  it('finds the uppermost dot under the pointer, the nearest within reach, and nothing on the open sea', () => {
    const pile: Relay[] = Array.from({ length: 30 }, () => [12, 50, STABLE])
    const dots = dotsOf([...pile, [12, 50, EXIT], [14, 50, STABLE]])
    const symbols = groupDots(dots, everything, CELL)
    const [x, y] = toWorld(12, 50)
    assert.equal(symbolAt(symbols, x, y, 5, 5), symbols.symbolOf[30])
    const [beside] = toWorld(14.4, 50)
    assert.equal(symbolAt(symbols, beside, y, 5, 2), symbols.symbolOf[31])
    assert.equal(symbolAt(symbols, ...toWorld(-40, 20), 5, 5), -1)
  })

  it('finds with the grid what a search through all finds', () => {
    fc.assert(
      fc.property(relays, fc.double({ min: -2700, max: 2700, noNaN: true }), (list, x) => {
        const symbols = groupDots(dotsOf(list), everything, CELL)
        const found = symbolAt(symbols, x, -500, 60, 0)
        const gap = (symbol: number): number => Math.hypot((symbols.x[symbol] ?? 0) - x, (symbols.y[symbol] ?? 0) + 500)
        const nearest = symbolNear(symbols, x, -500)
        if (found >= 0) assert.equal(gap(found), gap(nearest))
        else assert.ok(nearest < 0 || gap(nearest) > 60)
      }),
    )
  })

  it('the arrow keys go to what lies that way', () => {
    const dots = dotsOf([
      [10, 50, STABLE],
      [20, 51, STABLE],
      [-70, 45, STABLE],
      [10, -30, STABLE],
    ])
    const symbols = groupDots(dots, everything, CELL)
    const go = (row: number, arrow: readonly [number, number]): number =>
      symbols.firstRow[symbolToward(symbols, symbols.symbolOf[row] ?? -1, arrow)] ?? -1
    assert.equal(go(0, [1, 0]), 1)
    assert.equal(go(1, [-1, 0]), 0)
    assert.equal(go(0, [-1, 0]), 2)
    assert.equal(go(0, [0, 1]), 3)
    assert.equal(go(0, [0, -1]), -1)
  })

  it('the arrow keys reach every dot of a pile', () => {
    const symbols = groupDots(
      dotsOf([
        [10, 50, STABLE],
        [10, 50, EXIT],
        [10, 50, BAD_EXIT],
        [30, 50, EXIT],
      ]),
      everything,
      CELL,
    )
    const walk = (from: number, arrow: readonly [number, number]): number[] => {
      const next = symbolToward(symbols, from, arrow)
      return next < 0 ? [] : [next, ...walk(next, arrow)]
    }
    assert.deepEqual(walk(0, [1, 0]), [1, 2, 3])
    assert.deepEqual(walk(2, [-1, 0]), [1, 0])
  })
})
