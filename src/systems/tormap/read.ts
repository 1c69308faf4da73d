/** From files, or from what was fetched, to the map: read, parsed, verified, placed. */
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NocError, exitCode } from '#core/errors.ts'
import { plain } from '#core/plain.ts'
import { parseConsensus } from '#proto/tordir/consensus.ts'
import { parseMicrodescriptors } from '#proto/tordir/microdescriptor.ts'
import { parseServerDescriptors } from '#proto/tordir/server-descriptor.ts'
import type { Consensus, TrustedAuthority, Verification } from '#proto/tordir/types.ts'
import { verifyConsensus } from '#proto/tordir/verify.ts'
import { assemble } from './assemble.ts'
import { MAX_BYTES, readDocument } from './fetch/bytes.ts'
import { goodCertificates } from './fetch/certificates.ts'
import { FILES, newestDocuments } from './fetch/folder.ts'
import { trustedBy } from './fetch/sources.ts'
import type { Documents } from './fetch/types.ts'
import type { AsnLookup, Geo } from './geo/geo.ts'
import { openAsn, openGeo } from './geo/open.ts'
import { onionooMap } from './read-onionoo.ts'
import type { RelayMap } from './types.ts'

/** What a map is made from: files as the operator named them. */
export interface MapInput {
  /** A consensus, Onionoo JSON, or a folder as tor keeps it. */
  readonly consensus: string
  readonly certs?: string
  readonly microdescs?: readonly string[]
  readonly descriptors?: readonly string[]
  readonly geo?: string
  readonly asn?: string
  /** `DirAuthority` lines, or files that hold some. */
  readonly authorities?: readonly string[]
  /** Verify as of this time; absent: the time of the consensus itself, as long as that is not in the future. */
  readonly at?: number
  readonly now: number
  /** Where unpacked databases may be kept. */
  readonly cacheFolder: string
}

/** How documents are judged and placed. */
export interface MapOptions {
  readonly geo: Geo | null
  readonly asn: AsnLookup | null
  /** Absent: the authorities of the public network at that time. */
  readonly trusted?: readonly TrustedAuthority[]
  readonly at?: number
  readonly now: number
  readonly sample?: boolean
  /** First hour of the history that has a relay. */
  readonly firstSeen?: (fingerprint: string) => number | null
}

/** A map, and what of its documents could not be used, one sentence each. */
export interface Mapped {
  readonly map: RelayMap
  readonly notes: readonly string[]
}

/** Reads the named files and makes the map; `bytes` is the consensus (or the JSON) as it was signed. */
export async function readMap(input: MapInput): Promise<Mapped & { readonly bytes: Uint8Array }> {
  const documents = await readDocuments(input)
  const lines = await authorityLines(input.authorities ?? [])
  const [geo, asn] = await Promise.all([openGeo(input.geo, input), openAsn(input.asn, input)])
  const { now, at } = input
  const trusted = lines.length === 0 ? {} : { trusted: trustedBy(lines, now) }
  try {
    const mapped = mapOf(documents, { geo, asn, now, ...trusted, ...(at === undefined ? {} : { at }) })
    return { ...mapped, bytes: documents.consensus }
  } catch (error) {
    throw inFile(input.consensus, error)
  } finally {
    geo?.close?.()
    asn?.close?.()
  }
}

/** Makes the map of documents that are in memory already. */
export function mapOf(documents: Documents, options: MapOptions): Mapped {
  const { geo, asn, firstSeen, sample = false } = options
  if (isJson(documents.consensus)) return { map: onionooMap(documents.consensus, options), notes: [] }
  const consensus = parseConsensus(documents.consensus)
  const verification = judge(documents, consensus, options)
  const microdescriptors = documents.microdescriptors.map(parseMicrodescriptors)
  const isVouched = verification.state === 'good' && documents.descriptors.length > 0
  const vouched = new Set(isVouched ? consensus.relays.map(({ digest }) => digest) : [])
  const descriptors = documents.descriptors.map((file) => parseServerDescriptors(file, vouched))
  const map = assemble({
    consensus,
    verification,
    sample,
    microdescriptors: microdescriptors.flatMap((file) => file.documents),
    descriptors: descriptors.flatMap((file) => file.documents),
    geo,
    asn,
    ...(firstSeen === undefined ? {} : { firstSeen }),
  })
  const refused = [...microdescriptors, ...descriptors].flatMap((file) => file.refused)
  const [first] = refused
  const notes =
    first === undefined ? [] : [`${refused.length} of the descriptors are not used; the first: ${plain(first.why)}.`]
  return { map, notes }
}

