/** The newest consensus from the contacts: a diff where one is there already, verified before it is kept. */
import { NocError, exitCode, reasonOf } from '#core/errors.ts'
import { parseConsensus } from '#proto/tordir/consensus.ts'
import { applyConsensusDiff, consensusDiffDigest } from '#proto/tordir/diff.ts'
import type { Consensus, Verification } from '#proto/tordir/types.ts'
import { verifyConsensus } from '#proto/tordir/verify.ts'
import { type Question, type Run, ask } from './ask.ts'
import { MAX_BYTES } from './bytes.ts'
import { certificatesFor } from './certificates.ts'
import { FILES, keepPrevious, readIfThere, remove, replace } from './folder.ts'
import { NO_SOCKS } from './request.ts'
import type { Contact } from './types.ts'

/** Sources asked for a consensus before it is given up. */
const TRIES = 8
/** What a diff begins with (dir-spec 4.6.1). */
const DIFF = 'network-status-diff-version 1'

/** A consensus that was checked. */
export interface Checked {
  readonly bytes: Uint8Array
  readonly consensus: Consensus
  readonly verification: Verification
  /** Made from the one before and a difference. */
  readonly isDiff: boolean
}

/** The consensus after a fetch. */
export interface Got extends Checked {
  readonly isNew: boolean
  readonly from: Contact | null
}

/** What is in the folder when it is fresh; else the newest that a contact has; else, while it is valid, what is there. */
export async function getConsensus(run: Run): Promise<Got> {
  const { flavour } = run.config
  const now = run.clock.now()
  const there = await checkedFile(run, FILES.consensus[flavour], null)
  if (there !== null && isUsable(there, now) && there.consensus.freshUntil > now && run.force !== true) {
    return { ...there, isNew: false, from: null }
  }
  // An earlier run got it, and was interrupted before it had the certificates.
  const waiting = await checkedFile(run, FILES.unverified[flavour], there)
  if (waiting !== null && waiting.consensus.freshUntil > now) return keep(run, waiting, null)
  const base = there?.verification.state === 'good' ? there : null
  const asked = run.contacts.slice(0, TRIES)
  let why = ''
  for (const contact of asked) {
    const found = await askFor(run, contact, base)
    if (typeof found !== 'string') return found
    why = found
  }
  if (there !== null && isUsable(there, now)) {
    run.tell({ event: 'note', text: 'Nobody has a newer consensus; the one that is here is still valid.' })
    return { ...there, isNew: false, from: null }
  }
  throw new NocError(
    'NOC_TORMAP_NOBODY',
    `No consensus that holds from any of ${asked.length} sources; the last: ${why}.`,
    {
      hint: 'Is this machine online? `noc tormap fetch --source tor` takes what a tor on this machine has, and asks nobody.',
    },
  )
}

function isUsable({ consensus, verification }: Checked, now: number): boolean {
  return verification.state === 'good' && consensus.validUntil > now
}

/** A consensus of the folder; null when there is none, when it is not newer than `than`, or does not hold. */
async function checkedFile(run: Run, name: string, than: Checked | null): Promise<Checked | null> {
  try {
    const bytes = await readIfThere(run.folder, name, MAX_BYTES.consensus)
    return bytes === null ? null : await check(run, bytes, than, null)
  } catch (error) {
    if (run.signal.aborted) throw error
    run.tell({ event: 'note', text: `${name} is not used: ${reasonOf(error)}` })
    return null
  }
}

