/**
 * What it costs to read and to check a consensus of 9,000 relays, beside python3-stem in the same run: the first document
 * of a new process, and further ones. With NOC_TOR_DATA (a folder with a real `cached-consensus`), relays are like real
 * ones; otherwise they are made up. Roles of this one file: the bare one makes the documents and compares, `read` reads.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { parseCertificates } from '#proto/tordir/certificate.ts'
import { createAuthority } from '#proto/tordir/compose/authority.ts'
import { composeConsensus } from '#proto/tordir/compose/consensus.ts'
import { parseConsensus } from '#proto/tordir/consensus.ts'
import type { Flavour, RelayEntry, TrustedAuthority } from '#proto/tordir/types.ts'
import { verifyConsensus } from '#proto/tordir/verify.ts'

const SELF = fileURLToPath(import.meta.url)
const RELAYS = 9_000
const MANY_RELAYS = 50_000
const ROUNDS = 7
/** Documents that a process reads after its first. */
const MORE = { noc: 40, stem: 2 }
const VALID_AFTER = Date.UTC(2026, 0, 1)

/** ms of wall clock and of CPU, all threads. */
interface Cost {
  readonly wall: number
  readonly cpu: number
}

interface Reading {
  /** Of each document, the first of the process first. */
  readonly parse: readonly Cost[]
  /** Certificates and signatures; stem has no part in this. */
  readonly verify: readonly Cost[]
  readonly state: string
  /** MiB that the process grew by with its first document. */
  readonly growth: number
}

function measured<T>(costs: Cost[], work: () => T): T {
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  const result = work()
  const { user, system } = process.cpuUsage(cpu)
  costs.push({ wall: performance.now() - began, cpu: (user + system) / 1000 })
  return result
}

/** Role `read`: FILE CERTIFICATES TRUSTED TIMES. */
function read([file = '', certificates = '', trusted = '', times = '']: readonly string[]): Reading {
  const before = process.memoryUsage.rss()
  const authorities = JSON.parse(trusted) as readonly TrustedAuthority[]
  const bytes = readFileSync(file)
  const [parse, verify]: [Cost[], Cost[]] = [[], []]
  let [state, growth] = ['', 0]
  for (let time = 0; time <= Number(times); time += 1) {
    const consensus = measured(parse, () => parseConsensus(bytes))
    state = measured(verify, () => {
      const known = parseCertificates(readFileSync(certificates))
      return verifyConsensus(bytes, consensus, known, authorities, consensus.validAfter).state
    })
    if (time === 0) growth = (process.memoryUsage.rss() - before) / 1_048_576
  }
  return { parse, verify, state, growth }
}

