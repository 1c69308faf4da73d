/** Server descriptors: what a relay says of itself, signed by its RSA and its Ed25519 identity. Source: dir-spec 2.1.1. */
import { isIPv4 } from 'node:net'
import {
  type Documents,
  type Items,
  type Times,
  itemAddresses,
  itemFamily,
  itemKey,
  itemPolicy,
  itemTime,
  itemWord,
  readDocuments,
  readItems,
} from './documents.ts'
import { certificateType, ed25519Signed, parseEd25519Certificate } from './ed25519-cert.ts'
import { isFingerprint, isProtocols, parsePort, parseTime, parseUint } from './lexer-fields.ts'
import { RSA_LABEL } from './keys.ts'
import { type Lexer, argumentText, argumentUtf8, argumentWords, fail, objectBytes } from './lexer.ts'
import { checkEd25519, checkRsa, signedDigest } from './server-descriptor-signature.ts'
import type { ServerDescriptor } from './types.ts'

/** What authorities take. Source: tor, MAX_DESCRIPTOR_UPLOAD_SIZE. */
const MAX_BYTES = 20_000
/** Tor writes rates as signed 32-bit numbers; some relays of long ago wrote more. */
const MAX_RATE = 0xffff_ffff

const RULES: Readonly<Record<string, Times>> = {
  router: 'once',
  'identity-ed25519': 'optional',
  'master-key-ed25519': 'optional',
  bandwidth: 'once',
  platform: 'optional',
  published: 'once',
  fingerprint: 'optional',
  hibernating: 'optional',
  uptime: 'optional',
  'onion-key': 'optional',
  'onion-key-crosscert': 'optional',
  'ntor-onion-key': 'optional',
  'ntor-onion-key-crosscert': 'optional',
  'signing-key': 'once',
  accept: 'any',
  reject: 'any',
  'ipv6-policy': 'optional',
  'overload-general': 'optional',
  'router-sig-ed25519': 'optional',
  'router-signature': 'once',
  contact: 'optional',
  'bridge-distribution-request': 'optional',
  family: 'optional',
  'family-cert': 'any',
  'extra-info-digest': 'optional',
  'hidden-service-dir': 'optional',
  'or-address': 'any',
  proto: 'optional',
  'tunnelled-dir-server': 'optional',
}

const NOBODY: ReadonlySet<string> = new Set()

/**
 * Reads server descriptors one after the other (`/tor/server/all`, `cached-descriptors`); signatures are checked, but for
 * those whose digest is in `vouched`: a verified consensus names them, so authorities have checked them, and every byte
 * that is read here is in the digest.
 */
export function parseServerDescriptors(
  bytes: Uint8Array,
  vouched: ReadonlySet<string> = NOBODY,
): Documents<ServerDescriptor> {
  return readDocuments(bytes, { start: 'router ', maxBytes: MAX_BYTES, parse: (lx) => parse(lx, vouched) })
}

function parse(lx: Lexer, vouched: ReadonlySet<string>): ServerDescriptor {
  const items = readItems(lx, RULES)
  const published = itemTime(items.one('published'))
  const digest = signedDigest(items)
  const isVouched = vouched.has(digest)
  const fingerprint = checkRsa(items, digest, isVouched)
  const ed25519 = checkEd25519(items, published, isVouched)
  if (ed25519 !== null && !isVouched) checkOnionKeys(items)
  const [platform, contact, uptime] = [items.maybe('platform'), items.maybe('contact'), items.maybe('uptime')]
  const overloaded = items.maybe('overload-general')
  return {
    ...routerLine(items.one('router')),
    fingerprint,
    digest,
    otherAddresses: itemAddresses(items.all('or-address')),
    platform: platform === null ? null : argumentUtf8(platform),
    published,
    uptime: uptime === null ? null : numberOf(uptime, itemWord(uptime)),
    bandwidth: bandwidth(items.one('bandwidth')),
    contact: contact === null ? null : argumentUtf8(contact),
    family: itemFamily(items.maybe('family')),
    familyIds: items.all('family-cert').map((lx) => familyId(lx, ed25519, published)),
    exitPolicy: exitPolicy(items),
    exitPolicy6: itemPolicy(items.maybe('ipv6-policy')),
    hibernating: hibernating(items.maybe('hibernating')),
    ed25519,
    extraInfoDigest: extraInfoDigest(items.maybe('extra-info-digest')),
    protocols: protocols(items.maybe('proto')),
    overloaded: overloaded === null ? null : overload(overloaded),
  }
}

