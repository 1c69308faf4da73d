/** A stand-in for the daemon: the real console, built from source, on documents that are kept as fixtures. */
import { build } from 'esbuild'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { hostile, huge } from './documents.ts'

const root = join(import.meta.dirname, '../../..')
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', css: 'text/css' }

/** Which night the server shows. */
export type Scenario = 'night' | 'quiet' | 'hostile' | 'huge' | 'down'

/** What a test may change while the server runs. */
export interface ConsoleServer {
  readonly url: string
  readonly token: string
  scenario: Scenario
  /** When true, reads need the token too. */
  tokenForReads: boolean
  /** When true, the stream stays open and says nothing. */
  mute: boolean
  /** Bodies of what was posted, by path. */
  readonly posts: { readonly path: string; readonly body: unknown }[]
  /** Answers of a test's own, by method and path (`GET /api/setups`); looked at before all others. */
  readonly answers: Map<string, (body: unknown) => unknown>
  /** Documents of a test's own by their whole address; undefined: it knows of none there. */
  other: ((url: URL) => unknown) | null
  /** Sends a document to everybody who watches a topic. */
  tell(topic: string, document: unknown): void
  /** How many live streams are open. */
  streams(): number
  close(): Promise<void>
}

type Files = ReadonlyMap<string, { readonly type: string; readonly body: Uint8Array }>

let built: Promise<Files> | undefined

async function buildConsole(): Promise<Files> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/console/main.tsx', 'src/console/styles/main.css'],
    outdir: '/console',
    outbase: 'src/console',
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    format: 'esm',
    splitting: true,
    minify: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  })
  const files = new Map(
    outputFiles.map((file) => {
      const path = file.path.replace('/console', '')
      return [path, { type: TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream', body: file.contents }]
    }),
  )
  const page = readFileSync(join(root, 'src/console/index.html'), 'utf8')
    .replace('%SCRIPT%', '/main.js')
    .replace('%STYLE%', '/main.css')
  return files.set('/index.html', { type: 'text/html; charset=utf-8', body: Buffer.from(page) })
}

/** A fixture as it was kept. */
export function fixture(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, `test/fixtures/console/${name}.json`), 'utf8')) as Record<string, unknown>
}

const SERIES: readonly (readonly [string, number, string])[] = [
  ['interrupts.total', 48_200, '/s'],
  ['interrupts.cpu.2-3', 41_000, '/s'],
  ['interrupts.net_rx', 39_600, '/s'],
  ['connections.open', 1204, ''],
  ['connections.stuck', 111, ''],
  ['torbox.connections', 6, ''],
  ['torbox.received', 48_000, 'B/s'],
  ['torbox.sent', 3100, 'B/s'],
  ['torbox.dropped', 0.4, '/s'],
]

/** The same value for the same series and time: a slow wave with some noise, and a gap of five minutes. */
function value(level: number, at: number): number | null {
  const minutes = at / 60_000
  const gap = new Date(at).getUTCMinutes()
  if (gap >= 50 && gap < 54) return null
  const noise = Math.sin(minutes * 12.9898) * 43_758.5453
  return level * (0.86 + 0.1 * Math.sin(minutes / 17) + 0.06 * (noise - Math.floor(noise)))
}

function series(query: URLSearchParams): unknown {
  const from = Number(query.get('from'))
  const to = Number(query.get('to'))
  const step = Math.max(1000, Math.ceil((to - from) / Number(query.get('points')) / 1000) * 1000)
  const at: number[] = []
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) at.push(t)
  const names = query.get('names')?.split(',') ?? []
  return {
    series: SERIES.filter(([name]) => names.includes(name)).map(([name, level, unit]) => {
      const average = at.map((t) => value(level, t))
      const scaled = (factor: number): (number | null)[] => average.map((v) => v && v * factor)
      return { name, unit, step: step / 1000, at, average, minimum: scaled(0.95), maximum: scaled(1.06) }
    }),
  }
}

function withTime(document: Record<string, unknown>, elapsed: number): Record<string, unknown> {
  return typeof document['at'] === 'number' ? { ...document, at: document['at'] + elapsed } : document
}

/** The document of a path in a scenario. */
function documentOf(path: string, scenario: Scenario): Record<string, unknown> | null {
  const name = {
    '/api/tonight': 'tonight',
    '/api/alerts': 'alerts',
    '/api/commands': 'commands',
    '/api/interrupts/view': 'interrupts-view',
    '/api/interrupts': 'interrupts-sample',
    '/api/connections/view': 'connections-view',
    '/api/torbox/view': 'torbox-view',
  }[path]
  if (name === undefined) return null
  if (scenario === 'hostile') return hostile(fixture(name))
  if (scenario === 'huge') return huge(name) ?? fixture(name)
  if (scenario !== 'quiet') return fixture(name)
  if (name === 'tonight') return fixture('tonight-quiet')
  return name === 'alerts' ? { alerts: [] } : fixture(name)
}

