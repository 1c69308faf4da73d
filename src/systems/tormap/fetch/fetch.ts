/** Gets the newest documents into the folder: from the network, from a tor on this machine, or from Onionoo. */
import { NocError, exitCode, reasonOf } from '#core/errors.ts'
import { unverified } from '#proto/tordir/verify.ts'
import { parseOnionoo } from '#proto/tordir/onionoo.ts'
import { NOBODY_SIGNED } from '../read-onionoo.ts'
import { type Run, shuffled } from './ask.ts'
import { MAX_BYTES } from './bytes.ts'
import { getConsensus } from './consensus.ts'
import { completeDescriptors } from './descriptors.ts'
import { FILES, lockFolder, readHeld, replace, timeOf } from './folder.ts'
import { fromTor } from './local-tor.ts'
import { NO_SOCKS, get, interrupted } from './request.ts'
import { contacts, trustedBy } from './sources.ts'
import type { Contact, FetchContext, Fetched } from './types.ts'

export { contacts } from './sources.ts'

/**
 * Fetches as configured. Nothing replaces what is in the folder before its signatures were found good; what was got
 * before an interruption is kept. Throws when there is no valid consensus at the end.
 */
export async function fetchConsensus(cx: FetchContext): Promise<Fetched> {
  const lock = await lockFolder(cx.folder)
  try {
    return await fetchLocked(cx)
  } finally {
    lock.release()
  }
}

/** The same into a folder that the caller has locked: it opens no database, so the thread that it runs in may be ended. */
export async function fetchLocked(cx: FetchContext): Promise<Fetched> {
  const { config } = cx
  const now = cx.clock.now()
  const all = contacts(config, now)
  const tell: Run['tell'] = (event) => cx.onEvent?.(event)
  if (cx.signal.aborted) throw interrupted()
  tell({ event: 'contacts', contacts: all })
  if (all.length === 0) throw nobody()
  if (config.source === 'directories' && config.socks !== '' && config.mirrors.length === 0) {
    tell({ event: 'note', text: EXITS_REFUSE })
  }
  const run: Run = { ...cx, contacts: shuffled(all), trusted: trustedBy(config.authorities, now), tell }
  const [only] = all
  if (config.source === 'onionoo' && only !== undefined) return fromOnionoo(run, only)
  if (config.source === 'tor' && only !== undefined) return fromTor(run, only)
  return fromDirectories(run)
}

async function fromDirectories(run: Run): Promise<Fetched> {
  const { folder } = run
  const { consensus, verification, isNew, isDiff, from } = await getConsensus(run)
  const { flavour } = consensus
  const { missing } = run.config.descriptors ? await completeDescriptors(run, consensus) : { missing: 0 }
  if (missing > 0)
    run.tell({ event: 'note', text: `Of ${consensus.relays.length} descriptors, ${missing} could not be had.` })
  const documents = await readHeld(folder, { name: FILES.consensus[flavour], flavour, at: consensus.validAfter })
  return { documents, validAfter: consensus.validAfter, verification, isNew, isDiff, from, missing }
}

/** JSON that nobody signed; it never replaces a consensus, only stands beside it. */
async function fromOnionoo(run: Run, contact: Contact): Promise<Fetched> {
  const url = new URL(run.config.onionoo)
  const tls = url.protocol === 'https:'
  const what = 'details of all relays'
  run.tell({ event: 'asking', what, contact })
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port)
  const asking = get({
    to: { host: url.hostname.replace(/^\[|\]$/g, ''), port },
    path: url.pathname + url.search,
    headers: { host: url.host },
    tls,
    socks: run.config.socks,
    maxBytes: MAX_BYTES.onionoo,
    limits: run.limits,
    signal: run.signal,
  })
  const bytes = await asking.catch((error: unknown) => {
    if (run.signal.aborted || !(error instanceof NocError) || error.code === NO_SOCKS) throw error
    throw new NocError('NOC_TORMAP_NOBODY', `Nothing came from ${contact.address}: ${reasonOf(error)}.`, {
      cause: error,
      hint: 'Is this machine online? [tormap] onionoo says who is asked.',
    })
  })
  const text = Buffer.from(bytes).toString('utf8')
  parseOnionoo(text)
  const validAfter = timeOf(text) ?? run.clock.now()
  run.tell({ event: 'got', what, contact, bytes: bytes.length })
  await replace(run.folder, FILES.onionoo, [bytes])
  const documents = { consensus: bytes, certificates: [], microdescriptors: [], descriptors: [] }
  const verification = unverified(NOBODY_SIGNED)
  return { documents, validAfter, verification, isNew: true, isDiff: false, from: contact, missing: 0 }
}

/** Since tor 0.4.5: an exit lets nobody back into the network. */
const EXITS_REFUSE =
  'Exits refuse connections to authorities: through SOCKS, name mirrors, or take `--source tor`, which asks nobody.'

function nobody(): NocError {
  return new NocError('NOC_TORMAP_NO_CONTACT', 'None of the configured authorities has a DirPort.', {
    exit: exitCode.usage,
    hint: 'Name mirrors in [tormap] mirrors, or take `--source tor`.',
  })
}
