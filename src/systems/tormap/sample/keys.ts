/**
 * The keys of the sample. They are worthless on purpose: every prime is computed from a word that stands here, and keys
 * share primes, so anybody can sign a sample. In return there is no key to keep, making 300 of them takes no time, and
 * a relay of the sample has the same fingerprint on every machine. Nothing but the sample may ever trust them.
 */
import { type KeyObject, checkPrime, createHash, createPrivateKey } from 'node:crypto'
import { promisify } from 'node:util'

const isPrime = promisify<bigint, boolean>(checkPrime)
const EXPONENT = 65_537n
/** Odd primes below this are tried by division before the dear test. */
const SIEVE_LIMIT = 2000
const SIEVE = oddPrimes(SIEVE_LIMIT)

/** `count` RSA keys of `bits` bits, the same ones for the same word. */
export async function sampleKeys(word: string, count: number, bits: number): Promise<readonly KeyObject[]> {
  // n primes make n(n-1)/2 pairs.
  const needed = Math.ceil((1 + Math.sqrt(1 + 8 * count)) / 2)
  const primes: bigint[] = []
  for (let i = 0; i < needed; i++) primes.push(await primeFrom(`SAMPLE ${word} ${i}`, bits / 2))
  const keys: KeyObject[] = []
  for (const [i, p] of primes.entries()) {
    for (const q of primes.slice(0, i)) if (keys.length < count) keys.push(rsaKey(p, q))
  }
  return keys
}

/** The first prime behind a number of `bits` bits that follows from the word. */
async function primeFrom(word: string, bits: number): Promise<bigint> {
  const bytes = createHash('shake256', { outputLength: bits / 8 })
    .update(word)
    .digest()
  // The two highest bits set, so that the product of two has twice the bits; odd.
  const start = BigInt(`0x${bytes.toString('hex')}`) | (3n << BigInt(bits - 2)) | 1n
  const rests = SIEVE.map((prime) => Number(start % BigInt(prime)))
  for (let step = 0; ; step += 2) {
    if (SIEVE.some((prime, i) => ((rests[i] ?? 0) + step) % prime === 0)) continue
    if (await isPrime(start + BigInt(step))) return start + BigInt(step)
  }
}

function rsaKey(p: bigint, q: bigint): KeyObject {
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n))
  const parts = { n: p * q, e: EXPONENT, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
  const encoded = Object.entries(parts).map(([name, value]) => [name, base64url(value)] as const)
  return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(encoded) }, format: 'jwk' })
}

/** The number that times `a` leaves the rest 1 when divided by `m` (Euclid). */
function inverse(a: bigint, m: bigint): bigint {
  let [r0, r1, x0, x1] = [m, a % m, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[x0, x1] = [x1, x0 - quotient * x1]
  }
  return x0 < 0n ? x0 + m : x0
}

function base64url(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

function oddPrimes(limit: number): readonly number[] {
  const found: number[] = []
  for (let n = 3; n < limit; n += 2) if (found.every((prime) => n % prime !== 0)) found.push(n)
  return found
}
