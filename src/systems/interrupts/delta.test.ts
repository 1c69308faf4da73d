import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { createMeter, type Measured } from './delta.ts'
import { interruptsText, type FakeLine } from './fixtures/machine.ts'
import { createHistory, median } from './history.ts'
import { countsParser, parseCounts } from './parse.ts'

interface Step {
  readonly cpus: readonly number[]
  readonly lines: readonly FakeLine[]
}
const eth0 = (...counts: number[]): FakeLine => ({ id: '24', label: 'PCI-MSI 1-edge      eth0', counts })
const eth1 = (...counts: number[]): FakeLine => ({ id: '25', label: 'PCI-MSI 2-edge      eth1', counts })
const nvme = (...counts: number[]): FakeLine => ({ id: '24', label: 'PCI-MSI 1-edge      nvme0q0', counts })

/** Measures the steps one second apart and gives the last. */
function measured(seconds: number, ...steps: Step[]): Measured {
  const parser = countsParser('interrupts')
  const meter = createMeter()
  const results = steps.map(({ cpus, lines }, i) =>
    meter.measure(parseCounts(parser, Buffer.from(interruptsText(cpus, lines))), i === 0 ? 0 : seconds),
  )
  return results.at(-1) as Measured
}
const cells = ({ rates }: Measured): number[] => [...rates]

describe('rates', () => {
  it('are per second, whatever the interval', () => {
    const one = measured(0.5, { cpus: [0, 1], lines: [eth0(10, 20)] }, { cpus: [0, 1], lines: [eth0(15, 20)] })
    assert.deepEqual(cells(one), [10, 0])
    assert.deepEqual([...one.lineRates], [10])
    assert.deepEqual([...one.lineTotals], [35])
    assert.deepEqual([...one.cpuRates], [10, 0])
  })

  it('are unknown in the first sample', () => {
    assert.deepEqual(cells(measured(1, { cpus: [0], lines: [eth0(5)] })), [NaN])
  })

  it('go on when a counter wraps at 2^32', () => {
    const wrapped = measured(1, { cpus: [0], lines: [eth0(4294967290)] }, { cpus: [0], lines: [eth0(4)] })
    assert.deepEqual(cells(wrapped), [10])
  })

  it('are unknown for a whole line when one of its counters began anew', () => {
    const again = measured(1, { cpus: [0, 1], lines: [eth0(5000, 0)] }, { cpus: [0, 1], lines: [eth0(5, 7)] })
    assert.deepEqual(cells(again), [NaN, NaN])
    assert.deepEqual([...again.lineRates], [NaN])
    assert.ok(Number.isNaN(again.rate), 'nothing else is known either')
  })

  it('take a fall for a fresh start, also where a wrap would be a growth that no CPU can serve', () => {
    const again = measured(1, { cpus: [0], lines: [eth0(3_000_000_000)] }, { cpus: [0], lines: [eth0(5)] })
    assert.deepEqual(cells(again), [NaN])
  })

  it('follow CPUs by their id when one goes and comes back', () => {
    const all = { cpus: [0, 1, 2], lines: [eth0(100, 200, 300)] }
    const without = { cpus: [0, 2], lines: [eth0(110, 330)] }
    const back = { cpus: [0, 1, 2], lines: [eth0(115, 201, 331)] }
    assert.deepEqual(cells(measured(1, all, without)), [10, 30])
    const returned = measured(1, all, without, back)
    assert.deepEqual(cells(returned), [5, NaN, 1])
    assert.deepEqual([...returned.lineRates], [6])
  })

  it('follow lines that move because another was freed', () => {
    const before = { cpus: [0], lines: [eth0(100), eth1(500)] }
    assert.deepEqual(cells(measured(1, before, { cpus: [0], lines: [eth1(507)] })), [7])
  })

  it('do not compare a number that was freed and given to another device', () => {
    const reused = measured(1, { cpus: [0], lines: [eth0(100)] }, { cpus: [0], lines: [nvme(150)] })
    assert.deepEqual(cells(reused), [NaN])
  })

  it('count ERR for no CPU', () => {
    const err = (count: number): Step => ({ cpus: [0, 1], lines: [{ id: 'ERR', label: '', counts: [count] }] })
    const grown = measured(1, err(1), err(3))
    assert.deepEqual([...grown.lineRates], [2])
    assert.deepEqual([...grown.cpuRates], [0, 0])
  })

  it('never are negative, and give back the growth', () => {
    const count = fc.nat(0xffffffff)
    fc.assert(
      fc.property(count, fc.nat(9_000_000), count, (from, growth, to) => {
        const exact = measured(
          1,
          { cpus: [0], lines: [eth0(from)] },
          { cpus: [0], lines: [eth0((from + growth) >>> 0)] },
        )
        assert.equal(exact.rates[0], growth)
        const any = measured(1, { cpus: [0], lines: [eth0(from)] }, { cpus: [0], lines: [eth0(to)] }).rates[0] ?? -1
        assert.ok(Number.isNaN(any) || any >= 0)
      }),
    )
  })
})

describe('history', () => {
  it('keeps the newest values of each line, also when lines come and go', () => {
    const history = createHistory(3)
    const line = (id: string): { id: string; name: string; chip: string; kind: 'cpus' } => ({
      id,
      name: id,
      chip: '',
      kind: 'cpus',
    })
    const [a, b] = [line('a'), line('b')]
    const both = [a, b]
    for (const value of [1, 2, 3, 4]) history.push(both, Float64Array.of(value, value * 10))
    assert.deepEqual(history.of(a), [2, 3, 4])
    history.push([b], Float64Array.of(50))
    assert.deepEqual(history.of(b), [30, 40, 50])
    assert.deepEqual(history.of(a), [])
    history.push([b, a], Float64Array.of(NaN, 9))
    assert.deepEqual(history.of(b), [40, 50], 'what is unknown is left out')
    assert.deepEqual(history.of(a), [9])
  })

  it('finds the middle', () => {
    assert.equal(median([9, 1, 5]), 5)
    assert.equal(median([4, 1, 3, 2]), 2.5)
    assert.ok(Number.isNaN(median([])))
  })
})
