import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import * as v from 'valibot'
import { NocError } from '#core/errors.ts'
import type { Service } from '#core/system.ts'
import { type Noted, callRoute, notedContext } from '../../../test/fixtures/noted-daemon.ts'
import { type ConnectionsConfig, connectionsTable } from './config.ts'
import { create } from './service.ts'
import type { CloseResult, ConnectionsView } from './wire.ts'

interface Daemon extends Omit<Noted<ConnectionsConfig>, 'cx'> {
  readonly service: Service
  call(method: string, path: string, body?: unknown): Promise<unknown>
}

function daemon(t: TestContext, over: Partial<ConnectionsConfig> = {}): Daemon {
  const { cx, ...notes } = notedContext({ ...v.parse(connectionsTable.schema, {}), interval: 1, ...over })
  const service = create(cx)
  t.after(() => service.stop())
  return { service, ...notes, call: (method, path, body) => callRoute(service, method, path, { body }) }
}

test('a running service answers, remembers, and stops', async (t) => {
  const { service, series, synced, published, call } = daemon(t)
  assert.equal(service.health().state, 'starting')
  await service.start()
  const view = (await call('GET', '/view')) as ConnectionsView
  assert.equal(view.hiddenGroups, Math.max(0, view.groups.length + view.hiddenGroups - 200))
  assert.deepEqual(((await call('GET', '/')) as ConnectionsView).verdicts, view.verdicts)
  assert.equal(series.get('connections.open'), view.sockets)
  assert.equal(series.get('connections.stuck'), view.stuck)
  assert.deepEqual([published.length, synced.length], [1, 1])
  assert.match(service.glance().sentence, /connection|waits|answers/)
  await service.stop()
  await service.stop()
})

test('a source that does not work makes the system degraded, with the reason', async (t) => {
  const { service, call } = daemon(t, { source: 'proc' })
  await service.start()
  await call('GET', '/view')
  assert.deepEqual(service.health(), {
    state: 'degraded',
    why: 'Idle times are not known, so hanging connections can not be told.',
    fix: 'Let it use netlink or ss: source = "auto" in [connections].',
  })
})

test('before the start there is nothing to tell, and it says so', async (t) => {
  const { call } = daemon(t)
  await assert.rejects(call('GET', '/view'), (error) => error instanceof NocError)
})

test('requests are checked before anything is done', async (t) => {
  const { call } = daemon(t)
  await assert.rejects(call('POST', '/probe', { host: '', port: 80 }))
  await assert.rejects(call('POST', '/probe', { host: 'a', port: 70_000 }))
  await assert.rejects(call('POST', '/probe', { host: 'a', port: 80, parallel: 6 }))
  await assert.rejects(call('POST', '/close', {}))
  await assert.rejects(call('POST', '/close', { remote: 'not an address' }), (error) => error instanceof NocError)
})

test('a probe through the API tells what the remote does', async (t) => {
  const server = createServer((socket) => socket.end('hello\n')).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const result = (await daemon(t).call('POST', '/probe', { host: '127.0.0.1', port })) as { outcome: string }
  assert.equal(result.outcome, 'answers')
})

test('closing through the API is a dry run first, and a plan nobody made closes nothing', async (t) => {
  const { call, events } = daemon(t)
  const dry = (await call('POST', '/close', { remote: '203.0.113.77:9' })) as CloseResult
  assert.deepEqual([dry.dryRun, dry.found, dry.closed], [true, 0, 0])
  const stranger = { remote: '203.0.113.77:9', plan: 'abcdef' }
  await assert.rejects(
    call('POST', '/close', stranger),
    (error) => error instanceof NocError && error.code === 'NOC_CONNECTIONS_PLAN',
  )
  assert.deepEqual(events, [])
})
