import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytes, clock, count, duration, middle, percent, rate, text } from './units.ts'

describe('figures', () => {
  it('have three digits and a unit', () => {
    assert.equal(text(rate(48_200)), '48.2 k/s')
    assert.equal(text(rate(0)), '0 /s')
    assert.equal(text(rate(9.84)), '9.8 /s')
    assert.equal(text(rate(312)), '312 /s')
    assert.equal(text(rate(999.96)), '1 k/s')
    assert.equal(text(bytes(2048)), '2 KiB')
    assert.equal(count(1_204_567), '1,204,567')
    assert.equal(percent(0.98), '98 %')
    assert.equal(percent(0.031), '3.1 %')
  })

  it('never show an exponent or NaN, however large', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (value) => {
        assert.match(text(rate(value)), /^\d+(\.\d+)? [kMGT]?\/s$/)
      }),
    )
  })

  it('say a time in the unit a person would use', () => {
    assert.equal(text(duration(850)), '850 ms')
    assert.equal(text(duration(41 * 60_000)), '41 min')
    assert.equal(text(duration(5.2 * 3_600_000)), '5.2 h')
    assert.equal(text(duration(41 * 86_400_000)), '41 d')
  })

  it('name the day of a clock time only when it is another day', () => {
    const now = new Date(2026, 10, 22, 2, 14).getTime()
    assert.equal(clock(new Date(2026, 10, 22, 0, 2).getTime(), now), '00:02')
    assert.equal(clock(new Date(2026, 10, 21, 23, 41).getTime(), now), '2026-11-21 23:41')
  })
})

describe('middle', () => {
  it('keeps both ends of a long name, since queues differ at their end', () => {
    assert.equal(middle('mlx5_comp12@pci:0000:81:00.1', 15), 'mlx5_co…81:00.1')
    assert.equal(middle('eth0', 10), 'eth0')
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.integer({ min: 0, max: 40 }), (name, width) => {
        const short = middle(name, width)
        assert.ok(short.length <= Math.max(width, 0))
        if (name.length > width && width > 2) assert.ok(name.startsWith(short.split('…')[0] ?? ''))
      }),
    )
  })
})
