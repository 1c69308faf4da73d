/** The program that runs inside the box: tries what it is told, all at the same time, and says how it went. */
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { readFileSync, writeFileSync } from 'node:fs'
import { type Socket, connect, isIPv6 } from 'node:net'
import { reasonOf, systemErrorCode } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import { listen } from './listener.ts'
import { ping } from './ping.ts'
import type { ArrangeTask, DnsTask, Outcome, TaskResult, Task, TcpTask, UdpTask, UnixTask } from './tasks.ts'

interface Found {
  readonly outcome: Outcome
  readonly detail: string
  readonly arrivals?: TaskResult['arrivals']
}

/** Milliseconds between two datagrams of a probe: the first may be lost while a neighbour is looked for. */
const AGAIN_MS = 400
/** Longest time for one command of root in the box, ms. */
const COMMAND_MS = 2000
/** Milliseconds that an accepted connection is given to say something. */
const HOLD_MS = 1000

/** Runs all tasks in parallel; `done` is told of each as it ends. */
export async function runTasks(tasks: readonly Task[], done: (result: TaskResult) => void): Promise<void> {
  await Promise.all(
    tasks.map(async (task) => {
      const began = performance.now()
      const found = await attempt(task).catch((error: unknown): Found => ({
        outcome: 'unknown',
        detail: reasonOf(error),
      }))
      done({ id: task.id, ...found, ms: Math.round(performance.now() - began) })
    }),
  )
}

async function attempt(task: Task): Promise<Found> {
  switch (task.do) {
    case 'tcp':
      return inZone(task.host, (host) => tcp({ ...task, host }))
    case 'udp':
      return inZone(task.host, (host) => udp({ ...task, host }))
    case 'dns':
      return dns(task)
    case 'ping':
      return inZone(task.host, (host, index) =>
        ping(index === null ? host : host.replace(/%.*/, `%${index}`), task.timeoutMs),
      )
    case 'arrange':
      return arrange(task)
    case 'unix':
      return unix(task)
    case 'look':
      return look()
    case 'listen': {
      const listener = await listen(task.port)
      await new Promise((resolve) => setTimeout(resolve, task.timeoutMs))
      await listener.close()
      const arrivals = listener.arrivals()
      return { outcome: arrivals.length > 0 ? 'answered' : 'nothing', detail: `${arrivals.length} came`, arrivals }
    }
  }
}

/** The box's own interface: the first that is not loopback. */
function ownInterface(): string | null {
  const lines = readFileSync('/proc/self/net/dev', 'utf8').split('\n').slice(2)
  return lines.map((line) => line.split(':')[0]?.trim() ?? '').find((name) => name !== '' && name !== 'lo') ?? null
}

/** Puts the own interface where the host has the zone `*`; its number too, which it has only with IPv6 on. */
async function inZone(host: string, go: (host: string, index: number | null) => Promise<Found>): Promise<Found> {
  if (!host.endsWith('%*')) return go(host, null)
  const name = ownInterface()
  if (name === null) return { outcome: 'refused', detail: 'the box has no interface but loopback' }
  const line = readFileSync('/proc/self/net/if_inet6', 'utf8')
    .split('\n')
    .find((entry) => entry.trim().split(/\s+/)[5] === name)
  if (line === undefined) return { outcome: 'refused', detail: `${name} has no IPv6` }
  return go(host.replace('*', name), Number.parseInt(line.split(/\s+/)[1] ?? '', 16))
}

async function arrange(task: ArrangeTask): Promise<Found> {
  const name = ownInterface() ?? 'lo'
  const failures: string[] = []
  for (const [path, content] of task.files) {
    try {
      writeFileSync(path.replace('*', name), content)
    } catch (error) {
      failures.push(reasonOf(error))
    }
  }
  for (const words of task.commands) {
    const argv = words.map((word) => (word === '*' ? name : word))
    const said = await run(argv, { timeoutMs: COMMAND_MS, maxBytes: 64 * 1024 }).then(
      ({ code, stderr }) => (code === 0 ? '' : `${argv.join(' ')}: ${stderr.trim()}`),
      reasonOf,
    )
    if (said !== '') failures.push(said)
  }
  return { outcome: failures.length === 0 ? 'connected' : 'refused', detail: failures.join('; ') || 'done' }
}

