import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as v from 'valibot'
import { exitCode, NocError } from '../errors.ts'
import type { Logger } from '../log/logger.ts'
import { createApp } from './app.ts'
import { createLiveHub } from './live-hub.ts'
import type { Mount } from './openapi.ts'
import { startServer, type ConsoleServer } from './server.ts'

const TOKEN = 'a-token-for-tests'
const faults: object[] = []
const log: Logger = { debug() {}, info() {}, warn() {}, error: (fields) => void faults.push(fields), child: () => log }
const live = createLiveHub(() => performance.now())
const acts: unknown[] = []

const mount: Mount = {
  at: '/lamp',
  routes: [
    {
      method: 'GET',
      path: '/',
      summary: 'State',
      response: v.object({ on: v.boolean() }),
      handle: () => ({ on: true }),
    },
    {
      method: 'POST',
      path: '/:id/switch',
      summary: 'Switch',
      body: v.object({ on: v.boolean() }),
      response: v.object({}),
      handle(request) {
        acts.push({ id: request.params['id'], body: request.body, actor: request.actor })
        return {}
      },
    },
    {
      method: 'GET',
      path: '/all',
      summary: 'A big document',
      response: v.object({ lamps: v.array(v.number()) }),
      handle: () => ({ lamps: Array.from({ length: 9000 }, (_, index) => index) }),
    },
    {
      method: 'GET',
      path: '/broken',
      summary: 'Fails',
      response: v.object({}),
      handle: ({ query }) => {
        if (query['how'] === 'bug') throw new TypeError('secret detail')
        if (query['how'] === 'stale') throw new NocError('NOC_LAMP_STALE', 'it moved', { exit: exitCode.found })
        throw new NocError('NOC_LAMP_GONE', 'the lamp is gone', { exit: exitCode.unable, hint: 'buy one' })
      },
    },
  ],
}

const asset = (
  text: string,
  type: string,
): { body: Buffer<ArrayBuffer>; gzip: Buffer<ArrayBuffer>; type: string; etag: string; immutable: boolean } => ({
  body: Buffer.from(text),
  gzip: Buffer.from('gz'),
  type,
  etag: `"${text.length}"`,
  immutable: type.includes('javascript'),
})

function app(tokenForReads: boolean): ReturnType<typeof createApp> {
  return createApp({
    mounts: [mount],
    live,
    assets: new Map([
      ['/index.html', asset('<!doctype html>', 'text/html')],
      ['/main-ABCDEFGH.js', asset('1', 'text/javascript')],
    ]),
    metrics: { text: () => Promise.resolve('noc_up 1\n'), contentType: 'text/plain' },
    token: TOKEN,
    tokenForReads,
    hosts: ['noc.example.org'],
    version: '1.2.3',
    log,
  })
}

