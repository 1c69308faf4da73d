import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { type Socket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import * as v from 'valibot'
import type { Service } from '#core/system.ts'
import { callRoute, notedContext } from '../../../test/fixtures/noted-daemon.ts'
import { type TorboxConfig, torboxTable } from './config.ts'
import { create } from './service.ts'
import type { TorboxView } from './wire.ts'

interface Daemon {
  readonly service: Service
  readonly series: Map<string, number>
  readonly published: readonly unknown[]
  call(method: string, path: string, body?: unknown): Promise<unknown>
}

function daemon(t: TestContext, over: Partial<TorboxConfig>): Daemon {
  const { cx, series, published } = notedContext({ ...v.parse(torboxTable.schema, {}), ...over })
  const service = create(cx)
  t.after(() => service.stop())
  return { service, series, published, call: (method, path, body) => callRoute(service, method, path, { body }) }
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
