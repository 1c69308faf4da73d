/** What a tor on this machine has fetched for itself: read, verified again, and copied into our folder. Nobody is asked. */
import { NocError, exitCode } from '#core/errors.ts'
import { text, duration } from '#core/units.ts'
import { parseConsensus } from '#proto/tordir/consensus.ts'
import { verifyConsensus } from '#proto/tordir/verify.ts'
import type { Run } from './ask.ts'
import { addCertificates } from './certificates.ts'
import { takeDescriptors } from './descriptors.ts'
import { FILES, held, keepPrevious, readHeld, replace } from './folder.ts'
import type { Contact, Fetched } from './types.ts'

/** The newest consensus of the tor whose DataDirectory `contact` names. */
export async function fromTor(run: Run, contact: Contact): Promise<Fetched> {
  const what = 'consensus'
  const directory = contact.address
  const now = run.clock.now()
  run.tell({ event: 'asking', what, contact })
  const newest = (await held(directory)).find(({ flavour }) => flavour !== 'onionoo')
  if (newest === undefined) throw nothing(directory)
  const documents = await readHeld(directory, newest)
  const consensus = parseConsensus(documents.consensus)
  const certificates = []
  for (const file of documents.certificates) certificates.push(...(await addCertificates(run.folder, file)))
  const verification = verifyConsensus(documents.consensus, consensus, certificates, run.trusted, now)
  if (verification.state !== 'good') throw stale(directory, verification.why)
  run.tell({ event: 'got', what, contact, bytes: documents.consensus.length })
  const { flavour, validAfter } = consensus
  const isNew = !(await held(run.folder)).some((mine) => mine.flavour === flavour && mine.at >= validAfter)
  if (isNew) await keepPrevious(run.folder, flavour)
  await replace(run.folder, FILES.consensus[flavour], [documents.consensus])
  const files = [...documents.descriptors, ...documents.microdescriptors]
  const { bytes, missing } = await takeDescriptors(run.folder, consensus, files)
  if (missing > 0) run.tell({ event: 'note', text: `This tor has no descriptor of ${missing} relays.` })
  const age = text(duration(now - validAfter))
  if (now > consensus.freshUntil) run.tell({ event: 'note', text: `This tor's consensus is ${age} old.` })
  return {
    documents: {
      ...documents,
      microdescriptors: flavour === 'microdesc' ? bytes : [],
      descriptors: flavour === 'ns' ? bytes : [],
    },
    validAfter,
    verification,
    isNew,
    isDiff: false,
    from: contact,
    missing,
  }
}

function nothing(directory: string): NocError {
  return new NocError('NOC_TORMAP_NO_TOR', `No tor keeps a consensus in ${directory}.`, {
    exit: exitCode.unable,
    hint: 'Name its DataDirectory with --tor-directory or [tormap] tor_directory.',
  })
}

function stale(directory: string, why: string): NocError {
  return new NocError('NOC_TORMAP_TOR_CONSENSUS', `The consensus in ${directory} does not hold: ${why}`, {
    hint: 'Is that tor running, and is the clock right?',
  })
}