function judge(documents: Documents, consensus: Consensus, { trusted, at, now }: MapOptions): Verification {
  // A document of the past is judged at its own time; one of the future has to wait for it.
  const time = at ?? Math.min(now, consensus.validAfter)
  const certificates = documents.certificates.flatMap(goodCertificates)
  return verifyConsensus(documents.consensus, consensus, certificates, trusted ?? trustedBy([], time), time)
}

async function readDocuments(input: MapInput): Promise<Documents> {
  const { consensus: file } = input
  const all = isFolder(file) ? await folderDocuments(file) : await fileDocuments(file, input.certs === undefined)
  const read = (files: readonly string[] | undefined): Promise<Uint8Array[]> =>
    Promise.all((files ?? []).map((one) => readDocument(one, MAX_BYTES.descriptors)))
  const [microdescriptors, descriptors] = await Promise.all([read(input.microdescs), read(input.descriptors)])
  return {
    consensus: all.consensus,
    certificates:
      input.certs === undefined ? all.certificates : [await readDocument(input.certs, MAX_BYTES.certificates)],
    microdescriptors: [...all.microdescriptors, ...microdescriptors],
    descriptors: [...all.descriptors, ...descriptors],
  }
}

async function folderDocuments(folder: string): Promise<Documents> {
  const documents = await newestDocuments(folder)
  if (documents !== null) return documents
  throw new NocError('NOC_TORMAP_FOLDER', `There is no consensus in ${folder}.`, {
    exit: exitCode.usage,
    hint: `Name a file, or a folder with ${FILES.consensus.ns} or ${FILES.consensus.microdesc}, such as tor's DataDirectory.`,
  })
}

async function fileDocuments(file: string, besides: boolean): Promise<Documents> {
  const consensus = withoutAnnotation(await readDocument(file, MAX_BYTES.onionoo))
  const certs = besides ? certificatesBeside(file) : null
  const certificates = certs === null ? [] : [await readDocument(certs, MAX_BYTES.certificates)]
  return { consensus, certificates, microdescriptors: [], descriptors: [] }
}

/** The certificates that lie in a consensus' folder, as tor leaves them; null when there are none. */
export function certificatesBeside(file: string): string | null {
  const certs = join(dirname(file), FILES.certificates)
  return file !== '-' && existsSync(certs) ? certs : null
}

/** CollecTor puts a line such as `@type network-status-consensus-3 1.0` before the document; it is not signed. */
export function withoutAnnotation(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0x40 ? bytes.subarray(bytes.indexOf(0x0a) + 1) : bytes
}

/** Whether a document is JSON, that is Onionoo's: nothing of the directory begins with a brace. */
export function isJson(bytes: Uint8Array): boolean {
  return /^\s*\{/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'))
}

/** Whether a path is a folder. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** The DirAuthority lines in what `--authorities` was given: lines themselves, or files such as a torrc. */
export async function authorityLines(values: readonly string[]): Promise<readonly string[]> {
  const found = values.map(async (value) => {
    const isLine = DIR_AUTHORITY.test(value)
    const text = isLine ? value : Buffer.from(await readDocument(value, MAX_BYTES.certificates)).toString()
    const lines = text.split('\n').map((line) => line.trim())
    const authorities = lines.filter((line) => DIR_AUTHORITY.test(line))
    if (authorities.length > 0) return authorities
    throw new NocError('NOC_TORMAP_AUTHORITIES', `There is no DirAuthority line in ${value}.`, { exit: exitCode.usage })
  })
  return (await Promise.all(found)).flat()
}

const DIR_AUTHORITY = /^DirAuthority\s/i

/** The same refusal with the file's name in front. */
function inFile(file: string, error: unknown): unknown {
  if (!(error instanceof NocError)) return error
  const { code, message, hint, exit } = error
  return new NocError(code, `${file}: ${message}`, { cause: error, exit, ...(hint === undefined ? {} : { hint }) })
}