/** How a failed call ended: by the network, in silence, or before anything was sent. */
function failed(error: unknown): Found {
  const code = systemErrorCode(error) ?? reasonOf(error)
  const network = ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EPIPE', 'EACCES', 'EPERM']
  if (code === 'ETIMEDOUT') return { outcome: 'nothing', detail: code }
  // A name that nobody knows, an address family or a source address that the box doesn't have: nothing could leave.
  const none = ['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'ENOENT']
  return { outcome: [...network, ...none].includes(code) ? 'refused' : 'unknown', detail: code }
}

function tcp(task: TcpTask): Promise<Found> {
  const options = { host: task.host, port: task.port, ...(task.from === undefined ? {} : { localAddress: task.from }) }
  return converse(connect(options), task.timeoutMs, task.token)
}

/** A connection that is accepted and then ends or stays silent counts as connected. */
function converse(socket: Socket, timeoutMs: number, token: string): Promise<Found> {
  return new Promise<Found>((resolve) => {
    let connected: string | null = null
    const finish = (found: Found): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(found)
    }
    const ended = (how: string): void => {
      if (connected !== null) finish({ outcome: 'connected', detail: `${connected}, ${how}` })
    }
    let timer = setTimeout(() => finish({ outcome: 'nothing', detail: 'no answer' }), timeoutMs)
    socket.on('connect', () => {
      connected = `connected to ${socket.remoteAddress ?? 'it'}`
      socket.write(`${token}\n`)
      clearTimeout(timer)
      timer = setTimeout(() => ended('no word'), Math.min(HOLD_MS, timeoutMs))
    })
    socket.on('data', (data) => finish({ outcome: 'answered', detail: `${data.length} bytes came back` }))
    socket.on('end', () => ended('then closed'))
    socket.on('error', (error) => (connected === null ? finish(failed(error)) : ended('then reset')))
  })
}

function unix(task: UnixTask): Promise<Found> {
  return new Promise<Found>((resolve) => {
    const socket = connect(task.path)
    const finish = (found: Found): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(found)
    }
    const timer = setTimeout(() => finish({ outcome: 'nothing', detail: 'no answer' }), task.timeoutMs)
    socket.on('connect', () => finish({ outcome: 'connected', detail: 'connected' }))
    socket.on('error', (error) => {
      // The wrong type says that it is there: a datagram socket, such as the log's.
      const there = systemErrorCode(error) === 'EPROTOTYPE'
      finish(there ? { outcome: 'connected', detail: 'takes datagrams' } : failed(error))
    })
  })
}

function udp(task: UdpTask): Promise<Found> {
  return new Promise<Found>((resolve) => {
    const socket = createSocket(isIPv6(task.host.split('%')[0] ?? '') ? 'udp6' : 'udp4')
    const timers: NodeJS.Timeout[] = []
    let over = false
    const finish = (found: Found): void => {
      if (over) return
      over = true
      for (const timer of timers) clearTimeout(timer)
      socket.close()
      resolve(found)
    }
    socket.on('error', (error) => finish(failed(error)))
    socket.on('message', (data, from) =>
      finish({ outcome: 'answered', detail: `${data.length} bytes from ${from.address}` }),
    )
    socket.bind({ ...(task.from === undefined ? {} : { address: task.from }), port: task.fromPort ?? 0 }, () => {
      // Connected, so that a refusal comes back as an error.
      socket.connect(task.port, task.host, (error?: Error) => {
        if (error) return finish(failed(error))
        const send = (): void => socket.send(task.token, (error) => error && finish(failed(error)))
        send()
        timers.push(setInterval(send, AGAIN_MS))
      })
    })
    timers.push(setTimeout(() => finish({ outcome: 'nothing', detail: 'no answer' }), task.timeoutMs))
  })
}

async function dns(task: DnsTask): Promise<Found> {
  const resolver = new Resolver({ timeout: task.timeoutMs, tries: 1 })
  if (task.server !== undefined) resolver.setServers([`${task.server.host}:${task.server.port}`])
  const timer = setTimeout(() => resolver.cancel(), task.timeoutMs)
  try {
    const records = await resolver.resolve(task.name, task.type)
    return { outcome: 'answered', detail: JSON.stringify(records).slice(0, 80) }
  } catch (error) {
    const code = systemErrorCode(error) ?? ''
    // The server said no: that is an answer too.
    const words: Readonly<Record<string, string>> = {
      ENOTFOUND: 'the server says that there is no such name',
      ENODATA: 'the server has no such record',
      ENOTIMP: 'the server does not do this kind (NOTIMP)',
      ESERVFAIL: 'the server could not find out (SERVFAIL)',
      EREFUSED: 'the server refuses (REFUSED)',
      EFORMERR: 'the server does not understand (FORMERR)',
      EBADRESP: 'something answers that is no name server',
    }
    const word = words[code]
    if (word !== undefined) return { outcome: 'answered', detail: word }
    return ['ETIMEOUT', 'ECANCELLED'].includes(code) ? { outcome: 'nothing', detail: 'no answer' } : failed(error)
  } finally {
    clearTimeout(timer)
  }
}

/** `answered`: there is an interface other than loopback. */
function look(): Found {
  const name = ownInterface()
  return { outcome: name === null ? 'nothing' : 'answered', detail: name ?? 'lo only' }
}
