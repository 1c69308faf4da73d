/** Writes what relays publish: server descriptors and extra-info documents, signed, and microdescriptors. */
import { type KeyObject, sign } from 'node:crypto'
import { certificateType } from '../ed25519-cert.ts'
import { ED25519_PREFIX } from '../server-descriptor-signature.ts'
import type { ExtraInfo, IntervalHistory, Microdescriptor, ServerDescriptor } from '../types.ts'
import { newKey } from './authority.ts'
import { composeEd25519Certificate, ed25519FromSeed, ntorFromSeed } from './ed25519.ts'
import { bare, composeObject, digestOf, rawKey, rsaDer, rsaFingerprint, signBare, stamp } from './text.ts'

/** Bits of a relay's identity and onion key. Source: tor-spec, "Preliminaries". */
const RELAY_KEY_BITS = 1024
/** How long an Ed25519 signing key is good by default; tor's own are good for 30 days. */
const SIGNING_KEY_MS = 30 * 24 * 3600 * 1000

/** A relay's private keys. */
export interface RelayKeys {
  /** RSA, 1024 bits. */
  readonly identity: KeyObject
  readonly onion: KeyObject
  /** 32 bytes that all Ed25519 and X25519 keys are made of; null: a relay of before 2015, RSA only. */
  readonly seed: Uint8Array | null
}

/** What a descriptor is to say; everything but the name and the time has a default. */
export type ServerDescriptorOptions = Pick<ServerDescriptor, 'nickname' | 'published'> &
  Partial<Omit<ServerDescriptor, 'fingerprint' | 'digest' | 'ed25519' | 'familyIds'>> & {
    /** Of the Ed25519 signing key, ms since 1970. */
    readonly signingKeyExpires?: number
  }

/** Makes a relay's RSA keys around a seed. */
export async function createRelayKeys(seed: Uint8Array | null): Promise<RelayKeys> {
  return { identity: await newKey(RELAY_KEY_BITS), onion: await newKey(RELAY_KEY_BITS), seed }
}

/** A server descriptor as tor writes it, signed with RSA and, when there is a seed, with Ed25519. */
export function composeServerDescriptor(options: ServerDescriptorOptions, keys: RelayKeys): string {
  const { nickname, published, address = '192.0.2.1', orPort = 9001, dirPort = 0, uptime = 3600 } = options
  const { bandwidth = { average: 1 << 30, burst: 1 << 30, observed: 0 }, exitPolicy = ['reject *:*'] } = options
  const fingerprint = rsaFingerprint(keys.identity)
  const ed = keys.seed === null ? null : ed25519Keys(keys.seed)
  const expires = options.signingKeyExpires ?? published + SIGNING_KEY_MS
  const text = [
    `router ${nickname} ${address} ${orPort} 0 ${dirPort}\n`,
    ed === null ? '' : `${identityLine(ed, expires)}master-key-ed25519 ${bare(rawKey(ed.master))}\n`,
    ...(options.otherAddresses ?? []).map((other) => `or-address ${other}\n`),
    line('platform', options.platform ?? 'Tor 0.4.9.11 on Linux'),
    line('proto', options.protocols),
    line('published', stamp(published)),
    line('fingerprint', fingerprint.replace(/.{4}(?=.)/g, '$& ')),
    line('uptime', uptime),
    line('bandwidth', `${bandwidth.average} ${bandwidth.burst} ${bandwidth.observed}`),
    line('extra-info-digest', options.extraInfoDigest),
    `onion-key\n${composeObject('RSA PUBLIC KEY', rsaDer(keys.onion))}`,
    `signing-key\n${composeObject('RSA PUBLIC KEY', rsaDer(keys.identity))}`,
    ed === null ? '' : crossCertificates(keys, ed, expires),
    options.hibernating === true ? 'hibernating 1\n' : '',
    line('family', options.family?.join(' ')),
    line('contact', options.contact),
    ed === null ? '' : `ntor-onion-key ${bare(ed.ntor)}\n`,
    line('overload-general', options.overloaded == null ? null : `1 ${stamp(options.overloaded)}`),
    ...exitPolicy.map((rule) => `${rule}\n`),
    line('ipv6-policy', options.exitPolicy6),
  ].join('')
  return signDescriptor(text, keys)
}

/** An extra-info document, signed like the descriptor of the same relay. */
export function composeExtraInfo(options: Omit<ExtraInfo, 'fingerprint' | 'digest'>, keys: RelayKeys): string {
  const text = [
    `extra-info ${options.nickname} ${rsaFingerprint(keys.identity)}\n`,
    keys.seed === null ? '' : identityLine(ed25519Keys(keys.seed), options.published + SIGNING_KEY_MS),
    line('published', stamp(options.published)),
    history('write-history', options.write),
    history('read-history', options.read),
    history('dirreq-write-history', options.dirreqWrite),
    history('dirreq-read-history', options.dirreqRead),
  ].join('')
  return signDescriptor(text, keys)
}

