/** The console's HTTP interface: guards, JSON API, live stream, metrics and the console's files. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as v from 'valibot'
import { exitCode, NocError } from '../errors.ts'
import type { Logger } from '../log/logger.ts'
import type { Assets } from './assets.ts'
import { contentResponse, isContent, jsonContent } from './content.ts'
import { bearerAllowed, hostAllowed, originAllowed, SECURITY_HEADERS } from './guard.ts'
import type { LiveHub } from './live-hub.ts'
import { openApi, type Mount } from './openapi.ts'
import type { Route } from './route.ts'

/** Largest body of a request; ours have a few hundred bytes. */
const BODY_LIMIT_BYTES = 64 * 1024
const MOST_TOPICS = 16

/** What the server tells of a connection: `trusted` came over the data directory's socket, which only its owner opens. */
export interface Connection {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly trusted: boolean
}

export interface AppOptions {
  readonly mounts: readonly Mount[]
  readonly live: LiveHub
  readonly assets: Assets
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly token: string
  /** Reads need the token too: the console listens beyond loopback. */
  readonly tokenForReads: boolean
  /** Host names beside addresses and localhost. */
  readonly hosts: readonly string[]
  readonly version: string
  readonly log: Logger
}

type Env = { Bindings: Connection }

function refusal(status: ContentfulStatusCode, error: NocError): Response {
  const { code, message, hint } = error
  return Response.json({ error: { code, message, ...(hint === undefined ? {} : { hint }) } }, { status })
}

function statusOf(error: NocError): ContentfulStatusCode {
  if (error.exit === exitCode.usage) return 400
  // What the caller looked at has changed since.
  if (error.code.endsWith('_STALE')) return 409
  return error.exit === exitCode.found ? 404 : 503
}

function guard(c: Context<Env>, options: AppOptions): Response | undefined {
  if (c.env.trusted) return undefined
  const host = c.req.header('host')
  if (!hostAllowed(host, options.hosts)) {
    return refusal(
      403,
      new NocError('NOC_HTTP_HOST', 'this host name is not allowed', { hint: 'name it in [console] hosts' }),
    )
  }
  if (!originAllowed(c.req.header('origin'), host)) {
    return refusal(403, new NocError('NOC_HTTP_ORIGIN', 'another site may not ask'))
  }
  const acts = c.req.method !== 'GET' && c.req.method !== 'HEAD'
  const data = c.req.path.startsWith('/api/') || c.req.path === '/metrics'
  if ((acts || (options.tokenForReads && data)) && !bearerAllowed(c.req.header('authorization'), options.token)) {
    return refusal(
      401,
      new NocError('NOC_HTTP_TOKEN', 'this needs the start-up token', { hint: '`noc token` prints it' }),
    )
  }
  return undefined
}

function actorOf(c: Context<Env>): string {
  if (c.env.trusted) return decodeURIComponent(c.req.header('x-nocturne-actor') ?? 'local')
  return `console at ${c.env.incoming.socket.remoteAddress ?? 'unknown'}`
}

async function bodyOf(c: Context<Env>, route: Route): Promise<unknown> {
  if (route.body === undefined) return undefined
  if (!/^application\/json\b/.test(c.req.header('content-type') ?? '')) {
    throw new NocError('NOC_HTTP_TYPE', 'the body must be application/json', { exit: exitCode.usage })
  }
  const parsed = await c.req.json<unknown>().catch(() => {
    throw new NocError('NOC_HTTP_JSON', 'the body is not JSON', { exit: exitCode.usage })
  })
  const result = v.safeParse(route.body, parsed)
  if (result.success) return result.output
  const [issue] = result.issues
  const where = issue.path?.map((item) => String(item.key)).join('.') ?? ''
  throw new NocError('NOC_HTTP_BODY', `${where === '' ? 'the body' : where}: ${issue.message}`, {
    exit: exitCode.usage,
  })
}

function mountRoute(app: Hono<Env>, at: string, route: Route): void {
  const path = `/api${at}${route.path === '/' ? '' : route.path}`
  app.on(route.method, [path], async (c) => {
    const answer = await route.handle({
      params: c.req.param() as Record<string, string>,
      query: c.req.query(),
      body: await bodyOf(c, route),
      actor: actorOf(c),
      signal: c.req.raw.signal,
    })
    const content = isContent(answer) ? answer : await jsonContent(answer)
    return contentResponse(content, c.req.header('accept-encoding'), c.req.header('if-none-match'))
  })
}

function sendAsset(c: Context<Env>, assets: Assets): Response {
  const asset = assets.get(c.req.path) ?? (/\.\w+$/.test(c.req.path) ? undefined : assets.get('/index.html'))
  if (asset === undefined) {
    const built = assets.size > 0
    return c.text(built ? 'There is no such file.' : 'The console was not built. Run: npm run build', 404)
  }
  c.header('etag', asset.etag)
  c.header('vary', 'accept-encoding')
  c.header('cache-control', asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (c.req.header('if-none-match') === asset.etag) return c.body(null, 304)
  c.header('content-type', asset.type)
  if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(asset.body)
  c.header('content-encoding', 'gzip')
  return c.body(asset.gzip)
}

/** Builds the application anew from what is mounted now; the server swaps it in whole. */
export function createApp(options: AppOptions): Hono<Env> {
  const app = new Hono<Env>()
  app.use(async (c, next) => {
    const refused = guard(c, options)
    if (refused === undefined) await next()
    else c.res = refused
    // A live stream has sent its own headers already (the server sets ours on the raw response before).
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.res.headers.set(name, value)
  })
  app.use(
    bodyLimit({
      maxSize: BODY_LIMIT_BYTES,
      onError: () => refusal(413, new NocError('NOC_HTTP_BODY', 'the body is too large')),
    }),
  )
  app.onError((error) => {
    if (error instanceof NocError) return refusal(statusOf(error), error)
    options.log.error({ err: error }, 'a fault in Nocturne itself')
    return refusal(500, new NocError('NOC_HTTP_FAULT', 'a fault in Nocturne itself', { hint: 'the log says where' }))
  })
  app.get('/api/live', (c) => {
    const topics = (c.req.query('topics') ?? '').split(',').filter((topic) => /^[a-z]{1,32}$/.test(topic))
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.env.outgoing.setHeader(name, value)
    options.live.attach(c.env.outgoing, topics.slice(0, MOST_TOPICS))
    return RESPONSE_ALREADY_SENT
  })
  app.get('/metrics', async (c) =>
    c.body(await options.metrics.text(), 200, { 'content-type': options.metrics.contentType }),
  )
  for (const mount of options.mounts) for (const route of mount.routes) mountRoute(app, mount.at, route)
  const description = openApi(options.mounts, options.version)
  app.get('/api/openapi.json', (c) => c.json(description))
  app.all('/api/*', (c) =>
    refusal(
      404,
      new NocError('NOC_HTTP_NOT_FOUND', `there is no ${c.req.method} ${c.req.path}`, {
        hint: 'GET /api/openapi.json lists what there is',
      }),
    ),
  )
  app.get('*', (c) => sendAsset(c, options.assets))
  return app
}
