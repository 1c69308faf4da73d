/**
 * How a box's view of the files is put up: a skeleton that is copied to a file system of the box's own, and a table of
 * mounts for one call of mount(8). Pure; what the view holds is decided in `user/view.ts`, the same for all boxes.
 */
import { posix } from 'node:path'
import type { BoxView } from '../user/script.ts'

/** Something in the skeleton, by its path below it; parents come with it. */
export type StageEntry =
  | { readonly path: string; readonly kind: 'directory'; readonly mode: number; readonly owned: boolean }
  | { readonly path: string; readonly kind: 'file'; readonly content: string }
  | { readonly path: string; readonly kind: 'link'; readonly to: string }

/** What must be copied, then mounted, in these orders. */
export interface Stage {
  readonly entries: readonly StageEntry[]
  /** The table in the form of fstab(5). */
  readonly fstab: string
  /** The same for sockets, which come and go: what is gone when its turn comes needs no cover. */
  readonly covers: string
}

interface Mount {
  readonly what: string
  readonly where: string
  readonly type: string
  readonly options: string
}

const bind = (what: string, where: string): Mount => ({ what, where, type: 'none', options: 'bind' })

// Under the name of the real source, mount --all would take them for mounted already.
const SOURCE = 'noc'
const SYSTEM: readonly Mount[] = [
  // A fresh one shows the box's devices, not the host's with their hardware addresses.
  { what: SOURCE, where: '/sys', type: 'sysfs', options: 'ro,nosuid,nodev,noexec' },
  { what: SOURCE, where: '/proc', type: 'proc', options: 'nosuid,nodev,noexec' },
  // Root in a box must not set what the kernel runs outside of it (core_pattern).
  { what: '/proc/sys', where: '/proc/sys', type: 'none', options: 'bind,ro' },
]

/** How the view is put up; `at` is where the copy of the skeleton lies. */
export function stage(view: BoxView, at: string): Stage {
  const hidden = (path: string): boolean => view.hidden.some((folder) => path.startsWith(`${folder}/`))
  const files = view.files.map(([path, content], index) => {
    return { path, content, place: hidden(path) ? path : `/files/${index}` }
  })
  const kept = view.kept.filter(({ kind }) => kind !== 'link')
  const entries: readonly StageEntry[] = [
    ...[...view.hidden, '/files'].map((path) => folder(path, '755')),
    ...view.made.map(([path, mode]) => folder(path, mode)),
    ...view.kept.map(({ path, kind, to = '' }): StageEntry => {
      if (kind === 'link') return { path, kind, to }
      return kind === 'directory' ? folder(path, '755') : { path, kind, content: '' }
    }),
    ...files.map(({ place, content }): StageEntry => ({ path: place, kind: 'file', content })),
  ]
  // The one that hides the stage itself comes last.
  const hiding = view.hidden.toSorted((a, b) => Number(at.startsWith(`${a}/`)) - Number(at.startsWith(`${b}/`)))
  const mounts = [
    ...kept.map(({ path }) => ({ ...bind(path, `${at}${path}`), options: 'rbind' })),
    ...files.filter(({ path }) => !hidden(path)).map(({ path, place }) => bind(`${at}${place}`, path)),
    ...hiding.map((path) => ({ ...bind(`${at}${path}`, path), options: 'rbind' })),
    ...SYSTEM,
  ]
  const covers = view.sockets.map((path) => bind('/dev/null', path))
  return { entries, fstab: mounts.map(line).join(''), covers: covers.map(line).join('') }
}

function folder(path: string, mode: string): StageEntry {
  // A folder that is the user's alone must be the user's.
  return { path: posix.normalize(path), kind: 'directory', mode: Number.parseInt(mode, 8), owned: mode === '700' }
}

function line({ what, where, type, options }: Mount): string {
  return `${field(what)} ${field(where)} ${type} ${options} 0 0\n`
}

/** White space, and what has a meaning of its own, in octal as fstab(5) wants it. */
function field(path: string): string {
  return path.replace(/[\s\\#]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
