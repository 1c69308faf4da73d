/** `noc tormap verify`. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { NocError, exitCode, reasonOf } from '#core/errors.ts'
import { table } from '#core/tui/table.ts'
import { parseConsensus } from '#proto/tordir/consensus.ts'
import { parseMicrodescriptors } from '#proto/tordir/microdescriptor.ts'
import { parseServerDescriptors } from '#proto/tordir/server-descriptor.ts'
import type { AuthorityCertificate, SignatureState, Verification } from '#proto/tordir/types.ts'
import { verifyConsensus } from '#proto/tordir/verify.ts'
import { parseTime } from './cli-input.ts'
import type { TormapConfig } from './config.ts'
import { MAX_BYTES, readDocument } from './fetch/bytes.ts'
import { goodCertificates } from './fetch/certificates.ts'
import { FILES } from './fetch/folder.ts'
import { trustedBy } from './fetch/sources.ts'
import { splitCertificates } from './fetch/split.ts'
import { NOBODY_SIGNED } from './read-onionoo.ts'
import { authorityLines, certificatesBeside, isFolder, isJson, withoutAnnotation } from './read.ts'
import { timeText, verifiedText } from './words.ts'

/** What `noc tormap verify` receives (index.ts). */
export interface VerifyInput {
  readonly flags: {
    readonly certs: string | undefined
    readonly authorities: readonly string[]
    readonly at: string | undefined
  }
  readonly args: readonly string[]
}

/** What is said of one file. */
interface Judged {
  readonly file: string
  readonly kind: 'consensus' | 'certificates' | 'descriptors' | 'microdescriptors' | 'onionoo' | 'unknown'
  readonly good: boolean
  /** One sentence. */
  readonly why: string
  /** Of a consensus; times are ms since 1970. */
  readonly consensus?: {
    readonly flavour: string
    readonly validAfter: number
    readonly validUntil: number
    readonly relays: number
  }
  readonly verified?: Verification
}

interface Document {
  readonly file: string
  readonly bytes: Uint8Array
}