describe('the console over HTTP', () => {
  const dir = mkdtempSync(join(tmpdir(), 'noc-http-'))
  let current = app(false)
  let server: ConsoleServer

  before(async () => {
    server = await startServer({
      listen: '127.0.0.1:0',
      certificate: '',
      key: '',
      socket: join(dir, 'console.sock'),
      fetch: () => (req, env) => current.fetch(req, env),
    })
  })
  after(async () => {
    live.close()
    await server.close()
    rmSync(dir, { recursive: true })
  })

  interface Answer {
    readonly status: number
    readonly headers: Record<string, unknown>
    readonly text: string
  }
  function call(
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: string; socket?: boolean } = {},
  ): Promise<Answer> {
    const { port } = new URL(server.url)
    const to = options.socket ? { socketPath: join(dir, 'console.sock') } : { host: '127.0.0.1', port }
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { ...to, path, method: options.method ?? 'GET', headers: { ...options.headers } },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
        },
      )
      outgoing.on('error', reject)
      outgoing.end(options.body)
    })
  }
  const post = (headers: Record<string, string>, body = '{"on":true}', socket = false): Promise<Answer> =>
    call('/api/lamp/7/switch', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      socket,
    })
  const codeOf = (answer: Answer): string => (JSON.parse(answer.text) as { error: { code: string } }).error.code

  it('answers reads on loopback without a token, with a closed policy on every answer', async () => {
    const answer = await call('/api/lamp')
    assert.deepEqual([answer.status, answer.text], [200, '{"on":true}'])
    for (const each of [answer, await call('/'), await call('/api/nothing'), await call('/api/lamp/broken')]) {
      assert.match(String(each.headers['content-security-policy']), /^default-src 'none'/)
      assert.equal(each.headers['x-content-type-options'], 'nosniff')
    }
  })

  it('sends a big document compressed, and not again to who has it', async () => {
    const plain = await call('/api/lamp/all')
    const { length } = (JSON.parse(plain.text) as { lamps: number[] }).lamps
    assert.deepEqual([length, plain.headers['content-encoding']], [9000, undefined])
    const packed = await call('/api/lamp/all', { headers: { 'accept-encoding': 'gzip, br' } })
    assert.equal(packed.headers['content-encoding'], 'gzip')
    assert.ok(Number(packed.headers['content-length']) < plain.text.length / 2)
    const again = await call('/api/lamp/all', { headers: { 'if-none-match': String(packed.headers['etag']) } })
    assert.deepEqual([again.status, again.text], [304, ''])
    assert.match(String(again.headers['content-security-policy']), /^default-src 'none'/)
  })

  it('refuses a host name that DNS rebinding would send, for reads too', async () => {
    const answer = await call('/api/lamp', { headers: { host: 'evil.example' } })
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'NOC_HTTP_HOST'])
    assert.equal((await call('/api/lamp', { headers: { host: 'noc.example.org' } })).status, 200)
  })

  it('refuses a foreign page even when it has the token', async () => {
    const answer = await post({ origin: 'https://evil.example', authorization: `Bearer ${TOKEN}` })
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'NOC_HTTP_ORIGIN'])
  })

  it('acts only with the token, and tells the handler who asked', async () => {
    assert.equal(codeOf(await post({})), 'NOC_HTTP_TOKEN')
    assert.equal(codeOf(await post({ authorization: 'Bearer wrong' })), 'NOC_HTTP_TOKEN')
    assert.equal(acts.length, 0)
    assert.equal((await post({ authorization: `Bearer ${TOKEN}` })).status, 200)
    assert.deepEqual(acts.pop(), { id: '7', body: { on: true }, actor: 'console at 127.0.0.1' })
  })

  it('trusts its own socket: the file system says who can open it', async () => {
    assert.equal((await post({ 'x-nocturne-actor': 'eva' }, '{"on":false}', true)).status, 200)
    assert.deepEqual(acts.pop(), { id: '7', body: { on: false }, actor: 'eva' })
  })

  it('asks for the token on reads, metrics and the stream too when it listens beyond loopback', async () => {
    current = app(true)
    for (const path of ['/api/lamp', '/metrics', '/api/live?topics=lamp']) {
      assert.equal((await call(path)).status, 401, path)
    }
    assert.equal((await call('/')).status, 200, 'the page itself, so that it can ask for the token')
    assert.equal((await call('/metrics', { headers: { authorization: `Bearer ${TOKEN}` } })).text, 'noc_up 1\n')
    current = app(false)
  })

  it('refuses bodies that are not what the route takes, each with one sentence', async () => {
    const authorization = `Bearer ${TOKEN}`
    const wrong: readonly (readonly [Record<string, string>, string, number, string])[] = [
      [{ 'content-type': 'text/plain' }, '{"on":true}', 400, 'NOC_HTTP_TYPE'],
      [{}, '{"on":', 400, 'NOC_HTTP_JSON'],
      [{}, '{"on":"yes"}', 400, 'NOC_HTTP_BODY'],
      [{}, `{"on":true,"x":"${'x'.repeat(70_000)}"}`, 413, 'NOC_HTTP_BODY'],
    ]
    for (const [headers, body, status, code] of wrong) {
      const answer = await post({ authorization, ...headers }, body)
      assert.deepEqual([answer.status, codeOf(answer)], [status, code])
    }
    assert.equal(acts.length, 0)
  })

  it('hands errors on in words, and hides what a bug would tell', async () => {
    const gone = await call('/api/lamp/broken')
    assert.equal(gone.status, 503)
    assert.deepEqual(JSON.parse(gone.text), {
      error: { code: 'NOC_LAMP_GONE', message: 'the lamp is gone', hint: 'buy one' },
    })
    assert.equal((await call('/api/lamp/broken?how=stale')).status, 409, 'what was looked at has changed')
    const bug = await call('/api/lamp/broken?how=bug')
    assert.equal(bug.status, 500)
    assert.doesNotMatch(bug.text, /secret detail/)
    assert.equal(faults.length, 1)
  })

  it('serves the page for every path of the console, and 404 for a file that is not there', async () => {
    assert.equal((await call('/interrupts')).text, '<!doctype html>')
    assert.match(String((await call('/main-ABCDEFGH.js')).headers['cache-control']), /immutable/)
    assert.equal((await call('/../../etc/passwd.txt')).status, 404)
    const { etag } = (await call('/')).headers
    assert.equal((await call('/', { headers: { 'if-none-match': String(etag) } })).status, 304)
  })

  it('streams a document to those who watch its topic, and to nobody else', async () => {
    const channel = live.channel('lamp')
    assert.equal(channel.watched, false)
    const { port } = new URL(server.url)
    const received = await new Promise<string>((resolve, reject) => {
      const stream = request({ host: '127.0.0.1', port, path: '/api/live?topics=lamp,other' }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          if (channel.watched && !text.includes('event:')) {
            live.channel('door').publish({ open: true })
            channel.publish({ on: 'line\nbreak' })
          }
          if (text.endsWith('"}\n\n')) {
            stream.destroy()
            resolve(text)
          }
        })
      })
      stream.on('error', reject)
      stream.end()
    })
    assert.equal(received.replace(/^:\n\n/, ''), 'event: lamp\ndata: {"on":"line\\nbreak"}\n\n')
  })

  it('describes itself: every route with its body, and which need the token', async () => {
    const document = JSON.parse((await call('/api/openapi.json')).text) as {
      openapi: string
      paths: Record<string, Record<string, { security?: unknown; requestBody?: unknown }>>
    }
    assert.equal(document.openapi, '3.1.0')
    assert.deepEqual(Object.keys(document.paths), [
      '/api/lamp',
      '/api/lamp/{id}/switch',
      '/api/lamp/all',
      '/api/lamp/broken',
    ])
    const act = document.paths['/api/lamp/{id}/switch']?.['post']
    assert.ok(act?.security !== undefined && act.requestBody !== undefined)
    assert.equal(document.paths['/api/lamp']?.['get']?.security, undefined)
  })
})

describe('where the console listens', () => {
  const base = { certificate: '', key: '', socket: join(tmpdir(), 'noc-none.sock'), fetch: () => () => new Response() }

  it('is never beyond loopback without TLS', async () => {
    for (const listen of ['0.0.0.0:0', '[::]:0', '192.0.2.1:8470']) {
      await assert.rejects(
        startServer({ ...base, listen }),
        (e: NocError) => e.code === 'NOC_HTTP_EXPOSED' && e.exit === 2,
      )
    }
  })

  it('says which file is wrong when the certificate cannot be read', async () => {
    await assert.rejects(
      startServer({ ...base, listen: '127.0.0.1:0', certificate: '/nonexistent/c.pem', key: '/nonexistent/k.pem' }),
      (e: NocError) => e.exit === 2 && e.message.includes('/nonexistent/c.pem'),
    )
  })
})
