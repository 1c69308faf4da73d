import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { wrapHelp } from './help.ts'

const HELP = `USAGE
  noc tormap build [--consensus FILE] [--certs FILE] [--force]

The site works from any web server and from a folder.

FLAGS
  -c [--consensus]  A consensus, or the folder of a tor
     [--force]      Replace a folder`

test('help fits the terminal: what is behind a flag stays in its column, a flag of the usage whole', () => {
  const narrow = wrapHelp(HELP, 44)
  assert.equal(
    narrow,
    `USAGE
  noc tormap build [--consensus FILE]
      [--certs FILE] [--force]

The site works from any web server and from
a folder.

FLAGS
  -c [--consensus]  A consensus, or the
                    folder of a tor
     [--force]      Replace a folder`,
  )
})

test('help that is styled is broken at the same places', () => {
  const bold = (text: string): string => text.replaceAll(/\[--\w+\]/g, '\u001b[1m$&\u001b[22m')
  const styled = wrapHelp(bold(HELP.replace('     [', '  \u001b[1m\u001b[22m   [')), 44)
  assert.equal(stripVTControlCharacters(styled), wrapHelp(HELP, 44))
})

test('help in a pipe is as wide as is good to read', () => {
  assert.equal(wrapHelp(HELP), HELP)
  assert.ok(
    wrapHelp('word '.repeat(60))
      .split('\n')
      .every((line) => line.length <= 100),
  )
})
