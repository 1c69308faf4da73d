import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import { plain } from '#core/plain.ts'
import { width } from '#core/tui/text.ts'
import { createMeter } from './delta.ts'
import { interruptsText, type FakeLine } from './fixtures/machine.ts'
import { countsParser, parseCounts, type Line } from './parse.ts'
import { fromDocument, toDocument, type Moment, type Sample, type Topology } from './sample.ts'
import { sampleSchema, viewSchema } from './schema.ts'
import { drawScreen, pressed, type Drawn, type ScreenState } from './screen-view.ts'
import { selectCpus, selectRows } from './select.ts'
import { findings, type Style } from './text-view.ts'
import { answerOf, toView } from './view.ts'

const plainStyle: Style = { columns: 80, unicode: true, ink: (_, text) => plain(text) }
const topology: Topology = {
  nodes: [{ id: 0, cpus: [0, 1] }],
  placement: (id) => (id === '24' ? { allowed: '0-1', node: 0, changeable: true } : null),
}

function sampleOf(cpus: readonly number[], before: readonly FakeLine[], now: readonly FakeLine[]): Sample {
  const parser = countsParser('interrupts')
  const meter = createMeter()
  meter.measure(parseCounts(parser, Buffer.from(interruptsText(cpus, before))), 0)
  const interrupts = meter.measure(parseCounts(parser, Buffer.from(interruptsText(cpus, now))), 1)
  return { at: 1_700_000_000_000, seconds: 1, interrupts, softirqs: null, softnet: { dropped: 0, squeezed: 0 } }
}
const lines = (eth0: readonly number[], loc: readonly number[], name = 'eth0'): FakeLine[] => [
  { id: '24', label: `PCI-MSI 1-edge      ${name}`, counts: eth0 },
  { id: '25', label: 'PCI-MSI 2-edge      quiet-device', counts: eth0.map(() => 0) },
  { id: 'LOC', label: 'Local timer interrupts', counts: loc },
  { id: 'ERR', label: '', counts: [0] },
]
const momentOf = (sample: Sample): Moment => ({ sample, topology, verdicts: [], recent: () => [1, 2, 3] })
const state: ScreenState = {
  view: 'list',
  cpus: 'few',
  only: null,
  sort: 'rate',
  filter: null,
  typed: null,
  top: 0,
  left: 0,
  frozen: false,
  notice: '',
}
const two = sampleOf([0, 1], lines([0, 0], [0, 0]), lines([300, 0], [100, 110]))
const big = ((): Sample => {
  const cpus = Array.from({ length: 256 }, (_, cpu) => cpu)
  const many = (factor: number): FakeLine[] =>
    Array.from({ length: 500 }, (_, i) => ({
      id: String(24 + i),
      label: `PCI-MSI ${i}-edge      eth${i}-TxRx-${i}`,
      counts: cpus.map((cpu) => (cpu === i % 256 ? i * factor : 0)),
    }))
  return sampleOf(cpus, many(1), many(2))
})()

describe('answer', () => {
  it('says how much over how many, without a verdict', () => {
    const answer = answerOf(two, [])
    assert.equal(answer.sentence, 'Interrupts are few: 510 /s over 2 CPUs.')
    assert.equal(answer.paragraph, 'CPU 0 takes most, 78 % of all. eth0 is the busiest line with 300 /s.')
  })

  it('calls a busy machine balanced only when it is', () => {
    const busy = (a: number, b: number): string =>
      answerOf(sampleOf([0, 1], lines([0, 0], [0, 0]), lines([a, b], [0, 0])), []).sentence
    assert.equal(busy(9000, 8000), 'Interrupts are balanced: 17 k/s over 2 CPUs.')
    assert.equal(busy(17_000, 0), 'Interrupts are in order: 17 k/s over 2 CPUs.')
  })

  it('gives the worst verdict as a sentence, and counts the others', () => {
    const verdict = {
      key: 'a',
      severity: 'warning',
      summary: 'All queues land on CPU 3',
      evidence: 'Figures',
      fix: 'Spread them',
      commands: [],
    } as const
    const answer = answerOf(two, [verdict, verdict])
    assert.equal(answer.sentence, 'All queues land on CPU 3.')
    assert.equal(answer.paragraph, 'Figures. Spread them. 1 more below.')
  })
})