/** Text up to the signatures, with the signatures of these keys: for descriptors that say what tor would never write. */
export function signDescriptor(text: string, keys: RelayKeys): string {
  let whole = text
  if (keys.seed !== null) {
    const { signing } = ed25519Keys(keys.seed)
    whole += 'router-sig-ed25519 '
    whole += `${bare(sign(null, digestOf('sha256', ED25519_PREFIX + whole), signing))}\n`
  }
  whole += 'router-signature\n'
  return whole + composeObject('SIGNATURE', signBare(keys.identity, digestOf('sha1', whole)))
}

/** A microdescriptor; `microdescriptorDigest` of it is what the consensus names. */
export function composeMicrodescriptor(options: Partial<Omit<Microdescriptor, 'digest'>>, keys: RelayKeys): string {
  const ntor = keys.seed === null ? ntorFromSeed(digestOf('sha256', rsaDer(keys.onion))) : ed25519Keys(keys.seed).ntor
  const own = keys.seed === null ? null : bare(rawKey(ed25519Keys(keys.seed).master))
  const ed25519 = options.ed25519 ?? own
  return [
    `onion-key\n${composeObject('RSA PUBLIC KEY', rsaDer(keys.onion))}`,
    line('ntor-onion-key', bare(ntor)),
    ...(options.otherAddresses ?? []).map((other) => `a ${other}\n`),
    line('family', options.family?.join(' ')),
    line('family-ids', options.familyIds?.join(' ')),
    line('p', options.exitPolicy),
    line('p6', options.exitPolicy6),
    line('id', ed25519 === null ? null : `ed25519 ${ed25519}`),
  ].join('')
}

/** SHA-256 of a microdescriptor's text, base64 without padding. */
export function microdescriptorDigest(text: string): string {
  return bare(digestOf('sha256', text))
}

/** SHA-1 of what is signed of a descriptor, in upper-case hexadecimal: what an `ns` consensus names. */
export function descriptorDigest(text: string): string {
  const end = text.indexOf('\nrouter-signature\n') + '\nrouter-signature\n'.length
  return digestOf('sha1', text.slice(0, end)).toString('hex').toUpperCase()
}

interface Ed25519Keys {
  readonly master: KeyObject
  readonly signing: KeyObject
  readonly ntor: Uint8Array
  /** The Ed25519 key with the ntor key's secret. */
  readonly ntorSigner: KeyObject
}

function ed25519Keys(seed: Uint8Array): Ed25519Keys {
  const derived = (what: string): Uint8Array => digestOf('sha256', `${what} ${Buffer.from(seed).toString('hex')}`)
  return {
    master: ed25519FromSeed(seed),
    signing: ed25519FromSeed(derived('signing')),
    ntor: ntorFromSeed(derived('ntor')),
    ntorSigner: ed25519FromSeed(derived('ntor')),
  }
}

/** `identity-ed25519`: the identity's word for the signing key. */
function identityLine({ master, signing }: Ed25519Keys, expires: number): string {
  const options = {
    type: certificateType.identitySigning,
    expires,
    key: rawKey(signing),
    signer: master,
    withSigner: true,
  }
  return `identity-ed25519\n${composeObject('ED25519 CERT', composeEd25519Certificate(options))}`
}

/** The onion keys' word for the identity: dir-spec 2.1.1, `onion-key-crosscert` and `ntor-onion-key-crosscert`. */
function crossCertificates(keys: RelayKeys, ed: Ed25519Keys, expires: number): string {
  const master = rawKey(ed.master)
  const both = Buffer.concat([digestOf('sha1', rsaDer(keys.identity)), master])
  const options = { type: certificateType.ntorCross, expires, key: master, signer: ed.ntorSigner, withSigner: false }
  const signBit = (rawKey(ed.ntorSigner)[31] ?? 0) >> 7
  return [
    `onion-key-crosscert\n${composeObject('CROSSCERT', signBare(keys.onion, both))}`,
    `ntor-onion-key-crosscert ${signBit}\n${composeObject('ED25519 CERT', composeEd25519Certificate(options))}`,
  ].join('')
}

function line(keyword: string, value: string | number | null | undefined): string {
  return value === null || value === undefined || value === '' ? '' : `${keyword} ${value}\n`
}

function history(keyword: string, value: IntervalHistory | null): string {
  return line(keyword, value === null ? null : `${stamp(value.end)} (${value.interval} s) ${value.values.join(',')}`)
}
