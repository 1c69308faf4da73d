import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import * as v from 'valibot'
import { NocError, exitCode } from '#core/errors.ts'
import { notedCommand } from '../../../test/fixtures/noted-command.ts'
import { temporaryDirectory } from '../../../test/fixtures/store/temporary.ts'
import { type BuildFlags, build } from './cli-build.ts'
import { type ExportFlags, exportMap } from './cli-export.ts'
import { tormapTable } from './config.ts'
import { testMap } from './output/fixtures/map.ts'
import { onionoo } from './output/onionoo.ts'

const NO_FLAGS = {
  certs: undefined,
  microdescs: [],
  descriptors: [],
  authorities: [],
  geo: 'none',
  asn: undefined,
  at: undefined,
  out: undefined,
}

/** Runs in a folder with a details document of 40 relays; nobody signed those. */
function machine(t: TestContext, settings: { readonly json?: boolean; readonly terminal?: boolean } = {}) {
  const folder = temporaryDirectory(t)
  const consensus = join(folder, 'details.json')
  writeFileSync(consensus, onionoo(testMap()))
  const config = v.parse(tormapTable.schema, {})
  const { cx, ...said } = notedCommand({ config, dataDirectory: folder, ...settings })
  return {
    folder,
    said,
    exportMap: (flags: Partial<ExportFlags>) =>
      exportMap({ flags: { ...NO_FLAGS, consensus, format: undefined, class: undefined, ...flags } }, cx),
    build: (flags: Partial<BuildFlags>) =>
      build({ flags: { ...NO_FLAGS, consensus, hours: undefined, force: false, ...flags } }, cx),
  }
}

const isUsage = (error: unknown): boolean => error instanceof NocError && error.exit === exitCode.usage

describe('noc tormap export', () => {
  it('writes the format to stdout, and to stderr that it is not verified', async (t) => {
    const at = machine(t)
    assert.equal(await at.exportMap({ format: 'csv' }), exitCode.ok)
    assert.equal(at.said.out().trimEnd().split('\r\n').length, 41)
    assert.match(at.said.notes(), /^UNVERIFIED: /)
  })

  it('takes the format from the name of the file, and one class when it is told to', async (t) => {
    const at = machine(t, { json: true })
    const file = join(at.folder, 'exits.geojson')
    assert.equal(await at.exportMap({ out: file, class: 'Exit-Fast' }), exitCode.ok)
    const { features } = JSON.parse(readFileSync(file, 'utf8')) as { features: readonly unknown[] }
    assert.equal(features.length, 5)
    const bytes = readFileSync(file).length
    assert.deepEqual(at.said.documents, [{ file, format: 'geojson', class: 'exitFast', relays: 5, bytes }])
    assert.deepEqual(readdirSync(at.folder).toSorted(), ['details.json', 'exits.geojson'])
  })

  it('writes bytes as they are', async (t) => {
    const at = machine(t)
    await at.exportMap({ format: 'png' })
    assert.deepEqual(at.said.bytes().subarray(0, 8), Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))
  })

  it('refuses what cannot be meant, and says what can', async (t) => {
    const at = machine(t, { terminal: true })
    await assert.rejects(at.exportMap({}), isUsage)
    await assert.rejects(at.exportMap({ out: 'map.docx' }), isUsage)
    await assert.rejects(at.exportMap({ format: 'csv', class: 'fast' }), isUsage)
    await assert.rejects(at.exportMap({ format: 'kmz' }), isUsage)
    await assert.rejects(machine(t, { json: true }).exportMap({ format: 'csv' }), isUsage)
  })

  it('leaves nothing behind where it may not write', async (t) => {
    const at = machine(t)
    mkdirSync(join(at.folder, 'map.csv'))
    await assert.rejects(at.exportMap({ out: join(at.folder, 'map.csv') }), /could not be written/)
    assert.deepEqual(readdirSync(at.folder).toSorted(), ['details.json', 'map.csv'])
  })
})

describe('noc tormap build', () => {
  it('writes a site and says where, and that it is not verified', async (t) => {
    const at = machine(t)
    const out = join(at.folder, 'site')
    assert.equal(await at.build({ out }), exitCode.ok)
    for (const file of ['index.html', 'map.js', 'data/hours.js', 'tormap.kmz', 'tormap-exit.kml'])
      assert.ok(existsSync(join(out, file)), file)
    assert.match(at.said.out(), /shows 40 relays of 2026-11-22 10:00 UTC: \d+ files/)
    assert.match(at.said.out(), /UNVERIFIED: /)
    assert.match(at.said.out(), /file:\/\/.*\/site\/index\.html/)
  })
})