describe('documents', () => {
  it('follow their schema, and come back as the same sample', () => {
    const document = v.parse(sampleSchema, JSON.parse(JSON.stringify(toDocument(two, topology, []))))
    assert.deepEqual(document.interrupts[0], {
      id: '24',
      name: 'eth0',
      chip: 'PCI-MSI 1-edge',
      counts: [300, 0],
      rates: [300, 0],
      total: 300,
      rate: 300,
      affinity: '0-1',
      node: 0,
    })
    assert.deepEqual(document.interrupts[3], {
      id: 'ERR',
      name: '',
      chip: '',
      counts: [0],
      rates: [0],
      total: 0,
      rate: 0,
    })
    const back = fromDocument(document, new Map<string, Line>())
    assert.deepEqual(toDocument(back.sample, back.topology, []), document)
    assert.deepEqual([...back.sample.interrupts.cpuRates], [...two.interrupts.cpuRates])
  })

  it('the page is bounded whatever the machine', () => {
    const view = v.parse(
      viewSchema,
      JSON.parse(JSON.stringify(toView(big, topology, [], () => Array.from({ length: 99 }, () => 1)))),
    )
    assert.equal(view.rows.length, 48)
    assert.equal(view.hidden, 499 - 48)
    assert.ok(view.columns.length <= 64)
    assert.ok(view.rows.every((row) => row.cells.length === view.columns.length && row.history.length === 60))
    assert.equal(view.rows[0]?.rate, 499)
    assert.ok(Math.abs((view.rows[0]?.cells.reduce((a, b) => a + b, 0) ?? 0) - 499) < 1e-6)
  })

  it('the page puts devices before what the CPUs do among themselves', () => {
    const view = toView(sampleOf([0, 1], lines([0, 0], [0, 0]), lines([3, 0], [500, 500])), topology, [], () => [])
    assert.deepEqual(
      view.rows.map((row) => row.id),
      ['24', 'LOC'],
    )
    assert.equal(view.busiestLine?.name, 'eth0')
  })
})

describe('selection', () => {
  it('counts only the CPUs asked for', () => {
    const only = selectCpus(two, new Set([1, 7]))
    assert.deepEqual(only.interrupts.counts.cpus, [1])
    assert.deepEqual([...only.interrupts.lineRates], [0, 0, 110, 0])
  })

  it('filters by name, and the kernel’s own lines by their short name too, never by number or count', () => {
    const ids = (filter: RegExp): string[] =>
      selectRows(two.interrupts, filter, 'number').map((row) => two.interrupts.counts.lines[row]?.id ?? '')
    assert.deepEqual(ids(/eth/i), ['24'])
    assert.deepEqual(ids(/loc/i), ['LOC'])
    assert.deepEqual(ids(/24|300/), [])
  })

  it('sorts by rate, total, name and number; silent lines are left out', () => {
    const ids = (sort: ScreenState['sort']): string[] =>
      selectRows(two.interrupts, null, sort).map((row) => two.interrupts.counts.lines[row]?.id ?? '')
    assert.deepEqual(ids('rate'), ['24', 'LOC'])
    assert.deepEqual(ids('name'), ['24', 'LOC'])
    const later = sampleOf([0, 1], lines([300, 0], [0, 0]), lines([301, 0], [1, 1]))
    assert.deepEqual(
      selectRows(later.interrupts, null, 'total').map((row) => later.interrupts.counts.lines[row]?.id),
      ['24', 'LOC'],
    )
    assert.deepEqual(
      selectRows(later.interrupts, null, 'rate').map((row) => later.interrupts.counts.lines[row]?.id),
      ['LOC', '24'],
    )
  })
})