/** What a contact gave, or why it gave nothing. */
async function askFor(run: Run, contact: Contact, base: Checked | null): Promise<Got | string> {
  const { flavour } = run.config
  const name = flavour === 'ns' ? 'consensus' : 'consensus-microdesc'
  const question: Question = {
    what: 'consensus',
    path: `/tor/status-vote/current/${name}.z`,
    maxBytes: MAX_BYTES.consensus,
  }
  const withDiff = base === null ? question : { ...question, headers: headersFor(base) }
  const use = (answer: Uint8Array): Promise<Checked> => check(run, answer, base, contact)
  try {
    return await keep(run, await ask(run, contact, withDiff, use), contact)
  } catch (error) {
    if (run.signal.aborted || !(error instanceof BadDiff)) return giveUp(run, error)
  }
  // The diff was wrong, which says nothing of what it was made from.
  try {
    return await keep(run, await ask(run, contact, question, use), contact)
  } catch (error) {
    return giveUp(run, error)
  }
}

/** Asks for what is newer only, and for the difference where the source can make it (dir-spec 4.5 and 4.6). */
function headersFor({ bytes, consensus }: Checked): Record<string, string> {
  return {
    'x-or-diff-from-consensus': consensusDiffDigest(bytes),
    'if-modified-since': new Date(consensus.validAfter).toUTCString(),
  }
}

function giveUp(run: Run, error: unknown): string {
  if (run.signal.aborted || !(error instanceof NocError)) throw error
  if (error.code === 'NOC_TORMAP_WRITE' || error.code === NO_SOCKS) throw error
  return reasonOf(error).replace(/\.$/, '')
}

/** The diff that a source gave does not lead to a consensus that holds. */
class BadDiff extends NocError {}

/**
 * Parses and verifies; a consensus that is not newer than `than` is refused. `giver`: who sent it, perhaps as a diff;
 * null for what lies here.
 */
async function check(run: Run, answer: Uint8Array, than: Checked | null, giver: Contact | null): Promise<Checked> {
  const isDiff = giver !== null && Buffer.from(answer.subarray(0, DIFF.length)).toString('latin1') === DIFF
  if (!isDiff || than === null) return checkWhole(run, answer, than, giver)
  try {
    return { ...(await checkWhole(run, applyConsensusDiff(than.bytes, answer), than, giver)), isDiff }
  } catch (error) {
    if (run.signal.aborted) throw error
    throw new BadDiff('NOC_TORMAP_DIFF', `the diff does not fit: ${reasonOf(error)}`, { cause: error })
  }
}

async function checkWhole(run: Run, bytes: Uint8Array, than: Checked | null, giver: Contact | null): Promise<Checked> {
  const { config, clock, trusted } = run
  const isFetched = giver !== null
  const consensus = parseConsensus(bytes)
  if (consensus.flavour !== config.flavour) throw refused(`it is of the flavour ${consensus.flavour}`)
  if (than !== null && consensus.validAfter <= than.consensus.validAfter)
    throw refused('it is not newer than what is here')
  if (isFetched && consensus.validUntil <= clock.now()) throw refused('it is not valid any more')
  if (isFetched) await replace(run.folder, FILES.unverified[config.flavour], [bytes])
  const certificates = await certificatesFor(run, consensus, giver)
  // One that lies here is judged at its own time: even an old one is good to make a newer one from a diff.
  const at = isFetched ? clock.now() : Math.min(clock.now(), consensus.validAfter)
  const verification = verifyConsensus(bytes, consensus, certificates, trusted, at)
  if (verification.state !== 'good') {
    // `unverified`: with certificates that could not be had now, it may hold later.
    if (isFetched && verification.state === 'bad') await remove(run.folder, FILES.unverified[config.flavour])
    throw refused(verification.why)
  }
  return { bytes, consensus, verification, isDiff: false }
}

async function keep(run: Run, checked: Checked, from: Contact | null): Promise<Got> {
  const { flavour } = run.config
  await keepPrevious(run.folder, flavour)
  await replace(run.folder, FILES.consensus[flavour], [checked.bytes])
  await remove(run.folder, FILES.unverified[flavour])
  return { ...checked, isNew: true, from }
}

function refused(why: string): NocError {
  return new NocError('NOC_TORMAP_REFUSED', why, { exit: exitCode.unable })
}
