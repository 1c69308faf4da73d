/** What this host has: the programs a box is built with, and the files and sockets that its view is made from. */
import { accessSync, constants, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { NocError } from '#core/errors.ts'
import type { Keep } from '../config.ts'
import type { BoxView, Kept, Tools } from './script.ts'
import { boxView } from './view.ts'

/** Programs by the Debian package that has them. */
const PACKAGES: Readonly<Record<keyof Tools, string>> = {
  unshare: 'util-linux',
  setpriv: 'util-linux',
  nsenter: 'util-linux',
  mount: 'mount',
  sh: 'dash',
  ip: 'iproute2',
  nft: 'nftables',
}
/** Administrators' programs are often not in a user's PATH. */
const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'] as const

/** Where a program is among the folders of a PATH; null when it is nowhere. */
export function findProgram(name: string, path: string): string | null {
  return (
    path
      .split(delimiter)
      .map((folder) => join(folder, name))
      .find(isExecutable) ?? null
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return lstatSync(realpathSync(path)).isFile()
  } catch {
    return false
  }
}

/** The programs that boxes need; throws one sentence that names all that are missing. */
export function findTools(path: string): Tools {
  const names = Object.keys(PACKAGES) as (keyof Tools)[]
  const folders = [path, ...SBIN].join(delimiter)
  const found = names.map((name) => [name, findProgram(name, folders)] as const)
  const missing = found.filter(([, program]) => program === null).map(([name]) => name)
  if (missing.length === 0) return Object.fromEntries(found) as Tools
  const packages = [...new Set(missing.map((name) => PACKAGES[name]))]
  const [programs, are] = [missing.join(' and '), missing.length > 1 ? 'are' : 'is']
  throw new NocError('NOC_TORBOX_PROGRAM', `A box can't be built without ${programs}, which ${are} not installed.`, {
    hint: `apt-get install ${packages.join(' ')}`,
  })
}

/** Whose box, and what of the host it may see beyond the usual. */
export interface ViewWish {
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly uid: number
  readonly directory: string
  readonly keep: readonly Keep[]
  readonly hide: readonly string[]
}

/** What a box sees of this host. */
export function hostView(wish: ViewWish): BoxView {
  return boxView({
    ...wish,
    unixSockets: readOr('/proc/net/unix', ''),
    nsswitch: readOr('/etc/nsswitch.conf', null),
    realPath,
    kindOf,
    linkOf: readlinkSync,
  })
}

function readOr<T>(path: string, otherwise: T): string | T {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

/** Where a path leads; resolv.conf is often a link to something that a service has yet to write. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return kindOf(path) === 'link' ? resolve(dirname(path), readlinkSync(path)) : path
  }
}

function kindOf(path: string): Kept['kind'] | null {
  try {
    const stat = lstatSync(path)
    if (stat.isSymbolicLink()) return 'link'
    return stat.isDirectory() ? 'directory' : 'file'
  } catch {
    return null
  }
}
