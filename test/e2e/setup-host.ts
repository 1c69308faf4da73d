/** A part of this machine that stands for one: a scratch root and a network namespace, and its whole state as text. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '#core/clock.ts'
import { createHost } from '#core/host/setup/host.ts'
import type { Session } from '#core/host/setup/run.ts'
import type { Host } from '#core/host/setup/types.ts'

/** A host to be changed and thrown away. */
export interface ScratchHost {
  /** Also the network namespace's name; names that start with it belong to this host. At most 12 characters. */
  readonly name: string
  readonly host: Host
  /** The data directory: the journal lies there. */
  readonly data: string
  /** A session of `test` on it. */
  readonly session: Session
  /** Writes a file below the root, with its directories. */
  put(path: string, text: string, mode?: number): void
  /** Everything that a set-up can change, a line each. */
  snapshot(): readonly string[]
}

/** A file that programs write besides what they are for. */
export type Ignore = (path: string) => boolean

const PREFIX = 'nt'
let count = 0

/** Runs a program to its end and gives its output. */
export function sh(...argv: readonly string[]): string {
  const [program = '', ...args] = argv
  return execFileSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  })
}

/** Takes apart whatever an earlier run of the tests left when it was killed. */
function sweep(): void {
  const dead = (name: string, pattern: RegExp): boolean => {
    const pid = pattern.exec(name)?.[1]
    return pid !== undefined && !existsSync(`/proc/${pid}`)
  }
  const spaces = existsSync('/run/netns') ? readdirSync('/run/netns') : []
  for (const name of spaces) if (dead(name, /^nt(\d+)x/)) removeNamespace(name)
  for (const name of readdirSync(tmpdir())) if (dead(name, /^nocturne-host-(\d+)-/)) removeFolder(join(tmpdir(), name))
}

function removeFolder(folder: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  for (const point of mounts.map((line) => line.split(' ')[1] ?? '')) {
    if (point.startsWith(`${folder}/`)) sh('umount', '--lazy', point)
  }
  rmSync(folder, { recursive: true, force: true })
}

function removeNamespace(name: string): void {
  for (const pid of sh('ip', 'netns', 'pids', name).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  sh('ip', 'netns', 'delete', name)
}

/** Makes a host; it is taken apart when the test ends. */
export function scratchHost(t: TestContext, ignore: Ignore = () => false): ScratchHost {
  sweep()
  count += 1
  const name = `${PREFIX}${process.pid}x${count}`
  const folder = mkdtempSync(join(tmpdir(), `nocturne-host-${process.pid}-`))
  const root = join(folder, 'root')
  const data = join(folder, 'data')
  mkdirSync(root)
  chmodSync(folder, 0o755)
  sh('ip', 'netns', 'add', name)
  sh('ip', '-n', name, 'link', 'set', 'lo', 'up')
  t.after(() => {
    for (const left of readdirSync('/run/netns').filter((other) => other.startsWith(name))) removeNamespace(left)
    removeFolder(folder)
  })
  const host = createHost({ root, netns: name })
  const { signal } = new AbortController()
  return {
    name,
    host,
    data,
    session: { host, data, actor: 'test', clock: systemClock, signal },
    put(path, text, mode = 0o644) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
      chmodSync(join(root, path), mode)
    },
    snapshot: () => [...filesOf(root, ignore), ...networkOf(name)],
  }
}

function filesOf(root: string, ignore: Ignore): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .filter((path) => !ignore(`/${path}`))
    .map((path) => {
      const stats = lstatSync(join(root, path))
      const content = stats.isSymbolicLink()
        ? readlinkSync(join(root, path))
        : stats.isFile()
          ? createHash('sha256')
              .update(readFileSync(join(root, path)))
              .digest('hex')
          : ''
      return `/${path} ${stats.mode.toString(8)} ${stats.uid}:${stats.gid} ${content}`
    })
}

/** Changes by itself. */
const VOLATILE = /nf_conntrack_count|\/neigh\//

interface Device {
  readonly ifname: string
  readonly flags: readonly string[]
  readonly master?: string
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[]
}

function networkOf(name: string): readonly string[] {
  const inside = ['nsenter', `--net=/run/netns/${name}`, '--']
  const devices = JSON.parse(sh('ip', '-n', name, '-json', 'address', 'show')) as readonly Device[]
  const values = sh(...inside, 'sh', '-c', 'grep -rs "" /proc/sys/net; true')
  return [
    ...devices.map(({ ifname, flags, master = '', addr_info }) => {
      const addresses = addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`)
      return `device ${ifname} ${flags.includes('UP') ? 'up' : 'down'} ${master} ${addresses.join(' ')}`
    }),
    ...values.split('\n').filter((line) => line !== '' && !VOLATILE.test(line)),
    ...sh(...inside, 'nft', '-s', 'list', 'ruleset').split('\n'),
    ...readdirSync('/run/netns').filter((other) => other.startsWith(name)),
    `${sh('ip', 'netns', 'pids', name).split('\n').filter(Boolean).length} processes`,
  ]
}