describe('screen', () => {
  const draw = (over: Partial<ScreenState>, moment = momentOf(two), columns = 80, rows = 24): Drawn =>
    drawScreen({ ...state, ...over }, moment, { ...plainStyle, columns }, rows)

  it('answers in the first line and fills exactly its rows, at every size', () => {
    for (const [columns, rows] of [
      [80, 24],
      [130, 50],
      [40, 12],
      [20, 5],
      [300, 100],
    ] as const) {
      for (const view of ['list', 'heat', 'findings', 'help'] as const) {
        const { lines: shown } = draw({ view }, momentOf(big), columns, rows)
        assert.equal(shown.length, rows)
        assert.match(shown[0] ?? '', /^● ok {2}/)
      }
    }
    assert.ok(draw({}).lines.every((line) => width(line) <= 80))
  })

  it('shows a column for every CPU of a small machine, and totals of a large one unless asked', () => {
    assert.match(draw({}).lines.join('\n'), /CPU0 +CPU1/)
    assert.doesNotMatch(draw({}, momentOf(big)).lines.join('\n'), /CPU0 /)
    const wide = draw({ cpus: 'all', left: 100 }, momentOf(big))
    assert.match(wide.lines.join('\n'), /CPU100 +CPU101/)
    assert.equal(wide.cpus, 256)
  })

  it('shows names with escape sequences harmless', () => {
    const text = readFileSync(new URL('./fixtures/hostile-1cpu.interrupts', import.meta.url))
    const parser = countsParser('interrupts')
    const meter = createMeter()
    meter.measure(parseCounts(parser, text), 0)
    const interrupts = meter.measure(parseCounts(parser, text), 1)
    const hostile = momentOf({ ...two, interrupts })
    for (const view of ['list', 'heat'] as const) {
      const shown = draw({ view }, hostile, 130).lines.join('')
      assert.doesNotMatch(shown, /[\u0000-\u001f\u007f-\u009f]/)
      assert.match(shown, /␛\[2J/)
    }
    const verdict = {
      key: 'k',
      severity: 'warning',
      summary: 'bad \u001b[2J',
      evidence: '\u0007',
      fix: '\r',
      commands: ['echo \u001b'],
    } as const
    assert.doesNotMatch(findings([verdict], plainStyle).join(''), /[\u0000-\u001f]/)
  })

  it('scrolls within its bounds', () => {
    const drawn = draw({}, momentOf(big))
    const after = (keys: readonly string[]): ScreenState => keys.reduce((now, key) => pressed(now, key, drawn), state)
    assert.equal(after(['up']).top, 0)
    assert.equal(after(['pagedown', 'down']).top, drawn.page + 1)
    assert.equal(after(['end', 'down']).top, drawn.rows - drawn.page)
    assert.equal(after(['end', 'home']).top, 0)
    assert.match(draw(after(['end']), momentOf(big)).lines.at(-1) ?? '', /499 of 499/)
  })

  it('filters while one types, and esc gives all lines back', () => {
    const drawn = draw({})
    const typed = (keys: string): ScreenState => keys.split('').reduce((now, key) => pressed(now, key, drawn), state)
    const filtered = typed('/loc')
    assert.match(draw(filtered).lines.join('\n'), /Local/)
    assert.doesNotMatch(draw(filtered).lines.join('\n'), /eth0 {2}/)
    assert.match(draw(filtered).lines.at(-1) ?? '', /^\/loc/)
    assert.deepEqual(typed('/e(').filter, typed('/e').filter, 'what is no expression yet leaves the former')
    assert.equal(pressed(filtered, 'q', drawn).typed, 'locq', 'q is a letter while typing')
    assert.equal(pressed(filtered, 'escape', drawn).filter, null)
    assert.equal(pressed(filtered, 'enter', drawn).typed, null)
  })

  it('changes what is shown by key', () => {
    const drawn = draw({})
    const after = (key: string, from = state): ScreenState => pressed(from, key, drawn)
    assert.equal(after('h').view, 'heat')
    assert.equal(after('h', after('h')).view, 'list')
    assert.equal(after('s').sort, 'total')
    assert.equal(after('a').cpus, 'all')
    assert.equal(after('t').cpus, 'none')
    assert.ok(after('space').frozen)
    assert.match(drawScreen(after('space'), momentOf(two), plainStyle, 24).lines.at(-1) ?? '', /FROZEN/)
    assert.match(drawScreen(after('?'), momentOf(two), plainStyle, 24).lines.join('\n'), /q +quit/)
    assert.equal(after('f12'), state)
  })
})