/** How documents are told apart. */
const KINDS: readonly (readonly [RegExp, Judged['kind']])[] = [
  [/^network-status-version /, 'consensus'],
  [/^dir-key-certificate-version /m, 'certificates'],
  [/^router /m, 'descriptors'],
  [/^onion-key$/m, 'microdescriptors'],
  [/^\s*\{/, 'onionoo'],
]
/** The first keyword stands here, behind annotations. */
const HEAD_BYTES = 1024

/** `noc tormap verify FILE...`: exit 0 when all of it is good. */
export async function verify({ flags, args }: VerifyInput, cx: CommandContext): Promise<number> {
  const files = (await Promise.all(args.map(expand))).flat()
  const documents = await Promise.all(
    files.map(async (file) => ({ file, bytes: withoutAnnotation(await readDocument(file, MAX_BYTES.descriptors)) })),
  )
  const config = await cx.config<TormapConfig>()
  const lines = flags.authorities.length > 0 ? await authorityLines(flags.authorities) : config.authorities
  const now = systemClock.now()
  const at = flags.at === undefined ? null : parseTime(flags.at, now)
  const certificates = await certificatesFor(documents, flags.certs)
  const named = new Set<string>()
  const judgement = { certificates, lines, at, now, named }
  // Consensuses first: nothing but their word is there for microdescriptors.
  const [first, rest] = [documents.filter(isConsensus), documents.filter((document) => !isConsensus(document))]
  const judged = [...first, ...rest].map((document) => judge(document, judgement))
  const isGood = judged.every(({ good }) => good)
  if (cx.json) cx.out.json({ good: isGood, files: judged })
  else for (const one of judged) print(one, cx)
  return isGood ? exitCode.ok : exitCode.found
}

/** A folder stands for the documents in it. */
async function expand(path: string): Promise<string[]> {
  if (!isFolder(path)) return [path]
  const { consensus, certificates, descriptors, journal } = FILES
  const names = [consensus, descriptors, journal].flatMap((pair) => [pair.ns, pair.microdesc])
  const there = new Set(await readdir(path))
  const found = [certificates, ...names].filter((name) => there.has(name))
  if (found.length > 0) return found.map((name) => join(path, name))
  throw new NocError('NOC_TORMAP_FOLDER', `The folder ${path} has no document of the directory.`, {
    exit: exitCode.usage,
    hint: `Looked for: ${[certificates, ...names].join(', ')}.`,
  })
}

async function certificatesFor(
  documents: readonly Document[],
  named: string | undefined,
): Promise<readonly AuthorityCertificate[]> {
  const own = documents.filter(({ bytes }) => kindOf(bytes) === 'certificates').map(({ bytes }) => bytes)
  if (named !== undefined) own.push(await readDocument(named, MAX_BYTES.certificates))
  if (own.length > 0) return own.flatMap(goodCertificates)
  const files = documents
    .filter(({ bytes }) => kindOf(bytes) === 'consensus')
    .map(({ file }) => certificatesBeside(file))
  const unique = [...new Set(files.filter((file) => file !== null))]
  return (await Promise.all(unique.map((file) => readDocument(file, MAX_BYTES.certificates)))).flatMap(goodCertificates)
}

function kindOf(bytes: Uint8Array): Judged['kind'] {
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString('latin1')
  if (isJson(bytes)) return 'onionoo'
  return KINDS.find(([pattern]) => pattern.test(head))?.[1] ?? 'unknown'
}

function isConsensus({ bytes }: Document): boolean {
  return kindOf(bytes) === 'consensus'
}

interface Judgement {
  /** Digests of descriptors that a good consensus names. */
  readonly named: Set<string>
  readonly certificates: readonly AuthorityCertificate[]
  readonly lines: readonly string[]
  readonly at: number | null
  readonly now: number
}

function judge({ file, bytes }: Document, judgement: Judgement): Judged {
  const kind = kindOf(bytes)
  try {
    switch (kind) {
      case 'consensus':
        return { file, ...judgeConsensus(bytes, judgement) }
      case 'certificates':
        return { file, kind, ...judgeCertificates(bytes) }
      case 'descriptors':
        return {
          file,
          kind,
          ...judgeMany(parseServerDescriptors(bytes), 'server descriptors, each signed by its relay'),
        }
      case 'microdescriptors':
        return { file, kind, ...judgeMicrodescriptors(bytes, judgement.named) }
      case 'onionoo':
        return { file, kind, good: false, why: NOBODY_SIGNED }
      case 'unknown':
        return { file, kind, good: false, why: 'This is no document of the directory.' }
    }
  } catch (error) {
    return { file, kind, good: false, why: reasonOf(error) }
  }
}

function judgeConsensus(bytes: Uint8Array, { certificates, lines, at, now, named }: Judgement): Omit<Judged, 'file'> {
  const consensus = parseConsensus(bytes)
  const { flavour, validAfter, validUntil, relays } = consensus
  const time = at ?? Math.min(now, validAfter)
  const verified = verifyConsensus(bytes, consensus, certificates, trustedBy(lines, time), time)
  if (verified.state === 'good') for (const { digest } of relays) named.add(digest)
  return {
    kind: 'consensus',
    good: verified.state === 'good',
    why: verified.state === 'good' ? verifiedText(verified) : verified.why,
    consensus: { flavour, validAfter, validUntil, relays: relays.length },
    verified,
  }
}

function judgeCertificates(bytes: Uint8Array): Pick<Judged, 'good' | 'why'> {
  const all = splitCertificates(bytes).length
  const good = goodCertificates(bytes).length
  return { good: good === all && all > 0, why: `${good} of ${all} certificates hold.` }
}

function judgeMany(
  {
    documents,
    refused,
  }: {
    readonly documents: readonly unknown[]
    readonly refused: readonly { readonly offset: number; readonly why: string }[]
  },
  what: string,
): Pick<Judged, 'good' | 'why'> {
  const [first] = refused
  if (first === undefined) return { good: documents.length > 0, why: `${documents.length} ${what}.` }
  return {
    good: false,
    why: `${refused.length} of ${documents.length + refused.length} are refused; the first: ${first.why}.`,
  }
}

/** Nobody signs a microdescriptor: it is genuine when a good consensus names its digest. */
function judgeMicrodescriptors(bytes: Uint8Array, named: ReadonlySet<string>): Pick<Judged, 'good' | 'why'> {
  const { documents, refused } = parseMicrodescriptors(bytes)
  if (refused.length > 0) return judgeMany({ documents, refused }, '')
  const known = documents.filter(({ digest }) => named.has(digest)).length
  const why = `${known} of ${documents.length} microdescriptors are named by a good consensus among these files`
  return { good: known > 0, why: `${why}${known < documents.length ? '; nobody vouches for the others' : ''}.` }
}

const CERTIFICATES_HINT = 'Name a file of certificates too; tor keeps them as cached-certs, beside its consensus.'

const STATE_WORDS: Readonly<Record<SignatureState, string>> = {
  good: 'good',
  bad: 'BAD',
  'no-certificate': 'no certificate to check it with',
  'expired-certificate': 'the certificate has expired',
  'not-trusted': 'not a trusted authority',
  unsupported: 'not of the hash that counts',
}

function print({ file, good, why, consensus, verified }: Judged, { out }: CommandContext): void {
  out.line(`${out.ink(good ? 'ok' : 'critical', good ? 'good' : 'NOT GOOD')}  ${out.ink('strong', file)}`)
  out.line(`  ${out.ink('faint', why)}`)
  const isUnknown = verified?.signatures.some(({ state }) => state === 'no-certificate') === true
  if (verified?.state === 'unverified' && isUnknown) out.line(out.ink('faint', `  ${CERTIFICATES_HINT}`))
  if (consensus === undefined || verified === undefined) return
  const { flavour, validAfter, validUntil, relays } = consensus
  out.line(`  ${flavour}, ${relays} relays, valid from ${timeText(validAfter)} to ${timeText(validUntil)}`)
  const rows = verified.signatures.map(({ nickname, identity, state }) => [
    { text: STATE_WORDS[state], ink: state === 'good' ? 'ok' : 'warning' } as const,
    nickname,
    identity,
  ])
  const columns = [{ title: 'SIGNATURE' }, { title: 'AUTHORITY' }, { title: 'IDENTITY', drop: 1 }]
  const options = { columns: out.terminal ? out.columns() - 2 : Infinity, ink: out.ink.bind(out) }
  for (const line of table(columns, rows, options)) out.line(`  ${line}`)
}
