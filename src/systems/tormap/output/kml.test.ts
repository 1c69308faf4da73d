import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { unzipSync } from 'fflate'
import { needs } from '../../../../test/peers.ts'
import { ORIGINAL_CLASSES } from '../types.ts'
import { HOSTILE, testMap } from './fixtures/map.ts'
import { ofClass } from './formats.ts'
import { kml } from './kml.ts'
import { kmz } from './kmz.ts'

const folder = mkdtempSync(join(tmpdir(), 'noc-kml-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const text = (content: Uint8Array): string => Buffer.from(content).toString()
const placemarks = (document: string): string[] => document.match(/<Placemark>[^]*?<\/Placemark>/g) ?? []
const hostile = testMap({ says: HOSTILE, nickname: '<x>&"]]>' })

describe('KML', () => {
  it('has every relay once, in the folder of its class', () => {
    const map = testMap()
    const document = text(kml(map))
    assert.equal(placemarks(document).length, map.relays.length)
    for (const name of ORIGINAL_CLASSES) {
      const relays = map.relays.filter(({ original }) => original === name)
      assert.ok(relays.length > 0, name)
      assert.equal(placemarks(text(kml(ofClass(map, name)))).length, relays.length, name)
      assert.ok(document.includes(`<Style id="${name}">`), name)
    }
  })

  it('gives a relay without a place no point, and one known by its country a style of its own', () => {
    for (const { entry, place } of testMap().relays) {
      const own = placemarks(text(kml(testMap()))).find((one) => one.includes(`>${entry.fingerprint}<`)) ?? ''
      assert.equal(own.includes('<Point>'), place.kind !== 'none')
      assert.equal(own.includes('-country</styleUrl>'), place.kind === 'country')
      assert.ok(!own.includes('<coordinates>0,0<'))
    }
  })

  it('calls for nothing from elsewhere', () => {
    assert.doesNotMatch(text(kml(testMap())), /href/)
  })

  it('shows what operators write as text, never as markup', () => {
    const document = text(kml(hostile))
    assert.ok(!document.includes('<script>'))
    assert.ok(document.includes('&lt;script&gt;alert(1)&lt;/script&gt;'))
    assert.doesNotMatch(document, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u202e\ufffe\uffff]/)
    // Every CDATA section ends where we end it.
    assert.equal(document.split(']]>').length, document.split('<![CDATA[').length)
  })

  it('says on its face when it is not verified', () => {
    const unverified = testMap({
      verification: {
        state: 'unverified',
        good: 0,
        needed: 0,
        authorities: 0,
        signatures: [],
        why: 'Nobody <looked>.',
      },
    })
    assert.match(text(kml(unverified)), /<name>UNVERIFIED: Tor relays/)
    assert.match(text(kml(unverified)), /Nobody &lt;looked&gt;\./)
    assert.match(text(kml(testMap({ sample: true }))), /<name>SAMPLE: Tor relays/)
    assert.doesNotMatch(text(kml(testMap())), /UNVERIFIED|SAMPLE/)
  })

  it('is well-formed whatever the relays say', { skip: needs({ programs: ['xmllint'] }) }, () => {
    const { status, stderr } = spawnSync('xmllint', ['--noout', file('hostile.kml', kml(hostile))], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  })

  it('is read by GDAL: all relays, those without a place too', { skip: needs({ programs: ['ogrinfo'] }) }, async () => {
    const points = hostile.relays.filter(({ place }) => place.kind !== 'none').length
    const unzipped = unzipSync(await kmz(hostile))
    for (const path of [
      file('a.kml', kml(hostile)),
      file('a.kmz', await kmz(hostile)),
      file('doc.kml', unzipped['doc.kml'] ?? new Uint8Array()),
    ]) {
      const { stdout, stderr } = spawnSync('ogrinfo', ['-ro', '-al', path], { encoding: 'utf8', maxBuffer: 1 << 26 })
      assert.doesNotMatch(stderr, /ERROR/, stderr)
      assert.equal(stdout.match(/^OGRFeature/gm)?.length, hostile.relays.length, path)
      assert.equal(stdout.match(/POINT/g)?.length, points, path)
    }
  })
})

describe('KMZ', () => {
  it('holds the document first, and every icon that it names', async () => {
    const entries = unzipSync(await kmz(testMap()))
    assert.equal(Object.keys(entries)[0], 'doc.kml')
    const hrefs = [...text(entries['doc.kml'] ?? new Uint8Array()).matchAll(/<href>(.*?)<\/href>/g)].map(
      ([, href]) => href,
    )
    assert.equal(hrefs.length, 2 * ORIGINAL_CLASSES.length)
    for (const href of hrefs) assert.deepEqual(entries[href ?? '']?.subarray(1, 4), Uint8Array.from(Buffer.from('PNG')))
  })

  it('has the checksum of what is in it, which programs look at', async () => {
    const archive = Buffer.from(await kmz(testMap({ relays: 4000 })))
    const document = unzipSync(archive)['doc.kml'] ?? new Uint8Array()
    // Of the first entry of the central directory. APPNOTE 4.3.12, 4.3.16
    const directory = archive.readUInt32LE(archive.length - 6)
    assert.equal(archive.readUInt32LE(directory + 16), crc32(document))
    assert.ok(document.length > 1 << 20)
  })

  it('is the same for the same hour, whenever it is made', async () => {
    const first = Buffer.from(await kmz(testMap()))
    assert.deepEqual(Buffer.from(await kmz(testMap())), first)
    // Year, month, day of the first entry. APPNOTE 4.4.6
    const date = new Date(testMap().consensus.validAfter)
    assert.equal(
      first.readUInt16LE(12),
      ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate(),
    )
  })
})
