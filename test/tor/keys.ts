/** The authorities' keys: seconds of work, so they are made once and kept between runs. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { must } from './must.ts'
import { AUTHORITIES, type Authority, PORTS } from './plan.ts'

/** What of an authority's key folder is kept; tor makes the rest anew. */
const FILES = [
  'authority_identity_key',
  'authority_signing_key',
  'authority_certificate',
  'secret_id_key',
  'ed25519_master_id_public_key',
  'ed25519_master_id_secret_key',
] as const

/** Certificates are made for a year; older keys than this are made anew. */
const CERTIFICATE_MONTHS = 12
const MAX_AGE_MS = 300 * 24 * 3_600_000
/** A half-written file that is older than this belongs to a run that was killed. */
const ABANDONED_MS = 60_000

interface KeyCache {
  readonly version: 1
  /** ms since 1970. */
  readonly made: number
  readonly authorities: readonly (Authority & { readonly files: Readonly<Record<string, string>> })[]
}

/** Puts keys into `directory/auth<N>/keys`: those of the cache file, or new ones, which are then kept there. */
export async function installKeys(cache: string, directory: string): Promise<Authority[]> {
  const kept = readCache(cache)
  const keys = kept ?? (await makeKeys(directory))
  if (kept === null) writeCache(cache, keys)
  for (const [index, { files }] of keys.authorities.entries()) {
    const folder = keyFolder(directory, index)
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), Buffer.from(content, 'base64'), { mode: 0o600 })
    }
  }
  return keys.authorities.map(({ v3Identity, fingerprint }) => ({ v3Identity, fingerprint }))
}

function keyFolder(directory: string, index: number): string {
  const folder = join(directory, `auth${index}`, 'keys')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** Null: there is none, it is too old, or it is not what we write. */
function readCache(file: string): KeyCache | null {
  try {
    const keys = JSON.parse(readFileSync(file, 'utf8')) as KeyCache
    const whole = (files: object): boolean => FILES.every((name) => name in files)
    const good = keys.version === 1 && keys.authorities.length === AUTHORITIES
    return good && Date.now() - keys.made < MAX_AGE_MS && keys.authorities.every((a) => whole(a.files)) ? keys : null
  } catch {
    return null
  }
}

/** Renaming makes it whole or not there; of two runs at once the later wins, and either's keys are good. */
function writeCache(file: string, keys: KeyCache): void {
  const folder = dirname(file)
  for (const name of readdirSync(folder).filter((name) => name.startsWith(`${basename(file)}.`))) {
    const path = join(folder, name)
    if (Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > ABANDONED_MS)
      rmSync(path, { force: true })
  }
  const draft = `${file}.${randomBytes(8).toString('hex')}`
  writeFileSync(draft, JSON.stringify(keys), { mode: 0o600, flag: 'wx' })
  renameSync(draft, file)
}

async function makeKeys(directory: string): Promise<KeyCache> {
  const indexes = Array.from({ length: AUTHORITIES }, (_, index) => index)
  return {
    version: 1,
    made: Date.now(),
    authorities: await Promise.all(indexes.map((i) => makeAuthority(directory, i))),
  }
}

async function makeAuthority(directory: string, index: number): Promise<KeyCache['authorities'][number]> {
  const folder = keyFolder(directory, index)
  const path = (name: (typeof FILES)[number]): string => join(folder, name)
  const files = ['-i', path(FILES[0]), '-s', path(FILES[1]), '-c', path(FILES[2])]
  const terms = ['-m', String(CERTIFICATE_MONTHS), '-a', `127.0.0.1:${PORTS.directory + index}`, '--passphrase-fd', '0']
  await must(['tor-gencert', '--create-identity-key', ...files, ...terms], 'none needed\n')
  const v3Identity = /^fingerprint ([\dA-F]{40})$/m.exec(readFileSync(path('authority_certificate'), 'utf8'))?.[1]
  const relay = ['--DataDirectory', dirname(folder), '--Nickname', `auth${index}`, '--ORPort', '127.0.0.1:5000']
  const elsewhere = ['--DirAuthority', `x 127.0.0.1:1 ${'f'.repeat(40)}`]
  const output = await must(['tor', '--quiet', '--list-fingerprint', ...NO_TORRC, ...relay, ...elsewhere])
  const fingerprint = /^auth\d ([\dA-F ]{40,})$/m.exec(output)?.[1]?.replaceAll(' ', '')
  if (v3Identity === undefined || fingerprint === undefined)
    throw new Error(`no fingerprints of auth${index}: ${output}`)
  const content = (name: (typeof FILES)[number]): string => readFileSync(path(name)).toString('base64')
  return { v3Identity, fingerprint, files: Object.fromEntries(FILES.map((name) => [name, content(name)])) }
}

/** Debian's torrc and its defaults set a user, a log and ports of their own. */
const NO_TORRC = ['--ignore-missing-torrc', '-f', '/nonexistent', '--defaults-torrc', '/nonexistent']
