/** Extra-info documents: what a relay says it carried, in intervals. Source: dir-spec 2.1.2. */
import { type DocumentKind, type Documents, type Times, itemTime, readDocuments, readItems } from './documents.ts'
import { parseTime, parseUint } from './lexer-fields.ts'
import { type Lexer, argumentText, argumentWords, fail, objectBytes } from './lexer.ts'
import { checkEd25519, signedDigest } from './server-descriptor-signature.ts'
import type { ExtraInfo, IntervalHistory } from './types.ts'

/** What authorities take. Source: tor, MAX_EXTRAINFO_UPLOAD_SIZE. */
const MAX_BYTES = 50_000
/** Seconds; tor's intervals are a day. */
const MAX_INTERVAL_S = 366 * 24 * 3600

const RULES: Readonly<Record<string, Times>> = {
  'extra-info': 'once',
  'identity-ed25519': 'optional',
  published: 'once',
  'read-history': 'optional',
  'write-history': 'optional',
  'dirreq-read-history': 'optional',
  'dirreq-write-history': 'optional',
  'router-sig-ed25519': 'optional',
  'router-signature': 'once',
}

const KIND: DocumentKind<ExtraInfo> = {
  start: 'extra-info ',
  maxBytes: MAX_BYTES,
  parse: (lx) => {
    const items = readItems(lx, RULES)
    const published = itemTime(items.one('published'))
    checkEd25519(items, published)
    objectBytes(items.one('router-signature'), 'SIGNATURE')
    return {
      ...head(items.one('extra-info')),
      digest: signedDigest(items),
      published,
      read: history(items.maybe('read-history')),
      write: history(items.maybe('write-history')),
      dirreqRead: history(items.maybe('dirreq-read-history')),
      dirreqWrite: history(items.maybe('dirreq-write-history')),
    }
  },
}

/**
 * Reads extra-info documents one after the other (`/tor/extra/all`, `cached-extrainfo`). The Ed25519 signature is
 * checked; the key of the RSA signature is only in the server descriptor, which names this document by its digest.
 */
export function parseExtraInfos(bytes: Uint8Array): Documents<ExtraInfo> {
  return readDocuments(bytes, KIND)
}

function head(lx: Lexer): Pick<ExtraInfo, 'nickname' | 'fingerprint'> {
  const [nickname = '', fingerprint = ''] = argumentWords(lx)
  if (!/^[A-Za-z0-9]{1,19}$/.test(nickname)) return fail(lx, 'the nickname is not 1 to 19 letters and digits')
  if (!/^[0-9A-Fa-f]{40}$/.test(fingerprint)) return fail(lx, 'the fingerprint is not 40 hexadecimal digits')
  return { nickname, fingerprint: fingerprint.toUpperCase() }
}

const HISTORY = /^(\S+ \S+) \((\d{1,10}) s\)(?: (\d[\d,]*)?)?$/

/** `2022-11-19 10:00:00 (86400 s) 1,2,3`; a relay that has just started says no numbers. */
function history(lx: Lexer | null): IntervalHistory | null {
  if (lx === null) return null
  const [, time = '', seconds = '', list = ''] = HISTORY.exec(argumentText(lx)) ?? []
  const [end, interval] = [parseTime(time), parseUint(seconds, MAX_INTERVAL_S)]
  if (end === null || interval === null || interval === 0) return fail(lx, `${lx.keyword} has no time and interval`)
  const values = list === '' ? [] : list.split(',').map(Number)
  // Number('') is 0, so two commas in a row are looked for by themselves.
  if (/,,|,$/.test(list) || !values.every(Number.isSafeInteger)) return fail(lx, `${lx.keyword} has no list of numbers`)
  return { end, interval, values }
}