function jitter(document: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(document['rows'])) return document
  const wobble = (rate: number): number => Math.round(rate * (0.97 + Math.random() * 0.06) * 10) / 10
  const rows = (document['rows'] as { cells: number[] }[]).map((row) => {
    const cells = row.cells.map(wobble)
    return { ...row, cells, rate: cells.reduce((sum, cell) => sum + cell, 0) }
  })
  return { ...document, rows }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return JSON.parse(text || 'null')
}

/** Starts the server on a port of 127.0.0.1 (0: any free one). */
export async function startServer(port = 0): Promise<ConsoleServer> {
  const files = await (built ??= buildConsole())
  const started = Date.now()
  const live = new Map<ServerResponse, readonly string[]>()
  const state = {
    scenario: 'night' as Scenario,
    tokenForReads: false,
    mute: false,
    posts: [] as { path: string; body: unknown }[],
    answers: new Map<string, (body: unknown) => unknown>(),
    other: null as ((url: URL) => unknown) | null,
  }
  const token = 'moon-42'
  const elapsed = (): number => Date.now() - started

  const json = (response: ServerResponse, document: unknown, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'content-security-policy': POLICY })
    response.end(JSON.stringify(document))
  }
  const refuse = (response: ServerResponse, status: number, code: string, message: string, hint?: string): void =>
    json(response, { error: { code, message, ...(hint ? { hint } : {}) } }, status)

  const post = async (path: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await bodyOf(request)) as Record<string, unknown>
    state.posts.push({ path, body })
    const own = state.answers.get(`POST ${path}`)
    if (own) return json(response, own(body))
    if (path === '/api/connections/probe') return json(response, fixture('probe'))
    if (path === '/api/alerts/test') return json(response, { outcome: 'Delivered: the webhook answered 204.' })
    if (path !== '/api/connections/close') return json(response, {})
    const plan = fixture('close-plan')
    if (body['plan'] === undefined) return json(response, plan)
    return json(response, {
      ...plan,
      dryRun: false,
      closed: 110,
      failed: [{ socket: '[2001:db8:1::7]:40000', why: 'gone already' }],
    })
  }

  const publish = (topics: (topic: string) => boolean): void => {
    if (state.mute || state.scenario === 'down') return
    for (const [response, wanted] of live) {
      for (const topic of wanted) {
        if (!topics(topic)) continue
        const document = documentOf(topic === 'tonight' ? '/api/tonight' : `/api/${topic}/view`, state.scenario)
        if (document)
          response.write(`event: ${topic}\ndata: ${JSON.stringify(jitter(withTime(document, elapsed())))}\n\n`)
      }
    }
  }
  const timers = [
    setInterval(() => publish((topic) => topic !== 'tonight'), 1000),
    setInterval(() => publish((topic) => topic === 'tonight'), 5000),
  ]

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const authorised = request.headers.authorization === `Bearer ${token}`
    const api = url.pathname.startsWith('/api/')
    if (api && state.scenario === 'down')
      return refuse(response, 503, 'NOC_DOWN', 'The daemon is starting.', 'Wait a moment.')
    if (api && !authorised && (request.method === 'POST' || state.tokenForReads)) {
      return refuse(response, 401, 'NOC_HTTP_TOKEN', 'this needs the start-up token', '`noc token` prints it')
    }
    if (request.method === 'POST') return void post(url.pathname, request, response)
    if (url.pathname === '/api/live') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write(':\n\n')
      live.set(response, url.searchParams.get('topics')?.split(',') ?? [])
      response.on('close', () => live.delete(response))
      return
    }
    const own = state.answers.get(`GET ${url.pathname}${url.search}`) ?? state.answers.get(`GET ${url.pathname}`)
    if (own) return json(response, own(null))
    const made = state.other?.(url)
    if (made !== undefined) return json(response, made)
    if (url.pathname === '/api/series/names') {
      return json(response, { series: SERIES.map(([name, , unit]) => ({ name, unit, step: 10 })) })
    }
    if (url.pathname === '/api/series') return json(response, series(url.searchParams))
    const document = documentOf(url.pathname, state.scenario)
    if (document) return json(response, withTime(document, elapsed()))
    if (api) return refuse(response, 404, 'NOC_HTTP_NOT_FOUND', `there is no GET ${url.pathname}`)
    const file = files.get(url.pathname) ?? files.get('/index.html')
    response.writeHead(200, { 'content-type': file?.type ?? '', 'content-security-policy': POLICY })
    response.end(file?.body)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    tell: (topic: string, document: unknown) => {
      for (const [response, wanted] of live) {
        if (wanted.includes(topic)) response.write(`event: ${topic}\ndata: ${JSON.stringify(document)}\n\n`)
      }
    },
    streams: () => live.size,
    close: async () => {
      for (const timer of timers) clearInterval(timer)
      for (const response of live.keys()) response.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
