import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { type Socket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import * as v from 'valibot'
import { systemClock } from '#core/clock.ts'
import type { Route } from '#core/http/route.ts'
import type { Service, SystemContext } from '#core/system.ts'
import { type TorboxConfig, torboxTable } from './config.ts'
import { create } from './service.ts'
import type { TorboxView } from './wire.ts'

interface Daemon {
  readonly service: Service
  readonly series: Map<string, number>
  readonly published: TorboxView[]
  call(method: string, path: string, body?: unknown): Promise<unknown>
}

/** The service with a daemon around it that only takes notes. */
function daemon(t: TestContext, over: Partial<TorboxConfig>): Daemon {
  const series = new Map<string, number>()
  const published: TorboxView[] = []
  const metric = { set: () => undefined, inc: () => undefined }
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  const cx: SystemContext<TorboxConfig> = {
    config: { ...v.parse(torboxTable.schema, {}), ...over },
    log: { ...log, child: () => cx.log },
    clock: systemClock,
    metrics: { gauge: () => metric, counter: () => metric },
    series: {
      define: () => undefined,
      record: (name, _at, value) => void series.set(name, value),
      read: () => null,
      names: () => [],
    },
    alerts: { sync: () => undefined, since: () => null, event: () => undefined },
    dataDirectory: '/nonexistent',
    live: { watched: true, publish: (document) => void published.push(document as TorboxView) },
    signal: new AbortController().signal,
  }
  const service = create(cx)
  t.after(() => service.stop())
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const route = service.routes?.find((one: Route) => one.method === method && one.path === path)
    assert.ok(route, path)
    const parsed = route.body === undefined ? undefined : v.parse(route.body, body)
    const { signal } = new AbortController()
    const answer = await route.handle({ params: {}, query: {}, body: parsed, actor: '127.0.0.1', signal })
    return v.parse(route.response, answer)
  }
  return { service, series, published, call }
}

const ANSWERS: Readonly<Record<string, string>> = {
  PROTOCOLINFO: '250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor="0.4.9.11"\r\n250 OK\r\n',
  'GETINFO circuit-status': '250-circuit-status=\r\n250 OK\r\n',
  'GETINFO stream-status': '250-stream-status=\r\n250 OK\r\n',
  'GETINFO status/bootstrap-phase':
    '250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=75 TAG=x SUMMARY="Loaded enough"\r\n250-version=0.4.9.11\r\n250 OK\r\n',
}

/** A control socket that answers as tor does while it starts. */
async function startingTor(t: TestContext): Promise<{ readonly path: string; end(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'noc-'))
  const path = join(folder, 'control')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    createInterface({ input: socket }).on('line', (line) => {
      const found = Object.entries(ANSWERS).find(([start]) => line.startsWith(start))
      socket.write(found?.[1] ?? '250 OK\r\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const end = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.after(() => {
    end()
    rmSync(folder, { recursive: true })
  })
  return { path, end }
}

test('a running service says how tor is, remembers figures, publishes, and stops', async (t) => {
  const tor = await startingTor(t)
  const { service, series, published, call } = daemon(t, { control_socket: tor.path })
  assert.equal(service.health().state, 'starting')
  await service.start()
  const view = (await call('GET', '/view')) as TorboxView
  assert.deepEqual(view.leakTest, { last: null, doing: null, trouble: null })
  assert.equal(series.get('torbox.boxes'), view.boxes.length)
  assert.ok(published.length > 0)
  const report = (await call('GET', '/')) as TorboxView
  assert.deepEqual(report.tor, { state: 'starting', percent: 75, doing: 'Loaded enough' })
  assert.ok(service.glance().sentence.endsWith('.'))
  tor.end()
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(((await call('GET', '/')) as TorboxView).tor.state, 'unreachable')
  await service.stop()
  await service.stop()
})

test('without tor and boxes nothing is wrong, and a box that is not there gets no new identity', async (t) => {
  const { service, call } = daemon(t, { control_socket: '/nonexistent/control' })
  await service.start()
  const view = (await call('GET', '/view')) as TorboxView
  assert.equal(view.tor.state, 'unreachable')
  if (view.boxes.length === 0 && view.setUp.state === 'none') {
    assert.deepEqual([view.answer.severity, service.health().state], ['ok', 'up'])
  }
  await assert.rejects(call('POST', '/new-identity', { name: 'no-such-box' }), /no box named no-such-box/)
  await assert.rejects(call('POST', '/new-identity', { name: '../etc' }))
})
