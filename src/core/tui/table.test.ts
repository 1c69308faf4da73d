import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { shade, sparkline } from './sparkline.ts'
import { table, type Column } from './table.ts'
import { width } from './text.ts'

const columns: readonly Column[] = [
  { title: 'NAME', shrink: 6 },
  { title: 'RATE', align: 'right', minimum: 6 },
  { title: 'CHIP', drop: 1 },
  { title: 'NODE', align: 'right', drop: 2 },
]
const rows = [
  ['eth0-TxRx-0', '9.8', 'PCI-MSI', '0'],
  ['a', '120', '', '10'],
]
const draw = (room: number): string[] => table(columns, rows, { columns: room, ink: (_, text) => text })

describe('table', () => {
  it('puts figures on the right and names on the left', () => {
    assert.deepEqual(draw(80), [
      'NAME           RATE  CHIP     NODE',
      'eth0-TxRx-0     9.8  PCI-MSI     0',
      'a               120             10',
    ])
  })

  it('shortens names in the middle, then leaves out the least important column', () => {
    assert.match(draw(30)[1] ?? '', /^eth…x-0 {5}9\.8 {2}PCI-MSI {5}0$/)
    assert.match(draw(24)[0] ?? '', /^NAME .*RATE {2}CHIP$/)
    assert.match(draw(14)[1] ?? '', /^eth…-0 {5}9\.8$/)
  })

  it('shows names with escape sequences harmless and still aligned', () => {
    const lines = table(columns, [['\u001b[2Jx', '1', '漢', '2']], { columns: 80, ink: (_, text) => text })
    assert.match(lines[1] ?? '', /^␛\[2Jx/)
    assert.equal(width(lines[0] ?? ''), width(lines[1] ?? ''))
  })

  it('inks the text but not the space around it', () => {
    const lines = table([{ title: 'A' }, { title: 'B' }], [[{ text: 'x', ink: 'warning' }, 'y']], {
      columns: 80,
      ink: (ink, text) => `<${ink}>${text}`,
    })
    assert.equal(lines[1], '<warning>x  y')
  })

  it('fits into any width that its fixed columns allow', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.string({ maxLength: 6 }))),
        fc.integer({ min: 14, max: 90 }),
        (r, room) => {
          const lines = table(columns, r, { columns: room, ink: (_, text) => text })
          for (const line of lines) assert.ok(width(line) <= room, `${width(line)} > ${room}: ${line}`)
        },
      ),
    )
  })
})

describe('sparkline', () => {
  it('tells nothing, little, much and unknown apart', () => {
    assert.equal(sparkline([0, 1, 50, 100, null, 100], 8, true), '  ▁▂▅█ █')
    assert.equal(sparkline([0, 1, 50, 100], 4, false), '_.+#')
    assert.equal(sparkline([0, 0], 2, true), '▁▁')
  })

  it('shows the newest values when there is no room for all', () => {
    assert.equal(sparkline([100, 100, 0, 100], 2, true), '▁█')
    assert.equal(sparkline([1], 0, true), '')
  })

  it('shades from blank to full', () => {
    assert.equal([0, 1, 30, 50, 100].map((v) => shade(v, 100, true)).join(''), ' ·░▒█')
    assert.equal([0, 1, 30, 50, 100].map((v) => shade(v, 100, false)).join(''), ' .:+@')
  })
})
