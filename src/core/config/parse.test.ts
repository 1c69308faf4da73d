import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as v from 'valibot'
import { defaultsText } from './defaults.ts'
import { houseTables } from './house.ts'
import { lineOf } from './locate.ts'
import { distance, nearest } from './nearest.ts'
import { ConfigError, parseConfig } from './parse.ts'

const interrupts = {
  schema: v.strictObject({
    interval: v.optional(v.pipe(v.number(), v.minValue(0.1), v.description('Seconds between two samples')), 1),
    proc: v.optional(v.pipe(v.string(), v.description('Another /proc')), '/proc'),
  }),
}
const tables = { ...houseTables, interrupts }

function faultsOf(text: string): readonly { line: number | undefined; message: string }[] {
  try {
    parseConfig('nocturne.toml', text, tables)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.exit, 2)
    return error.faults
  }
}

describe('a configuration file', () => {
  it('may be empty: everything takes its default', () => {
    const config = parseConfig('x', '', tables)
    assert.deepEqual(config['interrupts'], { interval: 1, proc: '/proc' })
    assert.deepEqual((config['console'] as { listen: string }).listen, '127.0.0.1:8470')
  })

  it('with a misspelt key names the line and the key that was meant', () => {
    const [fault] = faultsOf('[console]\nlisten = "127.0.0.1:1"\n\n[interrupts]\nintervall = 2\n')
    assert.equal(fault?.line, 5)
    assert.match(fault?.message ?? '', /unknown key in \[interrupts\] "intervall"; did you mean "interval"\?/)
  })

  it('with an unknown table names the line and the nearest table', () => {
    const [fault] = faultsOf('# a\n[interupts]\ninterval = 2\n')
    assert.deepEqual(fault, { line: 2, message: 'unknown table "interupts"; did you mean "interrupts"?' })
  })

  it('with a broken line says line and column, no stack and no second fault', () => {
    const faults = faultsOf('[console]\nlisten = "x\n')
    assert.equal(faults.length, 1)
    assert.equal(faults[0]?.line, 2)
    assert.match(faults[0]?.message ?? '', /^not valid TOML, column \d+: /)
  })

  it('with several faults names all of them at once', () => {
    const faults = faultsOf('[interrupts]\ninterval = 0\nproc = 7\n[alerts]\nwebhook = "ftp://x"\nper_minute = 1000\n')
    assert.deepEqual(
      faults.map((f) => f.line),
      [5, 6, 2, 3],
    )
  })

  it('refuses a console address that is no address and port', () => {
    assert.match(faultsOf('[console]\nlisten = "localhost"')[0]?.message ?? '', /must be ADDRESS:PORT/)
  })

  it('never fails otherwise, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        faultsOf(text)
      }),
    )
  })
})

describe('the defaults file', () => {
  it('holds every key with its meaning and reads back to the same defaults', () => {
    const text = defaultsText(tables)
    assert.deepEqual(parseConfig('defaults', text, tables), parseConfig('empty', '', tables))
    for (const [name, table] of Object.entries(tables)) {
      for (const key of Object.keys((table.schema as unknown as { entries: object }).entries)) {
        assert.match(text, new RegExp(`# \\S.*\\n${key} = `), `${name}.${key}`)
      }
    }
  })
})

describe('lineOf', () => {
  it('follows tables, dotted keys and quoted keys', () => {
    const text = 'a = 1\n[b]\n"c d" = 2\n[b.e]\nf.g = 3 # [x]\n'
    assert.equal(lineOf(text, ['a']), 1)
    assert.equal(lineOf(text, ['b', 'c d']), 3)
    assert.equal(lineOf(text, ['b', 'e', 'f', 'g']), 5)
    assert.equal(lineOf(text, ['b', 'missing']), 2)
    assert.equal(lineOf(text, ['z']), undefined)
  })
})

describe('nearest', () => {
  it('finds what was probably meant and stays silent when nothing is near', () => {
    assert.equal(nearest('intreval', ['interval', 'proc']), 'interval')
    assert.equal(nearest('zebra', ['interval', 'proc']), undefined)
  })

  it('counts a swap as one typo, and is a distance', () => {
    assert.equal(distance('ab', 'ba'), 1)
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        assert.equal(distance(a, b), distance(b, a))
        assert.equal(distance(a, b) === 0, a === b)
        assert.ok(distance(a, b) <= Math.max(a.length, b.length))
      }),
    )
  })
})
