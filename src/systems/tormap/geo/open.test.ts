import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type CityResponse, Reader } from 'mmdb-lib'
import { exitCode } from '#core/errors.ts'
import { ipv4Text } from '#proto/netlink/address.ts'
import { writeMmdb } from './fixtures/write-mmdb.ts'
import { NOWHERE } from './geo.ts'
import { openAsn, openGeo } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'noc-geo-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const DAY = 86_400_000
const BUILT = 1_700_000_000
const now = BUILT * 1000 + 5 * DAY
const cacheFolder = join(folder, 'cache')
const cx = { cacheFolder, now }

const DE = { iso_code: 'DE' }
const NESTED = writeMmdb(
  {
    '192.0.2.0/25': {
      city: { names: { en: 'Falkenstein' } },
      country: DE,
      location: { latitude: 50.4777, longitude: 12.3649, accuracy_radius: 20 },
    },
    // What the large databases have for addresses of which only the country is known.
    '192.0.2.128/25': { country: DE, location: { latitude: 51.2993, longitude: 9.491, accuracy_radius: 200 } },
    '198.51.100.0/25': { country: { iso_code: 'EU' }, location: { latitude: 47, longitude: 8 } },
    '198.51.100.128/25': { city: { names: { en: 'Null' } }, location: { latitude: 0, longitude: 0 } },
    '2001:db8::/32': { country: { iso_code: 'is' } },
  },
  { type: 'GeoLite2-City', built: BUILT },
)

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('a geo database', () => {
  const city = file('city.mmdb', NESTED)

  it('tells cities with their accuracy, and countries as countries, at a point of our own inside them', async () => {
    const geo = await openGeo(city, cx)
    assert.ok(geo !== null)
    assert.deepEqual(geo.lookup('192.0.2.1'), {
      kind: 'city',
      country: 'DE',
      city: 'Falkenstein',
      longitude: 12.3649,
      latitude: 50.4777,
      radius: 20,
    })
    assert.deepEqual(geo.lookup('192.0.2.200'), {
      kind: 'country',
      country: 'DE',
      city: null,
      longitude: 9.94,
      latitude: 51.65,
      radius: null,
    })
    assert.equal(geo.lookup('2001:db8::1').country, 'IS')
    geo.close?.()
  })

  it('never places anything in the sea at 0,0, nor in a country that is none', async () => {
    const geo = await openGeo(city, cx)
    const places = ['198.51.100.1', '198.51.100.200', '203.0.113.1', 'relay.example', ''].map((a) => geo?.lookup(a))
    assert.deepEqual(places, [NOWHERE, NOWHERE, NOWHERE, NOWHERE, NOWHERE])
    geo?.close?.()
  })

  it('may have the flat schema, with numbers as texts', async () => {
    const place = { country_code: 'FR', city: 'Roubaix', latitude: 50.6942138671875, longitude: 3.1745600700378418 }
    const texts = { country: 'FR', city: 'Roubaix', lat: '50.6942', lng: '3.1746' }
    const flat = file('flat.mmdb', writeMmdb({ '192.0.2.0/25': place, '192.0.2.128/25': texts }, { version: 4 }))
    const geo = await openGeo(flat, cx)
    const found = ['192.0.2.1', '192.0.2.200'].map((address) => geo?.lookup(address))
    const roubaix = { kind: 'city', country: 'FR', city: 'Roubaix', longitude: 3.1746, latitude: 50.6942, radius: null }
    assert.deepEqual(found, [roubaix, roubaix])
    geo?.close?.()
  })

  it('says its licence, whom to thank, when it was built, and when it is too old', async () => {
    const young = await openGeo(city, cx)
    assert.deepEqual(young?.source, {
      name: 'GeoLite2-City',
      built: BUILT * 1000,
      licence: 'GeoLite End User License Agreement',
      attribution: 'This product includes GeoLite data created by MaxMind, available from https://www.maxmind.com.',
      warning: null,
    })
    const old = await openGeo(city, { cacheFolder, now: BUILT * 1000 + 31 * DAY })
    assert.match(old?.source.warning ?? '', /31 days old.*licence/)
    const dbip = file('dbip-city-ipv4.mmdb', writeMmdb({ '192.0.2.0/24': {} }, { type: 'city ipv4' }))
    const other = await openGeo(dbip, cx)
    assert.deepEqual([other?.source.name, other?.source.licence], ['dbip-city-ipv4', 'CC BY 4.0'])
    const own = await openGeo(
      file('own.mmdb', writeMmdb({ '192.0.2.0/24': {} }, { type: 'Own', description: 'Ours' })),
      cx,
    )
    assert.deepEqual([own?.source.licence, own?.source.attribution], ['not stated in the file', 'Geo data: Ours.'])
    for (const geo of [young, old, other, own]) geo?.close?.()
  })

  it('packed with gzip is unpacked once, and again when it is another', async () => {
    const packed = file('packed.mmdb.gz', gzipSync(NESTED))
    const open = async (): Promise<string[]> => {
      const geo = await openGeo(packed, cx)
      assert.equal(geo?.lookup('192.0.2.1').city, 'Falkenstein')
      assert.equal(geo?.source.name, 'GeoLite2-City')
      geo?.close?.()
      return readdirSync(cacheFolder)
    }
    const [first = '', ...others] = await open()
    assert.deepEqual(others, [])
    const { ino } = statSync(join(cacheFolder, first))
    assert.equal(statSync(join(cacheFolder, first)).mode & 0o777, 0o600)
    await Promise.all([open(), open()])
    assert.equal(statSync(join(cacheFolder, first)).ino, ino)
    utimesSync(packed, new Date(now), new Date(now))
    const second = await open()
    assert.equal(second.length, 1)
    assert.notEqual(second[0], first)
  })

  it('cut while packed is refused, and leaves nothing behind', async () => {
    const cut = file('cut.mmdb.gz', gzipSync(NESTED).subarray(0, 200))
    const cache = join(folder, 'cache-cut')
    await assert.rejects(openGeo(cut, { cacheFolder: cache, now }), { name: 'NocError', code: 'NOC_TORMAP_GEO_UNPACK' })
    assert.deepEqual(readdirSync(cache), [])
  })

  it('that is missing or something else is refused in words', async () => {
    mkdirSync(join(folder, 'folder.mmdb'))
    const broken: Readonly<Record<string, RegExp>> = {
      [join(folder, 'nothing.mmdb')]: /nothing\.mmdb can't be opened: there is no such file\.$/,
      [join(city, 'below.mmdb')]: /below\.mmdb can't be opened: there is no such file\.$/,
      [join(folder, 'folder.mmdb')]: /folder\.mmdb can't be opened: it is a folder\.$/,
      // A pipe that nobody writes to would be waited for.
      '/dev/null': /\/dev\/null can't be opened: it is no regular file\.$/,
      [file('letter.txt', 'Dear Sir,\n')]: /letter\.txt can't be opened: it is no MMDB file/,
      [file('empty.mmdb', '')]: /empty\.mmdb can't be opened: it is no MMDB file/,
      [file('letter.mmdb.gz', gzipSync('Dear Sir,\n'))]: /letter\.mmdb\.gz can't be opened: it is no MMDB file/,
    }
    for (const [path, message] of Object.entries(broken)) {
      const expected = { name: 'NocError', code: 'NOC_TORMAP_GEO_OPEN', exit: exitCode.usage, message }
      await assert.rejects(openGeo(path, cx), { ...expected, hint: /--geo/ })
      await assert.rejects(openAsn(path, cx), { ...expected, hint: /--asn/ })
    }
    assert.equal(await openGeo('none', cx), null)
  })

  it('that this user may not read is refused in words', async () => {
    const locked = file('locked.mmdb', NESTED)
    chmodSync(locked, 0)
    // Root may read anything, so it is nobody for a moment.
    const user = process.geteuid?.() ?? 0
    if (user === 0) process.seteuid?.(65_534)
    try {
      const expected = { message: /permission denied/, exit: exitCode.unable, hint: /as root/ }
      for (const open of [openGeo, openAsn]) await assert.rejects(open(locked, cx), expected)
    } finally {
      process.seteuid?.(user)
    }
  })
})

