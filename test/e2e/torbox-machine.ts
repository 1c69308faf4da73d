/** A machine that forgets, on a Tor network of its own, for tests of the sandbox of root. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { torControl } from '#proto/torcontrol/client.ts'
import type { ListedBox } from '#systems/torbox/cli-boxes.ts'
import { type TorNetwork, startTorNetwork } from '../tor/network.ts'
import { exitAddress } from '../tor/plan.ts'

const root = join(import.meta.dirname, '../..')
/** Where the exits' connections come from. */
export const EXITS: readonly string[] = [exitAddress(0), exitAddress(1)]
/** Of the set-up's own instance. */
export const TOR_DATA = '/var/lib/noc-torbox/data'
/** Patience with a circuit on a busy machine, ms. */
const LATE_MS = 60_000

/** How a program ended. */
export interface Answer {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A machine of its own: the network's namespaces, with /etc, /var and /run that forget. */
export interface Machine {
  readonly network: TorNetwork
  noc(...args: readonly string[]): Promise<Answer>
  /** Starts `noc`, which goes on; it is ended with the test. */
  begin(...args: readonly string[]): ChildProcess
  sh(script: string): Promise<string>
}

/** /etc, /var and /run as they are, but in memory. */
const FORGETFUL = `set -e
mount -t tmpfs -o mode=755 test /mnt
for d in etc var; do
  mkdir -p /mnt/$d/upper /mnt/$d/work
  mount -t overlay -o lowerdir=/$d,upperdir=/mnt/$d/upper,workdir=/mnt/$d/work test /$d
done
mount -t tmpfs -o mode=755 test /run
mkdir /run/mount /run/dbus
cat > /etc/nocturne.toml`

/** Brings the network up; all of it ends with the test. */
export async function machine(t: TestContext): Promise<Machine> {
  const network = await startTorNetwork(t, { outside: true, exits: EXITS })
  // Without conflux a circuit has one number.
  const config = `[torbox]\ntor_options = ${JSON.stringify([...network.joining, 'ConfluxEnabled 0'])}\n`
  await network.inside(['sh', '-c', FORGETFUL], { stdin: config })
  const program = [process.execPath, '--import', 'tsx', join(root, 'src/main.ts'), 'torbox']
  const environment = ['env', 'NOC_CONFIG=/etc/nocturne.toml', 'NOC_DATA=/mnt/nocturne']
  const command = (args: readonly string[]): string[] => [...network.entry, ...environment, ...program, ...args]
  const begin = (...args: readonly string[]): ChildProcess => {
    const [first = '', ...rest] = command(args)
    const child = spawn(first, rest, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] })
    t.after(() => child.kill('SIGKILL'))
    return child
  }
  return {
    network,
    begin,
    async noc(...args) {
      const child = begin(...args)
      const [out, err] = [textOf(child.stdout), textOf(child.stderr)]
      child.stdin?.end()
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
      assert.equal(signal, null, `noc torbox ${args.join(' ')} was killed`)
      return { code: code ?? -1, out: out(), err: err() }
    },
    async sh(script) {
      const { code, stdout, stderr } = await network.inside(['sh', '-c', script])
      assert.equal(code, 0, `${script}: ${stderr}`)
      return stdout.toString()
    },
  }
}

/** What has come so far. */
export function textOf(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return () => text
}

/** Looks until it is so. */
export async function until<T>(what: string, look: () => Promise<T | null | false>): Promise<T> {
  for (const late = performance.now() + LATE_MS; performance.now() < late; await setTimeout(100)) {
    const found = await look().catch(() => null)
    if (found !== null && found !== false) return found
  }
  throw new Error(`not so in time: ${what}`)
}

/** Everything that the set-up could have changed, a line each. */
export async function stateOf({ sh }: Machine): Promise<ReadonlySet<string>> {
  // Programs that add users leave locks and backups; neighbours come and go.
  const text = await sh(`
    find /etc /var/lib /run ! -name '*-' ! -name .pwd.lock -printf '%p %M %U:%G %l\\n' | sort
    find /etc -type f ! -name '*-' ! -name .pwd.lock -exec sha256sum {} + | sort
    nft -s list ruleset; ip -brief link | sed 's/@.*//'; ip -brief address; ip route; ip rule; ip -6 rule
    grep -rs '' /proc/sys/net | grep -v 'conntrack_count\\|/neigh/'; ps -eo args | grep -c '[n]oc-torbox'; true`)
  return new Set(text.split('\n'))
}

/** What is in one state only. */
export function difference(before: ReadonlySet<string>, after: ReadonlySet<string>): readonly string[] {
  const lost = [...before].filter((line) => !after.has(line)).map((line) => `- ${line}`)
  return [...lost, ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`)]
}

/** The circuit of the newest stream from each address; only events tell where a stream came from. */
export async function circuitsBySource(t: TestContext, { network }: Machine): Promise<Map<string, string>> {
  const sources = new Map<string, string>()
  const circuits = new Map<string, string>()
  const socket = connect(network.path(join(TOR_DATA, 'control')))
  await once(socket, 'connect')
  const tor = torControl(socket, {
    onEvent(event) {
      if (event.type !== 'stream' || event.stream.protocol !== 'TRANS') return
      const { id, source, circuit } = event.stream
      if (source !== null) sources.set(id, source.host)
      if (circuit !== null) circuits.set(sources.get(id) ?? '', circuit)
    },
  })
  t.after(() => tor.close())
  await tor.authenticate({ kind: 'cookie', cookie: readFileSync(network.path(join(TOR_DATA, 'control_auth_cookie'))) })
  await tor.setEvents('STREAM')
  return circuits
}

/** What `ls` tells. */
export async function boxes({ noc }: Machine): Promise<readonly ListedBox[]> {
  const { code, out } = await noc('ls', '--json')
  assert.equal(code, 0)
  return JSON.parse(out) as readonly ListedBox[]
}

/** A signal to the noc that keeps a box; it has another number inside the namespaces of the test. */
export async function signal({ sh }: Machine, box: string, name: string): Promise<void> {
  const record = JSON.parse(await sh(`cat /run/nocturne/torbox/boxes/${box}/box.json`)) as {
    readonly starter: { readonly pid: number }
  }
  await sh(`kill -${name} ${record.starter.pid}`)
}
