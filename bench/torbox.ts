/**
 * `npm run bench -- torbox`: what a box costs. Start-up beside `ip netns exec` and `firejail --net` on the same bridge,
 * throughput through TransPort beside the same tor without a box, and how long the leak test takes. Root; on a Tor
 * network of its own. Roles of this one file: `` brings that up, `starts` measures inside of it.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTorNetwork, type TorNetwork } from '../test/tor/network.ts'

const SELF = fileURLToPath(import.meta.url)
const noc = join(import.meta.dirname, '../bin/noc')
const STARTS = 21
const DOWNLOADS = 9
const MEGABYTES = 20

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** A machine that forgets, and a bridge for Firejail and `ip netns` beside ours. */
const PREPARE = `set -e
mount -t tmpfs -o mode=755 bench /mnt
for d in etc var; do
  mkdir -p /mnt/$d/upper /mnt/$d/work
  mount -t overlay -o lowerdir=/$d,upperdir=/mnt/$d/upper,workdir=/mnt/$d/work bench /$d
done
mount -t tmpfs -o mode=755 bench /run
ip netns add bench
cat > /etc/nocturne.toml`

/** A process namespace in which Firejail sees a kernel thread: it does nothing where it believes to be in a sandbox. */
const AS_A_MACHINE = `ln -sf /bin/sleep /mnt/kthreadd; /mnt/kthreadd infinity & exec "$@"`

function time(argv: readonly string[]): number {
  const [program = '', ...args] = argv
  const began = performance.now()
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${status} ${stderr}`)
  return performance.now() - began
}

/** Interleaved, so that a busy moment meets all of them. */
function starts(): void {
  const cases: Readonly<Record<string, readonly string[]>> = {
    'node -e 0': [process.execPath, '-e', '0'],
    'ip netns exec': ['ip', 'netns', 'exec', 'bench', 'true'],
    'noc torbox run': [process.execPath, noc, 'torbox', 'run', '-q', '--', 'true'],
    'noc torbox run --firejail': [process.execPath, noc, 'torbox', 'run', '-q', '--firejail', '--', 'true'],
    'firejail --net=tornet': ['firejail', '--quiet', '--noprofile', '--net=tornet', '--dns=10.100.100.1', 'true'],
  }
  const all = new Map(Object.keys(cases).map((name) => [name, [] as number[]]))
  for (let run = 0; run < STARTS; run += 1)
    for (const [name, argv] of Object.entries(cases)) all.get(name)?.push(time(argv))
  const ours = median(all.get('noc torbox run') ?? [])
  for (const [name, values] of all) {
    const best = Math.min(...values).toFixed(0)
    const ratio = (median(values) / ours).toFixed(2)
    console.log(
      `${name.padEnd(26)} ${median(values).toFixed(0).padStart(5)} ms (best ${best.padStart(4)})  ${ratio}x of a box`,
    )
  }
}

async function main(): Promise<void> {
  const network = await startTorNetwork({ after: () => undefined }, { outside: true, onion: false })
  try {
    const lines = [...network.joining, 'ConfluxEnabled 0']
    await inside(network, ['sh', '-c', PREPARE], `[torbox]\ntor_options = ${JSON.stringify(lines)}\n`)
    await inside(network, torbox('apply', '--yes'))
    await inside(network, torbox('run', '-q', '--wait', '60', '--', 'true'))
    const machine = [
      'unshare',
      '--pid',
      '--mount',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      '-c',
      AS_A_MACHINE,
      'sh',
    ]
    const env = ['env', ...ENVIRONMENT]
    process.stdout.write(
      await inside(network, [...machine, ...env, process.execPath, '--import', 'tsx', SELF, 'starts']),
    )
    await throughput(network)
    const began = performance.now()
    await network.inside(torbox('leaktest', '--disruptive'))
    console.log(`leak test with everything   ${((performance.now() - began) / 1000).toFixed(1)} s`)
  } finally {
    await network.stop()
  }
}

const ENVIRONMENT = ['NOC_CONFIG=/etc/nocturne.toml', 'NOC_DATA=/mnt/nocturne']

function torbox(...args: readonly string[]): readonly string[] {
  return ['env', ...ENVIRONMENT, process.execPath, noc, 'torbox', ...args]
}

async function inside(network: TorNetwork, argv: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await network.inside(argv, { stdin, timeoutMs: 600_000 })
  if (code !== 0) throw new Error(`${argv.join(' ')}: ${code} ${stderr}`)
  return stdout.toString()
}

/** The same download, from a box and by SOCKS without one, through the same tor and exit. */
async function throughput(network: TorNetwork): Promise<void> {
  const curl = [
    'curl',
    '-sS',
    '-o',
    '/dev/null',
    '-w',
    '%{speed_download}',
    `http://www.outside.example/bytes/${MEGABYTES * 1_000_000}`,
  ]
  const boxed: number[] = []
  const plain: number[] = []
  for (let run = 0; run < DOWNLOADS; run += 1) {
    boxed.push(Number(await inside(network, torbox('run', '-q', '--', ...curl))))
    plain.push(Number(await inside(network, [...curl, '--socks5-hostname', '10.100.100.1:9050'])))
  }
  const ratio = median(boxed.map((speed, run) => speed / (plain[run] ?? 1)))
  const mega = (speeds: readonly number[]): string => (median(speeds) / 1e6).toFixed(1)
  console.log(
    `${MEGABYTES} MB by TransPort from a box ${mega(boxed)} MB/s, without a box ${mega(plain)} MB/s, ratio ${ratio.toFixed(2)}`,
  )
}

if (process.argv[2] === 'starts') starts()
else await main()