describe("tor's own GeoIP files", () => {
  it('give the country and nothing more', async () => {
    const head = '# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n# Vendor:    IPFire Project\n# License:   CC BY-SA 4.0\n'
    const geoip = file('geoip', `${head}3221225984,3221226239,DE\n3325256704,3325256959,??\n`)
    file('geoip6', `${head}2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,IS\n`)
    const geo = await openGeo(geoip, { cacheFolder, now: Date.parse('2026-07-01') })
    assert.deepEqual(
      ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1'].map((address) => geo?.lookup(address).country),
      ['DE', null, null, 'IS'],
    )
    assert.equal(geo?.lookup('192.0.2.1').kind, 'country')
    assert.equal(geo?.source.licence, 'CC BY-SA 4.0')
    assert.equal(geo?.source.built, Date.parse('2026-06-25T04:33:59Z'))
    assert.equal(geo?.source.warning, null)
    geo?.close?.()
  })
})

describe('a database of autonomous systems', () => {
  it('may give numbers as numbers or as texts', async () => {
    const bytes = writeMmdb({
      '192.0.2.0/25': { autonomous_system_number: 64_496, autonomous_system_organization: 'Example' },
      '192.0.2.128/25': { asn: 'AS64497', as_name: 'Other' },
      '198.51.100.0/24': { asn: 'nonsense' },
    })
    const asn = await openAsn(file('asn.mmdb', bytes), cx)
    const found = ['192.0.2.1', '192.0.2.200', '198.51.100.1', '203.0.113.1'].map((address) => asn?.lookup(address))
    assert.deepEqual(found, [{ number: 64_496, name: 'Example' }, { number: 64_497, name: 'Other' }, null, null])
    assert.equal(await openAsn(undefined, cx), null)
    asn?.close?.()
  })
})

const installed = (() => {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('geolite2-city/package.json'))
    const path = join(folder, 'GeoLite2-City.mmdb.gz')
    return existsSync(path) ? path : null
  } catch {
    return null
  }
})()

if (installed !== null) {
  describe('the installed city database', () => {
    if (existsSync('/usr/share/tor/geoip')) {
      it("is replaced by tor's countries, which say so, when it cannot be unpacked", async () => {
        const geo = await openGeo(undefined, { cacheFolder: join(file('no-folder', ''), 'cache') })
        assert.equal(geo?.source.name, 'tor-geoipdb')
        assert.match(geo?.source.warning ?? '', /^Only countries are known: .*can't be unpacked/)
        geo?.close?.()
      })
    }

    it('is taken by default, and says of any address what another reader says', async () => {
      const geo = await openGeo(undefined, { cacheFolder })
      const other = new Reader<CityResponse>(gunzipSync(readFileSync(installed)))
      let cities = 0
      for (let step = 0; step < 4000; step += 1) {
        const address = ipv4Text(Math.imul(step, 0x9e3779b1) >>> 0)
        const [place, record] = [geo?.lookup(address), other.get(address)]
        if (place?.kind !== 'city') continue
        cities += 1
        if (record?.country !== undefined) assert.equal(place.country, record.country.iso_code, address)
        assert.equal(place.city, record?.city?.names.en ?? null, address)
      }
      assert.ok(cities > 500)
      geo?.close?.()
    })
  })
}
