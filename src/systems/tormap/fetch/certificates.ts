/** The authorities' certificates: kept, completed, each checked by its own signatures. */
import { parseCertificates } from '#proto/tordir/certificate.ts'
import type { AuthorityCertificate, Consensus } from '#proto/tordir/types.ts'
import { type Run, ask } from './ask.ts'
import { MAX_BYTES } from './bytes.ts'
import { FILES, readIfThere, replace } from './folder.ts'
import { splitCertificates } from './split.ts'
import type { Contact } from './types.ts'

/** Sources asked for certificates before it is done without. */
const TRIES = 4
/** Certificates that are kept; an authority makes a new one every few months. */
const MOST_KEPT = 200

interface Kept {
  readonly certificate: AuthorityCertificate
  readonly bytes: Uint8Array
}

/** The certificates in `bytes` that hold; the others are left out. */
export function goodCertificates(bytes: Uint8Array): readonly AuthorityCertificate[] {
  return keep(bytes).map(({ certificate }) => certificate)
}

function keep(bytes: Uint8Array): Kept[] {
  return splitCertificates(bytes).flatMap((one) => {
    try {
      return parseCertificates(one).map((certificate) => ({ certificate, bytes: one }))
    } catch {
      // A certificate that is wrong is as good as none: its signature will count as "no certificate".
      return []
    }
  })
}

/**
 * The certificates that this consensus was signed with, from the folder and, where some are missing, from the contacts:
 * first of all from the one that gave the consensus.
 */
export async function certificatesFor(
  run: Run,
  consensus: Consensus,
  giver: Contact | null,
): Promise<readonly AuthorityCertificate[]> {
  let kept = keep((await readIfThere(run.folder, FILES.certificates, MAX_BYTES.certificates)) ?? new Uint8Array())
  const others = run.contacts.filter((contact) => contact !== giver)
  for (const contact of [...(giver === null ? [] : [giver]), ...others].slice(0, TRIES)) {
    const missing = missingFrom(run, consensus, kept)
    if (missing.length === 0) break
    const question = {
      what: missing.length === 1 ? '1 certificate' : `${missing.length} certificates`,
      // dir-spec 4.2: by identity and signing key; tor answers what it has of them.
      path: `/tor/keys/fp-sk/${missing.join('+')}.z`,
      maxBytes: MAX_BYTES.certificates,
    }
    try {
      const fresh = await ask(run, contact, question, keep)
      kept = merge([...kept, ...fresh])
      await replace(
        run.folder,
        FILES.certificates,
        kept.map(({ bytes }) => bytes),
      )
    } catch (error) {
      if (run.signal.aborted) throw error
    }
  }
  return kept.map(({ certificate }) => certificate)
}

/** Adds the certificates in `bytes` to those of the folder. */
export async function addCertificates(folder: string, bytes: Uint8Array): Promise<readonly AuthorityCertificate[]> {
  const kept = (await readIfThere(folder, FILES.certificates, MAX_BYTES.certificates)) ?? new Uint8Array()
  const all = merge([...keep(kept), ...keep(bytes)])
  await replace(
    folder,
    FILES.certificates,
    all.map((one) => one.bytes),
  )
  return all.map(({ certificate }) => certificate)
}

/** `identity-signingkey` of signatures that would count if their certificate were here. */
function missingFrom(run: Run, consensus: Consensus, kept: readonly Kept[]): string[] {
  const trusted = new Set(run.trusted.map(({ identity }) => identity))
  const known = new Set(kept.map(({ certificate }) => name(certificate)))
  const wanted = consensus.signatures.filter(({ identity }) => trusted.has(identity)).map(name)
  return [...new Set(wanted)].filter((one) => !known.has(one))
}

function name({
  identity,
  signingKeyDigest,
}: {
  readonly identity: string
  readonly signingKeyDigest: string
}): string {
  return `${identity}-${signingKeyDigest}`
}

/** One of each, the newest first. */
function merge(all: readonly Kept[]): Kept[] {
  const unique = new Map(all.map((one) => [name(one.certificate), one]))
  return [...unique.values()].toSorted((a, b) => b.certificate.published - a.certificate.published).slice(0, MOST_KEPT)
}
