/**
 * Takes files of many descriptors apart and names each by its digest, which is what a consensus names it by: a
 * descriptor whose digest is in a signed consensus needs no other proof. Pure.
 */
import { createHash } from 'node:crypto'
import type { Flavour } from '#proto/tordir/types.ts'

/** A descriptor's bytes and the digest that a consensus of its flavour names it by. */
export interface Piece {
  readonly digest: string
  readonly bytes: Uint8Array
}

/** The first keyword of each descriptor, and what its last line begins with (dir-spec 2.1.1 and 3.3). */
const MARKS = {
  ns: { start: 'router ', signed: '\nrouter-signature\n', end: '\n-----END SIGNATURE-----\n' },
  microdesc: { start: 'onion-key\n', signed: '', end: '' },
} as const

/** The descriptors in `bytes`; what stands between them (annotations, half a descriptor at the end) is left out. */
export function splitDescriptors(bytes: Uint8Array, flavour: Flavour): Piece[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const pieces: Piece[] = []
  const { start } = MARKS[flavour]
  let at = text.subarray(0, start.length).equals(Buffer.from(start)) ? 0 : next(text, start, 0)
  while (at >= 0) {
    const following = next(text, start, at)
    const whole = text.subarray(at, following < 0 ? text.length : following)
    const piece = flavour === 'ns' ? serverDescriptor(whole) : microdescriptor(whole)
    if (piece !== null) pieces.push(piece)
    at = following
  }
  return pieces
}

function next(text: Buffer, start: string, from: number): number {
  const at = text.indexOf(`\n${start}`, from)
  return at < 0 ? -1 : at + 1
}

function serverDescriptor(whole: Buffer): Piece | null {
  const { signed, end } = MARKS.ns
  const signature = whole.indexOf(signed)
  const last = signature < 0 ? -1 : whole.indexOf(end, signature)
  if (last < 0) return null
  const digest = createHash('sha1').update(whole.subarray(0, signature + signed.length))
  return { digest: digest.digest('hex').toUpperCase(), bytes: whole.subarray(0, last + end.length) }
}

/** Annotations (`@last-listed`) stand before a microdescriptor, so they are the end of the one above. */
function microdescriptor(whole: Buffer): Piece | null {
  const annotation = whole.indexOf('\n@')
  const bytes = annotation < 0 ? whole : whole.subarray(0, annotation + 1)
  if (bytes.at(-1) !== 0x0a) return null
  return { digest: createHash('sha256').update(bytes).digest('base64').replace(/=+$/, ''), bytes }
}

/** Certificates, each on its own, so that one that is wrong does not spoil the others (dir-spec 3.1). */
export function splitCertificates(bytes: Uint8Array): Uint8Array[] {
  const text = Buffer.from(bytes).toString('latin1').replaceAll('\r\n', '\n')
  const parts = text.split(/^(?=dir-key-certificate-version )/m)
  return parts
    .filter((part) => part.startsWith('dir-key-certificate-version '))
    .map((part) => Buffer.from(part, 'latin1'))
}
