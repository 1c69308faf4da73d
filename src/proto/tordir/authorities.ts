/** Which directory authorities are trusted: those of the public network at a time, or those of `DirAuthority` lines. */
import { NocError, exitCode } from '#core/errors.ts'
import { isAddressPort } from './lexer-fields.ts'
import type { TrustedAuthority } from './types.ts'

interface Term extends TrustedAuthority {
  /** The day from which the authority is trusted with this key and address; from the beginning without one. */
  readonly from?: string
  /** The day from which it is not. */
  readonly until?: string
}

function term(nickname: string, identity: string, dir: string, orPort: number, days: Partial<Term> = {}): Term {
  return { nickname, identity, dir, or: `${dir.slice(0, dir.indexOf(':'))}:${orPort}`, ...days }
}

/**
 * The authorities of the public network since the end of 2012. Source: the list in tor's own code (`auth_dirs.inc`; 0.4.9.11 for
 * today's), days from its change log. A change counts from the day on which every supported series of tor had it: until
 * then the old key signed (so Faravahar in November 2022).
 */
const TERMS: readonly Term[] = [
  term('moria1', 'D586D18309DED4CD6D57C18FDB97EFA96D330566', '128.31.0.39:9131', 9101, { until: '2022-12-06' }),
  term('moria1', 'F533C81CEF0BC0267857C99B2F471ADF249FA232', '128.31.0.39:9231', 9201, { from: '2022-12-06' }),
  term('tor26', '14C131DFC5C6F93646BE72FA1401C02A8DF2E8B4', '86.59.21.38:80', 443, { until: '2024-04-10' }),
  term('tor26', '2F3DF9CA0E5D36F2685A2DA67184EB8DCB8CBA8C', '217.196.147.77:80', 443, { from: '2024-04-10' }),
  term('dizum', 'E8A9C45EDE6D711294FADF8E7951F4DE6CA56B58', '45.66.35.11:80', 443),
  term('gabelmoo', 'ED03BB616EB2F60BEC80151114BB25CEF515B226', '131.188.40.189:80', 443),
  term('dannenberg', '585769C78764D58426B8B52B6651A5A71137189A', '193.23.244.244:80', 443, { until: '2016-02-04' }),
  term('dannenberg', '0232AF901C31A04EE9848595AF9BB7620D4C5B2E', '193.23.244.244:80', 443, { from: '2016-02-04' }),
  term('maatuska', '49015F787433103580E3B66A1707A00E60F2D15B', '171.25.193.9:443', 80),
  term('urras', '80550987E1D626E3EBA5E5E75A458DE0626D088C', '208.83.223.34:443', 80, { until: '2016-07-03' }),
  term('turtles', '27B6B5996C426270A5C95488AA5BCEB6BCC86956', '76.73.17.194:9030', 9090, { until: '2015-03-17' }),
  term('longclaw', '23D15D965BC35114467363C165C4F724B64B4F66', '199.58.81.140:80', 443, { from: '2015-03-17' }),
  term('Faravahar', 'EFCBE720AB3A82B99F9E953CD5BF50F7EEFC7B97', '154.35.175.225:80', 443, { until: '2022-12-06' }),
  term('faravahar', '70849B868D606BAECFB6128C5E3D782029AA394F', '216.218.219.41:80', 443, { from: '2024-06-06' }),
  term('bastet', '27102BC123E7AF1D4741AE047E160C91ADC76B21', '204.13.164.118:80', 443, { from: '2017-10-25' }),
]

/** The authorities of the public network that were trusted at a time (ms since 1970). */
export function trustedAuthorities(at: number): readonly TrustedAuthority[] {
  return TERMS.filter(({ from, until }) => {
    return (from === undefined || at >= Date.parse(from)) && (until === undefined || at < Date.parse(until))
  }).map(({ nickname, identity, dir, or }) => ({ nickname, identity, dir, or }))
}

/** Relays that have a copy of the directory and rarely move. */
export interface FallbackMirror {
  readonly nickname: string
  readonly dir: string | null
  readonly or: string
}

/**
 * A few of the 200 that tor 0.4.9.11 knows. None of today's has a DirPort, so that only a tor can ask them: without one,
 * the authorities are asked.
 */
export const fallbackMirrors: readonly FallbackMirror[] = [
  { nickname: 'Pegase', dir: null, or: '80.67.167.86:9001' },
  { nickname: 'firefly', dir: null, or: '217.23.8.2:9001' },
  { nickname: 'Quetzalcoatl', dir: null, or: '185.183.157.214:9100' },
  { nickname: 'DigiGesTor5e2', dir: null, or: '195.176.3.23:8443' },
]

/**
 * Reads a `DirAuthority` line of a torrc (the word itself may be left out):
 * `moria1 orport=9101 v3ident=<40 digits> 128.31.0.39:9131 <fingerprint>`.
 */
export function parseDirAuthority(line: string): TrustedAuthority {
  const words = line.trim().split(/\s+/)
  if (/^(?:dirauthority|dirserver)$/i.test(words[0] ?? '')) words.shift()
  const nickname = words.shift() ?? ''
  const option = (name: string): string | undefined =>
    words.find((word) => word.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)
  const dir = words.find((word) => isAddressPort(word))
  const identity = option('v3ident')?.toUpperCase() ?? ''
  const orPort = option('orport')
  if (!/^[A-Za-z0-9]{1,19}$/.test(nickname)) throw wrong(line, 'it does not begin with a nickname')
  if (dir === undefined) throw wrong(line, 'it has no address with a port')
  if (!/^[0-9A-F]{40}$/.test(identity)) throw wrong(line, 'it has no v3ident of 40 hexadecimal digits')
  const or = orPort === undefined ? null : `${dir.slice(0, dir.lastIndexOf(':'))}:${orPort}`
  if (or !== null && !isAddressPort(or)) throw wrong(line, 'its orport is no port')
  return { nickname, identity, dir, or }
}

function wrong(line: string, why: string): NocError {
  const shown = JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}...` : line)
  return new NocError('NOC_TORDIR_AUTHORITY', `${shown} is no DirAuthority line: ${why}`, {
    exit: exitCode.usage,
    hint: 'as in a torrc: NICKNAME orport=PORT v3ident=FINGERPRINT ADDRESS:DIRPORT FINGERPRINT',
  })
}
