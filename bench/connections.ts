/**
 * What a look at 50,000 sockets costs beside ss, in the same run: an own network namespace, loopback, several servers
 * and clients. Roles of this one file: the bare one opens the namespace, `inside` fills it and measures, `serve` and
 * `call` hold the sockets, `look` looks in a process of its own. All end with their standard input.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type Socket, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '#core/clock.ts'
import { KEYS, groupSockets, regroup } from '../src/systems/connections/groups.ts'
import { createLooker, snapshot } from '../src/systems/connections/look.ts'
import { readSockets } from '../src/systems/connections/sources/read.ts'

const SELF = fileURLToPath(import.meta.url)
const NOC = join(import.meta.dirname, '..', 'bin', 'noc')
const PAIRS = 5
/** Each connection is two sockets: both ends are here. */
const CONNECTIONS = 25_000
const BATCH = 100
const ROUNDS = 7
/** Looks of the daemon in each round. */
const LOOKS = 5

function role(...args: string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', SELF, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function line(child: ChildProcess): Promise<string> {
  if (!child.stdout) return ''
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return chunk.toString().trim()
}

const addressOf = (pair: number): string => (pair % 2 === 0 ? `127.0.1.${pair + 1}` : '::1')
const portOf = (pair: number): number => 8000 + pair

async function serve(pair: number): Promise<void> {
  const held: Socket[] = []
  const server = createServer((socket) => held.push(socket.on('error', () => undefined)))
  server.listen({ host: addressOf(pair), port: portOf(pair), backlog: 4096 })
  await once(server, 'listening')
}

async function call(pair: number): Promise<void> {
  const one = async (): Promise<void> => {
    const socket = connect(portOf(pair), addressOf(pair))
    await once(socket, 'connect')
    socket.write('GET / HTTP/1.1\r\n\r\n')
  }
  for (let done = 0; done < CONNECTIONS / PAIRS; done += BATCH) {
    await Promise.all(Array.from({ length: BATCH }, one))
  }
}

interface Cost {
  readonly wall: number
  readonly cpu: number
}

/** Milliseconds of wall clock and CPU of a whole program, by the kernel's account of our children. */
function program(argv: readonly string[]): Cost {
  // utime and stime of the children that were waited for, in hundredths of a second (proc(5)).
  const spent = (): number => {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[13]) + Number(fields[14])) * 10
  }
  const [before, began] = [spent(), performance.now()]
  spawnSync(argv[0] ?? '', argv.slice(1), { stdio: 'ignore' })
  return { wall: performance.now() - began, cpu: spent() - before }
}

async function measured(work: () => Promise<unknown>): Promise<Cost> {
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { wall: performance.now() - began, cpu: (user + system) / 1000 }
}

const options = { source: 'netlink', proc: '/proc' } as const
const limits = { warning: 10, critical: 100, silent_after: 60, limits: [] }

