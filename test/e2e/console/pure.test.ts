/** The parts of the console that need no browser. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { NightEvent } from '#core/alerts/types.ts'
import { moment, sentence, visible } from '../../../src/console/format.ts'
import { layoutNight, nightHours } from '../../../src/console/pages/night-layout.ts'
import {
  closeTarget,
  hostAndPort,
  planHref,
  probeTarget,
  shellWords,
  targetInQuery,
} from '../../../src/console/plan.ts'
import { fuzzyFilter } from '../../../src/console/shell/fuzzy.ts'
import { eventParser, type StreamEvent } from '../../../src/console/state/event-stream.ts'
import { heatLayout, stepOf, stepsOf } from '../../../src/console/ui/heat-scale.ts'
import { compareCells, csv, keepOrder, matches } from '../../../src/console/ui/order.ts'
import { align, rangeOf, zoom } from '../../../src/console/ui/range.ts'

function parseAll(pieces: readonly string[], limit?: number): StreamEvent[] {
  const events: StreamEvent[] = []
  const push = eventParser((event) => events.push(event), limit)
  for (const piece of pieces) push(piece)
  return events
}

describe('the live stream', () => {
  const text =
    ': hello\nevent: tonight\ndata: {"a":1}\n\n:\n\nevent: alerts\r\ndata: one\r\ndata: two\r\n\r\ndata: bare\n\n'
  const whole = [
    { event: 'tonight', data: '{"a":1}' },
    { event: 'alerts', data: 'one\ntwo' },
    { event: 'message', data: 'bare' },
  ]

  it('is read the same wherever the network cuts it', () => {
    assert.deepEqual(parseAll([text]), whole)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 8 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const pieces = places.slice(1).map((place, index) => text.slice(places[index], place))
        assert.deepEqual(parseAll(pieces), whole)
      }),
    )
  })

  it('gives up on an event without end, in one line or in many', () => {
    assert.throws(() => parseAll(['data: ', 'x'.repeat(50)], 40), RangeError)
    assert.throws(
      () =>
        parseAll(
          Array.from({ length: 20 }, () => 'data: xxxx\n'),
          40,
        ),
      RangeError,
    )
    assert.equal(
      parseAll(
        Array.from({ length: 20 }, () => 'data: xxxx\n\n'),
        40,
      ).length,
      20,
    )
  })

  it('survives garbage', () => {
    fc.assert(fc.property(fc.array(fc.string()), (pieces) => void parseAll(pieces)))
  })
})

describe('text from outside', () => {
  it('shows control, bidirectional and zero-width characters as marks', () => {
    assert.equal(visible('a\u001b[31mb\u0000\u007f\u202ec\u200bd'), 'a␛[31mb␀␡\ufffdc\ufffdd')
    assert.equal(visible('Zoë → 日本'), 'Zoë → 日本')
  })

  it('ends remarks as sentences and draws their arrows', () => {
    assert.equal(sentence('node -> 192.0.2.1 hangs'), 'node → 192.0.2.1 hangs.')
    assert.equal(sentence('softnet_stat: 3 dropped.'), 'softnet_stat: 3 dropped.')
  })

  it('names moments without the date only where nobody mistakes them', () => {
    const now = new Date(2026, 10, 22, 2, 14).getTime()
    assert.equal(moment(now - 3 * 3_600_000, now), '23:14')
    assert.equal(moment(now - 30 * 3_600_000, now), 'Fri 20:14')
    assert.equal(moment(now - 10 * 86_400_000, now), '2026-11-12 02:14')
  })
})

describe('plans from commands', () => {
  it('reads a command as a shell does', () => {
    assert.deepEqual(shellWords(`a 'b c' "d \\"e" f\\ g $'h\\x1b\\xc3\\xab' $x`), [
      'a',
      'b c',
      'd "e',
      'f g',
      'h\u001bë',
      '$x',
    ])
    assert.deepEqual(shellWords('  '), [])
  })

  it('finds what a finding would close and probe', () => {
    const commands = [
      'systemctl restart x.service',
      "noc connections probe '[2001:db8::1]:80'",
      "noc connections close --remote '[2001:db8::1]:80' --process=-weird --state close-wait",
    ]
    assert.deepEqual(closeTarget(commands), { remote: '[2001:db8::1]:80', process: '-weird', state: 'close-wait' })
    assert.deepEqual(probeTarget(commands), { host: '2001:db8::1', port: 80 })
    assert.deepEqual(closeTarget(['noc connections close --remote 192.0.2.7 --port 443']), {
      remote: '192.0.2.7',
      port: 443,
    })
    assert.equal(closeTarget(['echo connections close']), null)
  })

  it('carries any target through the address', () => {
    const word = fc.string({ minLength: 1 })
    const target = fc.record({ remote: word, process: word }, { noNullPrototype: true })
    fc.assert(
      fc.property(target, (one) => {
        assert.deepEqual(targetInQuery(new URL(planHref(one), 'http://localhost').searchParams), one)
      }),
    )
  })

  it('splits address and port', () => {
    assert.deepEqual(hostAndPort('192.0.2.1:80'), { host: '192.0.2.1', port: 80 })
    assert.equal(hostAndPort('2001:db8::1'), null)
  })
})

describe('the night line', () => {
  const from = new Date(2026, 10, 21, 20).getTime()
  const to = from + 10 * 3_600_000
  const event = fc.record({
    id: fc.nat(),
    at: fc.integer({ min: from - 3_600_000, max: to + 3_600_000 }),
    system: fc.constantFrom('interrupts', 'connections'),
    severity: fc.constantFrom<NightEvent['severity']>('info', 'ok', 'warning', 'critical'),
    text: fc.string({ maxLength: 60 }),
  })

  it('loses no event and lets no two labels touch', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.integer({ min: 620, max: 1100 }), (events, width) => {
        const marks = layoutNight(events, from, to, width, (text) => text.length * 6)
        const inside = events.filter((one) => one.at >= from && one.at <= to)
        assert.equal(
          marks.reduce((sum, mark) => sum + mark.events.length, 0),
          inside.length,
        )
        const labels = marks.flatMap((mark) => (mark.label ? [mark.label] : []))
        for (const a of labels) {
          assert.ok(a.left >= 0 && a.left + a.width <= width + 0.001)
          for (const b of labels) {
            if (a !== b && a.lane === b.lane) assert.ok(a.left + a.width < b.left || b.left + b.width < a.left)
          }
        }
      }),
    )
  })

  it('gives the place to what weighs most', () => {
    const many = Array.from({ length: 40 }, (_, i): NightEvent => ({
      id: i,
      at: from + i * 15 * 60_000,
      system: 'interrupts',
      severity: i === 20 ? 'critical' : 'info',
      text: 'a rather long text about nothing',
    }))
    const marks = layoutNight(many, from, to, 700, (text) => text.length * 6)
    assert.match(
      marks.find((mark) => mark.events[0]?.severity === 'critical')?.label?.text ?? '',
      /^interrupts: a rather/,
    )
  })

  it('writes as many hours as fit', () => {
    assert.deepEqual(
      nightHours(from, to, 1000)
        .map((hour) => hour.label)
        .filter(Boolean).length,
      11,
    )
    assert.ok(nightHours(from, from + 24 * 3_600_000, 620).filter((hour) => hour.label).length <= 13)
  })
})

describe('tables', () => {
  it('puts what is unknown last in both directions, and counts inside names', () => {
    assert.deepEqual(
      [null, 3, 1].toSorted((a, b) => compareCells(a, b, -1)),
      [3, 1, null],
    )
    assert.deepEqual(
      [null, 3, 1].toSorted((a, b) => compareCells(a, b, 1)),
      [1, 3, null],
    )
    assert.deepEqual(
      ['eth10', 'eth9'].toSorted((a, b) => compareCells(a, b, 1)),
      ['eth9', 'eth10'],
    )
  })

  it('keeps rows where they were while figures change; new ones follow', () => {
    assert.deepEqual(
      keepOrder(['new', 'a', 'b'], (row) => row, ['b', 'gone', 'a']),
      ['b', 'a', 'new'],
    )
  })

  it('filters by every word, in any cell', () => {
    assert.ok(matches(['apache2', 'ESTABLISHED', 80], 'estab apache'))
    assert.ok(!matches(['apache2', 'ESTABLISHED'], 'apache close'))
  })

  it('writes CSV that a spreadsheet reads and never runs', () => {
    assert.equal(
      csv(
        ['a', 'b'],
        [
          ['x"y', 1],
          ['=1+1', null],
          ['two\nlines', -2],
        ],
      ),
      `a,b\r\n"x""y",1\r\n'=1+1,\r\n"two\nlines",-2\r\n`,
    )
  })
})

describe('the palette', () => {
  it('finds by words or by letters in order and puts the better fit first', () => {
    const all = [
      'noc connections --watch the same, live',
      'noc connections close',
      'Test alert delivery',
      'connections',
    ]
    assert.equal(fuzzyFilter(all, (one) => one, 'conn cl')[0], 'noc connections close')
    assert.equal(fuzzyFilter(all, (one) => one, 'conn')[0], 'connections')
    assert.deepEqual(
      fuzzyFilter(all, (one) => one, 'tad'),
      ['Test alert delivery'],
    )
    assert.deepEqual(
      fuzzyFilter(all, (one) => one, 'xyz'),
      [],
    )
    assert.deepEqual(
      fuzzyFilter(all, (one) => one, ' '),
      all,
    )
  })
})

describe('the heat map', () => {
  it('gives a rate the same step at any moment', () => {
    assert.deepEqual([0, 0.9, 1, 29, 30, 9999, 10_000, 1e9].map(stepOf), [0, 0, 1, 2, 3, 7, 8, 8])
    assert.equal(stepsOf([0, 50, 5000]), '037')
  })

  it('fills the width with few CPUs, fits 64 columns of 8 nodes into a page, and labels what has room', () => {
    const columns = (count: number, fold: number, perNode: number): Parameters<typeof heatLayout>[0] =>
      Array.from({ length: count }, (_, i) => ({
        label: fold === 1 ? String(i) : `${i * fold}-${(i + 1) * fold - 1}`,
        node: Math.floor(i / perNode),
        cpus: [],
      }))
    assert.deepEqual(heatLayout(columns(2, 1, 2), 966), { tracks: '200px 200px', every: 1 })
    const many = heatLayout(columns(64, 4, 8), 966)
    const widths = many.tracks.match(/\d+/g)?.map(Number) ?? []
    assert.ok(widths.reduce((sum, one) => sum + one + 2, 0) <= 966 - 360)
    assert.equal(many.every, 8)
    assert.match(heatLayout(columns(24, 1, 12), 300).tracks, /^6px (6px )+12px 6px/)
  })
})

describe('charts', () => {
  const now = 1_800_000_000_000
  const query = (text: string): URLSearchParams => new URLSearchParams(text)

  it('take their range from the address and doubt what stands there', () => {
    assert.deepEqual(rangeOf(query(''), now), { id: '1h', from: now - 3_600_000, to: now })
    assert.equal(rangeOf(query('range=7d'), now).from, now - 7 * 86_400_000)
    assert.equal(rangeOf(query('range=bogus'), now).id, '1h')
    assert.deepEqual(rangeOf(query(`from=${now - 120_000}&to=${now}`), now), { id: null, from: now - 120_000, to: now })
    assert.equal(rangeOf(query(`from=${now}&to=${now - 5}`), now).id, '1h')
    assert.deepEqual(rangeOf(query(`at=${now - 60_000}`), now), { id: null, from: now - 60_000 - 1_800_000, to: now })
  })

  it('zoom around a moment, never into the future', () => {
    const hour = { id: '1h', from: now - 3_600_000, to: now }
    assert.deepEqual(zoom(hour, 0.5, now - 1_800_000, now), { id: null, from: now - 2_700_000, to: now - 900_000 })
    assert.equal(zoom(hour, 2, now - 1_800_000, now).to, now)
  })

  it('put series of different steps on one axis; gaps stay gaps', () => {
    const series = (at: number[], average: (number | null)[]): Parameters<typeof align>[0][number] => [
      { name: 'x', unit: '', step: 1, at, average, minimum: average, maximum: average },
      'average',
    ]
    assert.deepEqual(align([series([1, 2, 3], [5, null, 7]), series([2, 4], [8, 9])]), [
      [1, 2, 3, 4],
      [5, null, 7, undefined],
      [undefined, 8, undefined, 9],
    ])
  })
})
