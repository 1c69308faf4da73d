import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { csv } from './csv.ts'
import { HOSTILE, testMap } from './fixtures/map.ts'

/** Cells by RFC 4180, section 2. */
function parse(text: string): string[][] {
  const rows: string[][] = []
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  let row: string[] = []
  for (let end = 0; end < text.length; end = cells.lastIndex) {
    cells.lastIndex = end
    const found = cells.exec(text)
    assert.ok(found, `no cell at ${end}: ${text.slice(end, end + 80)}`)
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '')
    if (found[3] === '\r\n') row = (rows.push(row), [])
  }
  return rows
}

const rowsOf = (says: string): Record<string, string>[] => {
  const [head = [], ...rows] = parse(Buffer.from(csv(testMap({ relays: 9, says }))).toString())
  return rows.map(
    (row) => (assert.equal(row.length, head.length), Object.fromEntries(row.map((cell, i) => [head[i], cell]))),
  )
}

describe('CSV', () => {
  it('has a row a relay, with what is known of it', () => {
    const [row = {}] = rowsOf('Someone <a@example.org>')
    assert.equal(row['nickname'], 'relay0')
    assert.equal(row['class'], 'badExit')
    assert.equal(row['contact'], 'Someone <a@example.org>')
    assert.equal(row['longitude']?.split('.')[0], '12')
    assert.equal(row['validAfter'], '2026-11-22T10:00:00Z')
    assert.equal(row['verified'], '8 of 9')
  })

  it('says nothing of the place of a relay that has none', () => {
    const row = rowsOf('').find(({ placeKind }) => placeKind === 'none')
    assert.equal(row?.['longitude'], '')
    assert.equal(row['latitude'], '')
  })

  it('leaves numbers alone: west is not a formula', () => {
    const row = rowsOf('').find(({ country }) => country === 'US')
    assert.match(row?.['longitude'] ?? '', /^-7\d\.\d+$/)
  })

  it('never begins a text as a spreadsheet begins a formula', () => {
    for (const start of ['=', '+', '-', '@', '\t=', '\r=', '\u0000=', '＝', HOSTILE]) {
      const [row = {}] = rowsOf(`${start}1+1`)
      assert.match(row['contact'] ?? '', /^'/, JSON.stringify(start))
    }
  })

  it('keeps every text that a contact can be, commas, quotes and line ends too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (contact) => {
        const [row = {}] = rowsOf(contact)
        const clean = contact.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '')
        // A lone surrogate has no UTF-8.
        assert.equal(row['contact']?.replace(/^'/, ''), Buffer.from(clean.replace(/^'/, '')).toString())
      }),
    )
  })
})