/** Looks for one line of input each, as a daemon or as a command would; answers with what it cost. */
async function look(): Promise<void> {
  const rss = (): number => process.memoryUsage().rss
  const before = rss()
  let most = before
  const watching = createLooker({ source: 'netlink', limits, clock: systemClock, since: () => null })
  const whole = async (looker = watching): Promise<void> => {
    const found = await looker.look({ by: KEYS, filter: { remote: null, process: null, state: null, port: null } })
    snapshot(found, 1000, () => null)
  }
  const cases: Readonly<Record<string, () => Promise<void>>> = {
    idle: async () => {
      const { sockets } = await readSockets(options)
      regroup(
        groupSockets(sockets, () => ({ process: null, pid: null, unit: null, user: null })),
        KEYS,
      )
    },
    owners: () => whole(createLooker({ source: 'netlink', limits, clock: systemClock, since: () => null })),
    again: whole,
  }
  process.stdin.on('data', (chunk: Buffer) => {
    const work = cases[chunk.toString().trim()]
    if (work === undefined) return
    const answer = async (): Promise<void> => {
      const cost = await measured(work)
      most = Math.max(most, rss())
      process.stdout.write(`${JSON.stringify({ ...cost, growth: (most - before) / 1048576 })}\n`)
    }
    void answer()
  })
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

function report(title: string, costs: readonly Cost[]): number {
  const wall = costs.map((cost) => cost.wall)
  const text = [median(wall), Math.min(...wall), median(costs.map((cost) => cost.cpu))].map((n) =>
    n.toFixed(0).padStart(6),
  )
  console.log(`${title.padEnd(46)} ${text[0]} ms median ${text[1]} ms best ${text[2]} ms CPU`)
  return median(wall)
}

/** A process that looks when it is asked to. */
async function looker(): Promise<{ ask(what: string): Promise<Cost & { growth: number }>; end(): void }> {
  const child = role('look')
  await line(child)
  return {
    ask: async (what) => {
      child.stdin?.write(`${what}\n`)
      return JSON.parse(await line(child)) as Cost & { growth: number }
    },
    end: () => child.stdin?.end(),
  }
}

async function measure(): Promise<void> {
  const [daemon, command] = [await looker(), await looker()]
  const costs: Record<'first' | 'idle' | 'owners' | 'again' | 'noc' | 'ss' | 'ssp', Cost[]> = {
    first: [await command.ask('idle')],
    idle: [],
    owners: [],
    again: [],
    noc: [],
    ss: [],
    ssp: [],
  }
  let growth = 0
  for (let round = 0; round < ROUNDS; round++) {
    costs.ss.push(program(['ss', '-tinaOe']))
    costs.idle.push(await command.ask('idle'))
    costs.ssp.push(program(['ss', '-tinpaOe']))
    costs.owners.push(await command.ask('owners'))
    costs.noc.push(program([process.execPath, NOC, 'connections', '--json']))
    for (let looks = 0; looks < LOOKS; looks++) {
      const cost = await daemon.ask('again')
      if (round + looks > 0) costs.again.push(cost)
      growth = cost.growth
    }
  }
  daemon.end()
  command.end()
  const { sockets } = await readSockets(options)
  console.log(`${sockets.length} sockets, ${ROUNDS} rounds, each program once a round\n`)
  report('first snapshot of a process, idle times', costs.first)
  const idle = report('snapshot with idle times', costs.idle)
  const ss = report('ss -tinaOe', costs.ss)
  const owners = report('snapshot with owners, nothing remembered', costs.owners)
  report('snapshot with owners, next look of a daemon', costs.again)
  const ssp = report('ss -tinpaOe', costs.ssp)
  report('whole run of noc connections --json', costs.noc)
  console.log(`\nwith idle times: ${(ss / idle).toFixed(1)}x as fast as ss -tinaOe`)
  console.log(`with owners:     ${(ssp / owners).toFixed(1)}x as fast as ss -tinpaOe`)
  console.log(`memory:          a daemon grows by ${growth.toFixed(0)} MiB at most in ${ROUNDS * LOOKS} looks`)
}

async function inside(): Promise<void> {
  spawnSync('ip', ['link', 'set', 'lo', 'up'])
  spawnSync('sysctl', ['-qw', 'net.ipv4.ip_local_port_range=1024 65535'])
  const pairs = Array.from({ length: PAIRS }, (_, pair) => String(pair))
  const servers = pairs.map((pair) => role('serve', pair))
  await Promise.all(servers.map(line))
  const clients = pairs.map((pair) => role('call', pair))
  await Promise.all(clients.map(line))
  await measure()
  for (const child of [...servers, ...clients]) child.stdin?.end()
}

const [what = '', pair = ''] = process.argv.slice(2)
if (what === '') {
  const child = spawn('unshare', ['--net', process.execPath, '--import', 'tsx', SELF, 'inside'], { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  process.exitCode = code ?? 1
} else if (what === 'inside') await inside()
else {
  process.stdin.on('end', () => process.exit()).resume()
  if (what === 'serve') await serve(Number(pair))
  else if (what === 'call') await call(Number(pair))
  else await look()
  process.stdout.write('ready\n')
}