/** `router NICKNAME ADDRESS ORPORT SOCKSPORT DIRPORT`; nobody uses the SOCKS port any more. */
function routerLine(lx: Lexer): Pick<ServerDescriptor, 'nickname' | 'address' | 'orPort' | 'dirPort'> {
  const [nickname = '', address = '', or = '', socks = '', dir = ''] = argumentWords(lx)
  const [orPort, dirPort] = [parsePort(or), parsePort(dir)]
  if (!/^[A-Za-z0-9]{1,19}$/.test(nickname)) return fail(lx, 'the nickname is not 1 to 19 letters and digits')
  if (!isIPv4(address)) return fail(lx, 'the address is no IPv4 address')
  if (orPort === null || dirPort === null || parsePort(socks) === null) return fail(lx, 'a port is not 0 to 65535')
  return { nickname, address, orPort, dirPort }
}

function numberOf(lx: Lexer, word: string): number {
  return parseUint(word, MAX_RATE) ?? fail(lx, `${lx.keyword} has no number`)
}

function bandwidth(lx: Lexer): ServerDescriptor['bandwidth'] {
  const [average = '', burst = '', observed = ''] = argumentWords(lx)
  return { average: numberOf(lx, average), burst: numberOf(lx, burst), observed: numberOf(lx, observed) }
}

function hibernating(lx: Lexer | null): boolean {
  if (lx === null) return false
  const word = itemWord(lx)
  return word === '0' || word === '1' ? word === '1' : fail(lx, 'hibernating is neither 0 nor 1')
}

/** An address with an optional prefix or mask, and ports. */
const POLICY_TARGET =
  /^(?:\*|[0-9.]{7,15}(?:\/[0-9.]{1,15})?|\[[0-9A-Fa-f:.]{2,45}\](?:\/\d{1,3})?):(\*|\d{1,5}(?:-\d{1,5})?)$/

/** The `accept` and `reject` lines in the order of the document, which is what they mean. */
function exitPolicy(items: Items): readonly string[] {
  const rules = [...items.all('accept'), ...items.all('reject')].toSorted((a, b) => a.offset - b.offset)
  return rules.map((lx) => {
    const target = itemWord(lx)
    const [, ports = ''] = POLICY_TARGET.exec(target) ?? []
    const [low = '', high = low] = ports === '*' ? ['0'] : ports.split('-')
    const [from, to] = [parsePort(low), parsePort(high)]
    if (from === null || to === null || to < from) return fail(lx, `${lx.keyword} is no rule of an exit policy`)
    return `${lx.keyword} ${target}`
  })
}

function extraInfoDigest(lx: Lexer | null): string | null {
  if (lx === null) return null
  const digest = itemWord(lx).toUpperCase()
  return isFingerprint(digest) ? digest : fail(lx, 'extra-info-digest has no digest of 40 hexadecimal digits')
}

function protocols(lx: Lexer | null): string | null {
  if (lx === null) return null
  return isProtocols(argumentText(lx)) ? argumentText(lx) : fail(lx, 'proto is no list of protocols')
}

/** `overload-general 1 2022-11-19 10:00:00`: ms since 1970 of the hour; a version that nobody knows says nothing. */
function overload(lx: Lexer): number | null {
  const [version, ...rest] = argumentWords(lx)
  if (version !== '1') return null
  const at = rest.slice(0, 2).join(' ')
  return parseTime(at) ?? fail(lx, 'overload-general has no time')
}

/** Of an Ed25519 relay the onion keys must vouch, too. What they say is for who builds circuits; it is not checked. */
function checkOnionKeys(items: Items): void {
  const cross = items.one('ntor-onion-key-crosscert')
  const certificate = parseEd25519Certificate(objectBytes(cross, 'ED25519 CERT'))
  if (certificate?.type !== certificateType.ntorCross) fail(cross, 'ntor-onion-key-crosscert is no such certificate')
  const ntor = items.one('ntor-onion-key')
  itemKey(ntor, itemWord(ntor))
  const onion = items.maybe('onion-key')
  if (onion !== null) {
    objectBytes(onion, RSA_LABEL)
    objectBytes(items.one('onion-key-crosscert'), 'CROSSCERT')
  }
}

/** The family whose key signed this relay's identity (`ed25519:KEY`). Source: proposal 321. */
function familyId(lx: Lexer, identity: string | null, published: number): string {
  const certificate = parseEd25519Certificate(objectBytes(lx, 'FAMILY CERT'))
  const { signer } = certificate ?? {}
  if (certificate == null || signer == null || certificate.type !== certificateType.familyIdentity) {
    return fail(lx, 'family-cert is no certificate of a family')
  }
  if (Buffer.from(certificate.key).toString('base64').replace(/=$/, '') !== identity) {
    fail(lx, 'family-cert is for another relay')
  }
  if (certificate.expires < published) fail(lx, 'family-cert had expired when the descriptor was published')
  if (!ed25519Signed(signer, certificate.signed, certificate.signature)) fail(lx, 'the family did not sign family-cert')
  return `ed25519:${Buffer.from(signer).toString('base64').replace(/=$/, '')}`
}
