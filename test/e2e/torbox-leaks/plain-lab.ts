/** Boxes made by hand, as the HOWTO makes them: a namespace each, on a bridge. Runs inside a test network. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RunResult, run } from '#core/host/run.ts'
import type { Lab, ProbeBox } from '#systems/torbox/leak/lab.ts'
import { listenToTor } from '#systems/torbox/leak/streams.ts'
import { HOWTO_SYSCTLS, NET, howto } from './rules.ts'

const LIMITS = { timeoutMs: 20_000, maxBytes: 1 << 20 }
const ROOT = join(import.meta.dirname, '../../..')
const PROGRAM = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'inside.ts')]

async function must(argv: readonly string[], stdin = ''): Promise<RunResult> {
  const result = await run(argv, { ...LIMITS, stdin })
  if (result.code !== 0) throw new Error(`${argv.join(' ')}: ${result.stderr}`)
  return result
}

/** The kinds of host that the HOWTO leaves behind. */
export interface HowtoOptions {
  readonly forward: 'DROP' | 'ACCEPT'
  /** Whether the host forwards IPv6 too. */
  readonly forward6: boolean
  /** Whether frames between two boxes pass iptables (the module br_netfilter). */
  readonly bridged: boolean
  /** The test network's folder, for its client. */
  readonly directory: string
}

/** Sets the host up as the HOWTO says. */
export async function howtoLab({ forward, forward6, bridged, directory }: HowtoOptions): Promise<Lab> {
  const { bridge, host, prefix, outer } = NET
  const { nat, tor } = howto(forward)
  await must(['ip', 'link', 'add', bridge, 'type', 'bridge'])
  await must(['ip', 'address', 'add', `${host}/${prefix}`, 'dev', bridge])
  await must(['ip', 'link', 'set', bridge, 'up'])
  for (const setting of HOWTO_SYSCTLS) await must(['sysctl', '-qw', setting])
  await must(['sysctl', '-qw', `net.bridge.bridge-nf-call-iptables=${bridged ? 1 : 0}`])
  if (forward6) await must(['sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1', `net.ipv6.conf.${outer}.accept_ra=0`])
  await must(['iptables-restore', '--noflush'], nat)
  const load = async (): Promise<void> => void (await must(['iptables-restore', '--noflush'], tor))
  const flush = async (): Promise<void> => void (await must(['iptables', '-t', 'nat', '-F', 'PREROUTING']))
  await load()
  let next = 10
  let there = true
  const rules = {
    break: async () => {
      await flush()
      there = false
    },
    mend: async () => {
      if (!there) await load()
      there = true
    },
  }
  const streams = await listenToTor(join(directory, 'client', 'control'))
  return {
    kind: 'root',
    links: [bridge],
    gateway: host,
    makeBox: () => makeBox((next += 1)),
    tor: torOf(directory),
    rules,
    walls: rules,
    streams: streams.seen,
    close: async () => {
      streams.close()
      await must(['nft', 'flush', 'ruleset'])
      await must(['ip', 'link', 'delete', bridge])
    },
  }
}

/** The client of the test network: stopped as an upgrade would, started as it was. */
function torOf(directory: string): { break(): Promise<void>; mend(): Promise<void> } {
  const folder = join(directory, 'client')
  let stopped = false
  return {
    break: async () => {
      const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'))
      process.kill(pid, 'SIGINT')
      while (lives(pid)) await sleep(50)
      stopped = true
    },
    mend: async () => {
      if (!stopped) return
      stopped = false
      const argv = ['--quiet', '--defaults-torrc', '/dev/null', '-f', join(folder, 'torrc'), '--RunAsDaemon', '1']
      await must(['tor', ...argv])
    },
  }
}

function lives(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** A namespace with its resolv.conf, and a cable to the bridge; ends with us. */
async function makeBox(number: number): Promise<ProbeBox> {
  const { bridge, host, prefix } = NET
  const address = host.replace(/\d+$/, String(number))
  const script = `mount -t tmpfs box /mnt && echo nameserver ${host} >/mnt/resolv.conf &&
    mount --bind /mnt/resolv.conf "$(readlink -f /etc/resolv.conf)" && echo up && exec cat`
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', '--mount', 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  const pid = String(child.pid)
  const enter = (sorts: readonly string[]): string[] => ['nsenter', '--target', pid, ...sorts, '--wd=' + ROOT, '--']
  await must(['ip', 'link', 'add', `box${number}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid])
  await must(['ip', 'link', 'set', `box${number}`, 'master', bridge, 'up'])
  const inside = [
    `address add ${address}/${prefix} dev eth0`,
    'link set lo up',
    'link set eth0 up',
    `route add default via ${host}`,
  ]
  await must([...enter(['--net']), 'ip', '-batch', '-'], inside.join('\n'))
  return {
    name: `box${number}`,
    address,
    run: async (as, tasks, timeoutMs, signal) => {
      const argv = [...enter(as === 'root' ? ['--net'] : ['--net', '--mount']), ...PROGRAM]
      const { stdout, stderr, code } = await run(argv, { stdin: tasks, timeoutMs, signal, maxBytes: 1 << 20 })
      if (code !== 0) throw new Error(stderr)
      return stdout.toString()
    },
    close: () => end(child),
  }
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.stdin?.end()
  await ended
}
