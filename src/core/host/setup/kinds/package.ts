import { NocError, exitCode } from '../../../errors.ts'
import { must } from '../host.ts'
import { mixture } from '../mixture.ts'
import type { Host, Kind, PackageParams } from '../types.ts'

/** By name. `removed`: only its settings are left (dpkg's config-files); `unfinished`: dpkg was stopped in its work. */
export type PackageState = { readonly [name: string]: 'absent' | 'removed' | 'unfinished' | 'installed' }

/** Longest time for a download and its installation, ms. */
const INSTALL_MS = 15 * 60_000
/** How long apt waits for another apt, s: nightly upgrades hold its lock for minutes. */
const LOCK_WAIT_S = 120

const ENV = { DEBIAN_FRONTEND: 'noninteractive' } as const

/** apt and dpkg below the host's root; packages' scripts would need a whole system there. */
function rootOptions({ root }: Host): { readonly apt: readonly string[]; readonly dpkg: readonly string[] } {
  if (root === '') return { apt: [], dpkg: [] }
  const apt = [
    `Dir=${root}`,
    `Dir::State::status=${root}/var/lib/dpkg/status`,
    'Dir::Bin::methods=/usr/lib/apt/methods',
    `Dpkg::Options::=--root=${root}`,
    `Dpkg::Options::=--log=${root}/var/log/dpkg.log`,
  ]
  return { apt: apt.flatMap((option) => ['-o', option]), dpkg: [`--root=${root}`] }
}

function aptGet(host: Host, words: readonly string[]): Promise<string> {
  const always = ['-y', '-q', '-o', `DPkg::Lock::Timeout=${LOCK_WAIT_S}`, '-o', 'Dpkg::Options::=--force-confold']
  return must(host, ['apt-get', ...words, ...always, ...rootOptions(host).apt], { env: ENV, timeoutMs: INSTALL_MS })
}

/** What apt-get would take away. */
async function wouldRemove(host: Host, words: readonly string[]): Promise<readonly string[]> {
  const said = await aptGet(host, ['--simulate', ...words])
  return [...said.matchAll(/^(?:Remv|Purg) (\S+)/gm)].map(([, name = '']) => name)
}

async function install(host: Host, names: readonly string[]): Promise<void> {
  const words = ['install', '--no-install-recommends', ...names]
  try {
    await aptGet(host, words)
  } catch (error) {
    if (!(error instanceof NocError) || !/Unable to (locate|fetch)|no installation candidate/.test(error.message))
      throw error
    // The lists are missing or too old for the mirror.
    await aptGet(host, ['update'])
    await aptGet(host, words)
  }
}

/** Removes packages and what only they needed, nothing that was needless before, and nothing that others need. */
async function remove(host: Host, verb: 'purge' | 'remove', names: readonly string[]): Promise<void> {
  const dependents = (await wouldRemove(host, [verb, ...names])).filter((name) => !names.includes(name))
  if (dependents.length > 0) {
    throw new NocError('NOC_SETUP_PACKAGE_NEEDED', `${names.join(', ')} stays: ${dependents.join(', ')} needs it.`)
  }
  const needless = await wouldRemove(host, ['autoremove'])
  const extra = (await wouldRemove(host, [verb, '--auto-remove', ...names])).filter(
    (name) => !names.includes(name) && !needless.includes(name),
  )
  await aptGet(host, [verb, ...names, ...extra])
}

function stateOf(status: string): PackageState[string] {
  if (status === 'installed' || status.startsWith('triggers-')) return 'installed'
  if (status === 'config-files') return 'removed'
  return status === 'not-installed' ? 'absent' : 'unfinished'
}

/** Debian packages that are installed; their versions are apt's business. */
export const debianPackage: Kind<PackageParams, PackageState> = {
  name: 'package',
  invert: 'best-effort',
  losses: "What the packages' own scripts did stays: users, data, a service that was started.",
  id: ({ names }) => `package:${names.join(',')}`,
  async read(host, { names }) {
    const format = '${Package}\\t${db:Status-Status}\\n'
    const { code, out, err } = await host.run([
      'dpkg-query',
      ...rootOptions(host).dpkg,
      '--show',
      `--showformat=${format}`,
      ...names,
    ])
    // 1: some of them are not known (dpkg-query(1)).
    if (code > 1) throw new NocError('NOC_SETUP_DPKG', `dpkg-query can't tell what is installed: ${err.trim()}`)
    const known = new Map(out.split('\n').map((line) => line.split('\t') as [string, string | undefined]))
    return Object.fromEntries(names.map((name) => [name, stateOf(known.get(name) ?? 'not-installed')]))
  },
  want({ names }) {
    const wrong = names.find((name) => !/^[a-z0-9][a-z0-9+.-]+$/.test(name))
    if (wrong === undefined) return Object.fromEntries(names.map((name) => [name, 'installed']))
    throw new NocError('NOC_SETUP_PACKAGE', `"${wrong}" can't name a Debian package.`, { exit: exitCode.usage })
  },
  async write(host, { names }, to, from) {
    const unfinished = Object.values(from).includes('unfinished')
    if (unfinished)
      await must(host, ['dpkg', ...rootOptions(host).dpkg, '--configure', '-a'], { env: ENV, timeoutMs: INSTALL_MS })
    const moved = (state: PackageState[string]): readonly string[] =>
      names.filter((name) => to[name] === state && from[name] !== state)
    if (moved('installed').length > 0) await install(host, moved('installed'))
    if (moved('absent').length > 0) await remove(host, 'purge', moved('absent'))
    if (moved('removed').length > 0) await remove(host, 'remove', moved('removed'))
  },
  between: (now, before, after) => (Object.values(now).includes('unfinished') ? 'ours' : mixture(now, before, after)),
  show: ({ names }, from, to) =>
    names.flatMap((name) =>
      from[name] === to[name] ? [] : [`${to[name] === 'installed' ? '+' : '-'} package ${name} (was ${from[name]})`],
    ),
}
