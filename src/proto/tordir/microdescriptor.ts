/** Microdescriptors: the part of a descriptor that clients need. The consensus names each by its digest. */
import { createHash } from 'node:crypto'
import {
  type DocumentKind,
  type Documents,
  type Items,
  type Times,
  itemAddresses,
  itemFamily,
  itemKey,
  itemPolicy,
  itemWord,
  readDocuments,
  readItems,
} from './documents.ts'
import { RSA_LABEL } from './keys.ts'
import { argumentWords, fail, objectBytes } from './lexer.ts'
import type { Microdescriptor } from './types.ts'

/** It is made of a server descriptor and never longer. Source: tor, MAX_DESCRIPTOR_UPLOAD_SIZE. */
const MAX_BYTES = 20_000

/** Source: dir-spec 3.3. */
const RULES: Readonly<Record<string, Times>> = {
  'onion-key': 'once',
  'ntor-onion-key': 'once',
  a: 'any',
  family: 'optional',
  'family-ids': 'optional',
  p: 'optional',
  p6: 'optional',
  id: 'any',
}

const KIND: DocumentKind<Microdescriptor> = {
  start: 'onion-key\n',
  maxBytes: MAX_BYTES,
  parse: (lx) => {
    const items = readItems(lx, RULES)
    const onion = items.one('onion-key')
    // The old key is gone from today's descriptors, only its line is left. Source: proposal 350.
    if (onion.label !== null) objectBytes(onion, RSA_LABEL)
    const ntor = items.one('ntor-onion-key')
    itemKey(ntor, itemWord(ntor))
    const familyIds = items.maybe('family-ids')
    return {
      digest: createHash('sha256').update(lx.bytes).digest('base64').replace(/=$/, ''),
      otherAddresses: itemAddresses(items.all('a')),
      family: itemFamily(items.maybe('family')),
      familyIds: familyIds === null ? [] : argumentWords(familyIds),
      exitPolicy: itemPolicy(items.maybe('p')),
      exitPolicy6: itemPolicy(items.maybe('p6')),
      ed25519: identity(items),
    }
  },
}

/**
 * Reads microdescriptors as servers send them (`/tor/micro/d/...`) and tor caches them (`cached-microdescs`). They are
 * not signed: believe one when a verified consensus names its digest.
 */
export function parseMicrodescriptors(bytes: Uint8Array): Documents<Microdescriptor> {
  return readDocuments(bytes, KIND)
}

/** The key of `id ed25519 KEY`; every kind of identity stands there once at most. */
function identity(items: Items): string | null {
  const keys = new Map<string, string>()
  for (const lx of items.all('id')) {
    const [kind = '', key = ''] = argumentWords(lx)
    if (keys.has(kind)) fail(lx, `there are two identities of the kind ${kind.slice(0, 20)}`)
    keys.set(kind, kind === 'ed25519' ? itemKey(lx, key) : key)
  }
  return keys.get('ed25519') ?? null
}
