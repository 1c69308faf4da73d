/** From configuration to a Tor network that carries traffic, as fast as tor can. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { socksConnect } from '#proto/socks5/client.ts'
import { type Node, PORTS, type Plan, VOTE_S, VOTING_INTERVAL_S, nodes } from './plan.ts'

/** Between two looks at whether something is so. */
const POLL_MS = 100
/** A node that missed a download tries again after 10 s; told to reload, it tries at once. */
const NUDGE_MS = 2000
/** Between two tries to reach the onion service: each failed one keeps the client busy for some 100 ms. */
const ONION_POLL_MS = 300
const REQUEST_MS = 5000
const LOG_TAIL_LINES = 15

export interface Progress {
  readonly phase: (name: 'consensus' | 'client' | 'exit' | 'onion') => void
  /** A node ended. */
  readonly failed: (why: Error) => void
}

/** Starts all of tor and waits until it carries traffic; answers the onion service's name, if there is one. */
export async function startTor(plan: Omit<Plan, 'consensusAt'>, progress: Progress): Promise<string | null> {
  const processes = new Map<string, ChildProcess>()
  const start = (node: Node): void => void processes.set(node.name, startNode(plan.directory, node, progress))
  const reload = (wanted: (name: string) => boolean): void => {
    for (const [name, child] of processes) if (wanted(name) && hasReported(plan.directory, name)) child.kill('SIGHUP')
  }
  // The first consensus comes late, unless all relays are known before: then it is ordered at once.
  const first = nodes({ ...plan, consensusAt: seconds() + VOTING_INTERVAL_S - 1 })
  for (const node of first.filter(isRelay)) start(node)
  await everyAuthority(plan, '/tor/server/all', /^router /gm)
  for (const node of nodes({ ...plan, consensusAt: seconds() + VOTE_S })) configure(plan.directory, node)
  reload(isAuthority)
  for (const node of first.filter((node) => !isRelay(node))) start(node)
  await everyAuthority(plan, '/tor/status-vote/current/consensus', /^r /gm)
  progress.phase('consensus')
  const nudge = (): void => reload((name) => !isAuthority(name))
  nudge()
  const nudging = setInterval(nudge, NUDGE_MS)
  await until(() => isUp(plan.directory, 'client'), POLL_MS)
  progress.phase('client')
  await until(() => reaches('127.0.0.1', PORTS.web), POLL_MS)
  progress.phase('exit')
  await until(() => !plan.onion || isUp(plan.directory, 'onion'), POLL_MS)
  clearInterval(nudging)
  if (!plan.onion) return null
  const name = readFileSync(join(plan.directory, 'onion', 'service', 'hostname'), 'utf8').trim()
  await until(() => reaches(name, 80), ONION_POLL_MS)
  progress.phase('onion')
  return name
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

function isAuthority(name: string): boolean {
  return name.startsWith('auth')
}

function isRelay({ name }: Node): boolean {
  return isAuthority(name) || name.startsWith('exit')
}

function configure(directory: string, { name, torrc }: Node): void {
  mkdirSync(join(directory, name), { recursive: true, mode: 0o700 })
  writeFileSync(join(directory, name, 'torrc'), `${torrc.join('\n')}\n`)
}

function startNode(directory: string, node: Node, { failed }: Progress): ChildProcess {
  configure(directory, node)
  const file = (name: string): string => join(directory, node.name, name)
  // What is wrong with its configuration a node says before it has a log.
  const output = openSync(file('console.log'), 'a')
  const argv = ['--hush', '--defaults-torrc', '/dev/null', '-f', file('torrc')]
  const child = spawn('tor', argv, { stdio: ['ignore', output, output] })
  closeSync(output)
  child.once('error', failed)
  child.once('exit', (code, signal) => {
    const lines = ['console.log', 'notice.log'].flatMap((name) => read(file(name)).trimEnd().split('\n'))
    failed(new Error(`${node.name} ended with ${code ?? signal}:\n${lines.slice(-LOG_TAIL_LINES).join('\n')}`))
  })
  return child
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function log(directory: string, name: string): string {
  return read(join(directory, name, 'notice.log'))
}

/** Before its first report a node would take the signal to reload as its end. */
function hasReported(directory: string, name: string): boolean {
  return log(directory, name).includes('Bootstrapped')
}

function isUp(directory: string, name: string): boolean {
  return log(directory, name).includes('Bootstrapped 100%')
}

/** Waits until every authority's answer has a line for each relay. */
async function everyAuthority(plan: Omit<Plan, 'consensusAt'>, path: string, line: RegExp): Promise<void> {
  const relays = plan.authorities.length + plan.exits.length
  for (const index of plan.authorities.keys()) {
    const url = `http://127.0.0.1:${PORTS.directory + index}${path}`
    await until(async () => ((await text(url)).match(line)?.length ?? 0) >= relays, POLL_MS)
  }
}

/** What a directory answers; nothing while it doesn't. */
async function text(url: string): Promise<string> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS) })).text()
  } catch {
    return ''
  }
}

/** Whether a web page comes through the client. */
async function reaches(host: string, port: number): Promise<boolean> {
  const socket = connect(PORTS.socks, '127.0.0.1')
  socket.on('error', () => undefined)
  try {
    await socksConnect(socket, { host, port }, { timeoutMs: REQUEST_MS })
    // Not `end`: tor closes the whole stream when the client has said its last.
    socket.write(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`)
    let page = ''
    for await (const chunk of socket.setTimeout(REQUEST_MS, () => socket.destroy())) page += String(chunk)
    return page.startsWith('HTTP/1.1 200')
  } catch {
    return false
  }
}

async function until(look: () => boolean | Promise<boolean>, pauseMs: number): Promise<void> {
  while (!(await look())) await sleep(pauseMs)
}