const STEM = `
import io, json, sys, time
import stem.descriptor
from stem.descriptor import DocumentHandler
path, kind, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = open(path, 'rb').read()
taken = []
for _ in range(times + 1):
  wall, cpu = time.perf_counter(), time.process_time()
  document = next(stem.descriptor.parse_file(
    io.BytesIO(data), kind, validate = True, document_handler = DocumentHandler.DOCUMENT))
  len(document.routers)
  taken.append({'wall': (time.perf_counter() - wall) * 1000, 'cpu': (time.process_time() - cpu) * 1000})
print(json.dumps(taken))
`
const STEM_KIND: Readonly<Record<Flavour, string>> = {
  ns: 'network-status-consensus-3 1.0',
  microdesc: 'network-status-microdesc-consensus-3 1.0',
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

function output(program: string, argv: readonly string[]): unknown {
  const { status, stdout, stderr, error } = spawnSync(program, argv, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`)
  return JSON.parse(stdout)
}

/** Relays as the real network has them, or made up with as many different lines. */
function examples(flavour: Flavour): readonly RelayEntry[] {
  const file = join(
    process.env['NOC_TOR_DATA'] ?? '',
    flavour === 'ns' ? 'cached-consensus' : 'cached-microdesc-consensus',
  )
  if (process.env['NOC_TOR_DATA'] !== undefined && existsSync(file)) return parseConsensus(readFileSync(file)).relays
  return Array.from({ length: 2_000 }, (_, index) => ({
    nickname: `relay${index}`.padEnd(6 + (index % 13), 'x'),
    fingerprint: '',
    digest: '',
    published: flavour === 'ns' ? VALID_AFTER - ((index * 7919) % 64_800) * 1000 : null,
    address: `192.0.2.${index % 256}`,
    orPort: 9001 + (index % 50),
    dirPort: index % 3 === 0 ? 9030 : 0,
    otherAddresses:
      index % 9 < 4 ? [`[2001:db8:${(index % 999).toString(16)}::${(index % 77).toString(16)}]:9001`] : [],
    flags: ['Exit', 'Fast', 'Guard', 'HSDir', 'Running', 'Stable', 'V2Dir', 'Valid'].filter(
      (_, bit) => bit === 4 || bit === 7 || ((index * 2654435761) >>> (bit + 8)) % 3 > 0,
    ),
    version: `Tor 0.4.${7 + (index % 3)}.${index % 23}`,
    weight: (index * 48271) % 200_000,
    unmeasured: index % 20 === 0,
    exitPolicy:
      flavour === 'ns'
        ? index % 4 === 0
          ? `accept 20-23,43,53,80,443,${1000 + (index % 900)}`
          : 'reject 1-65535'
        : null,
    protocols: `Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-${1 + (index % 4)} Link=1-5 LinkAuth=1,3 Microdesc=1-2 Padding=2 Relay=1-${2 + (index % 7)}`,
  }))
}

/** As many relays as wanted, each with an identity of its own. */
function relays(flavour: Flavour, count: number): readonly RelayEntry[] {
  const from = examples(flavour)
  return Array.from({ length: count }, (_, index) => ({
    ...(from[(index * 31) % from.length] as RelayEntry),
    fingerprint: randomBytes(20).toString('hex').toUpperCase(),
    digest:
      flavour === 'ns'
        ? randomBytes(20).toString('hex').toUpperCase()
        : randomBytes(32).toString('base64').slice(0, 43),
  }))
}

const PYTHON = '/usr/bin/python3'

/** Wall clock, and CPU for machines that do other things at the same time. */
function report(title: string, ours: readonly Cost[], stem: readonly Cost[]): void {
  const columns = (['wall', 'cpu'] as const).map((key) => {
    const [a, b] = [median(ours.map((cost) => cost[key])), median(stem.map((cost) => cost[key]))]
    return `${key} ${a.toFixed(1).padStart(6)} ms, stem ${b.toFixed(0).padStart(5)} ms: ${(b / a).toFixed(0).padStart(3)}x`
  })
  console.log(`${title.padEnd(36)} ${columns.join('    ')}`)
}

const sum = ({ parse, verify }: Reading): readonly Cost[] =>
  parse.map(({ wall, cpu }, index) => ({
    wall: wall + (verify[index]?.wall ?? 0),
    cpu: cpu + (verify[index]?.cpu ?? 0),
  }))

/** What a round needs. */
interface Bench {
  /** Writes a signed consensus; its path. */
  readonly write: (flavour: Flavour, relays: number) => string
  /** Reads it in a process of its own. */
  readonly noc: (file: string) => Reading
}

async function prepare(folder: string): Promise<Bench> {
  const program = join(folder, 'read.mjs')
  // As it is installed: one file. Else the first document would wait for the compiler.
  await build({
    entryPoints: [SELF],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['esbuild'],
    logLevel: 'error',
  })
  const names = Array.from({ length: 9 }, (_, index) => `authority${index}`)
  const authorities = await Promise.all(names.map((name) => createAuthority(name, { published: VALID_AFTER })))
  const certificates = join(folder, 'certificates')
  writeFileSync(certificates, authorities.map(({ certificate }) => certificate).join(''))
  const trusted = JSON.stringify(authorities.map((authority) => authority.trusted))
  return {
    write: (flavour, count) => {
      const file = join(folder, `${flavour}-${count}`)
      const all = relays(flavour, count)
      writeFileSync(file, composeConsensus({ flavour, validAfter: VALID_AFTER, relays: all, authorities }))
      return file
    },
    noc: (file) =>
      output(process.execPath, [program, 'read', file, certificates, trusted, String(MORE.noc)]) as Reading,
  }
}

function compare(flavour: Flavour, { write, noc }: Bench): void {
  const file = write(flavour, RELAYS)
  const [ours, stem]: [Reading[], Cost[][]] = [[], []]
  for (let round = 0; round < ROUNDS; round += 1) {
    stem.push(output(PYTHON, ['-c', STEM, file, STEM_KIND[flavour], String(MORE.stem)]) as Cost[])
    ours.push(noc(file))
  }
  const first = (costs: readonly (readonly Cost[])[]): readonly Cost[] => costs.flatMap((all) => all.slice(0, 1))
  const further = (costs: readonly (readonly Cost[])[]): readonly Cost[] => costs.flatMap((all) => all.slice(1))
  const parse = ours.map((reading) => reading.parse)
  report(`${flavour}: first of a process`, first(parse), first(stem))
  report(`${flavour}: further ones`, further(parse), further(stem))
  report(`${flavour}: first, with signatures`, first(ours.map(sum)), first(stem))
  report(`${flavour}: further, with signatures`, further(ours.map(sum)), further(stem))
  const cpu = (costs: readonly Cost[]): number => median(costs.map((cost) => cost.cpu))
  const many = cpu(further([noc(write(flavour, MANY_RELAYS)).parse])) / MANY_RELAYS
  console.log(
    `${flavour}: ${ours[0]?.state}; a process grows by ${median(ours.map(({ growth }) => growth)).toFixed(0)} MiB; ` +
      `a relay among ${MANY_RELAYS} costs ${(many / (cpu(further(parse)) / RELAYS)).toFixed(2)}x of one among ${RELAYS}\n`,
  )
}

async function main(folder: string): Promise<void> {
  const bench = await prepare(folder)
  const like = process.env['NOC_TOR_DATA'] === undefined ? 'made up' : 'like real ones'
  console.log(`${RELAYS} relays ${like}, ${ROUNDS} rounds, every program once a round in a new process; medians\n`)
  compare('ns', bench)
  compare('microdesc', bench)
}

if (process.argv[2] === 'read') console.log(JSON.stringify(read(process.argv.slice(3))))
else {
  const folder = mkdtempSync(join(tmpdir(), 'noc-bench-'))
  try {
    await main(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
