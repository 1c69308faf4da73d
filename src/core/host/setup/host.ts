import { NocError, reasonOf, systemErrorCode } from '../../errors.ts'
import { run } from '../run.ts'
import type { Host, HostRun } from './types.ts'

/** Longest time for a program that looks or sets one thing, ms. */
const QUICK_MS = 30_000
/** Most output that a kind reads: a large rule set or package list has a few hundred kB. */
const MOST_OUTPUT_BYTES = 16 * 1024 * 1024
/** Exit code for a program that is not there, as shells and nsenter have it; a step before may bring it. */
export const NOT_INSTALLED = 127
/** Where iproute2 keeps named network namespaces (ip-netns(8)). */
export const NETNS_DIRECTORY = '/run/netns'

/** This machine, or with `root` and `netns` a part of it that stands for one. */
export function createHost({
  root = '',
  netns = null,
}: {
  readonly root?: string
  readonly netns?: string | null
}): Host {
  return {
    root,
    netns,
    run: async (argv, options = {}) => {
      const inside = options.netns ? ['nsenter', `--net=${NETNS_DIRECTORY}/${options.netns}`, '--'] : []
      try {
        const { code, stdout, stderr } = await run([...inside, ...argv], {
          timeoutMs: options.timeoutMs ?? QUICK_MS,
          maxBytes: MOST_OUTPUT_BYTES,
          ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
          ...(options.env === undefined ? {} : { env: options.env }),
        })
        return { code, out: stdout.toString(), err: stderr }
      } catch (error) {
        if (!(error instanceof NocError) || error.code !== 'NOC_HOST_PROGRAM_MISSING') throw error
        return { code: NOT_INSTALLED, out: '', err: error.message }
      }
    },
  }
}

/** Where a network kind acts: its own parameter first, then the host's. */
export function inside(host: Host, params: { readonly netns?: string }): { readonly netns: string | null } {
  return { netns: params.netns ?? host.netns }
}

/** `eth0`, and within a namespace `eth0@box`: the second half of a network kind's id. */
export function place(name: string, { netns }: { readonly netns?: string }): string {
  return netns === undefined ? name : `${name}@${netns}`
}

/** Runs a program that must succeed; gives what it printed. */
export async function must(host: Host, argv: readonly string[], options: HostRun = {}): Promise<string> {
  const { code, out, err } = await host.run(argv, options)
  if (code === 0) return out
  const said = err.trim() || out.trim() || `exit code ${code}`
  const denied = /not permitted|permission denied|are you root|must be root/i.test(said)
  throw new NocError(
    'NOC_SETUP_PROGRAM',
    `${argv.slice(0, 3).join(' ')} failed: ${firstLines(said)}`,
    denied ? { hint: 'This needs root.' } : {},
  )
}

/** Lines of a program's complaint that are told. */
const TOLD_LINES = 5

function firstLines(text: string): string {
  return text.split('\n').slice(0, TOLD_LINES).join('\n')
}

/** What a failed system call on a file means for the operator. */
export function fileTrouble(error: unknown, path: string): NocError {
  if (error instanceof NocError) return error
  const cause = { cause: error }
  switch (systemErrorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(path, error)
    case 'EROFS':
      return new NocError('NOC_SETUP_READ_ONLY', `The file system that holds ${path} is mounted read-only.`, {
        ...cause,
        hint: 'Mount it writable (mount -o remount,rw), or look at dmesg for why the kernel did that.',
      })
    case 'EACCES':
    case 'EPERM':
      return new NocError('NOC_SETUP_PERMISSION', `This user may not change or read ${path}.`, {
        ...cause,
        hint: 'Run the same line with sudo; if you are root, look at lsattr and the mount.',
      })
    case 'ENOENT':
    case 'ENOTDIR':
      return new NocError('NOC_SETUP_NO_DIRECTORY', `The directory of ${path} is not there.`, cause)
    default:
      return new NocError('NOC_SETUP_FILE', `${path}: ${reasonOf(error)}.`, cause)
  }
}

/** There is no room for `path`. */
export function diskFull(path: string, cause: unknown): NocError {
  return new NocError('NOC_SETUP_DISK_FULL', `The disk that holds ${path} is full.`, {
    cause,
    hint: 'Free some space and run the same line again; nothing is lost.',
  })
}
