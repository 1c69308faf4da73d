import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { keeper, quiet, receiver, scene, SHORT, until, verdict } from '../../../test/fixtures/store/receiver.ts'
import { acknowledge, listEvents, silence } from './table.ts'
import type { DeliveryDocument } from './channel.ts'

test('an alert is posted once when it is raised, once when it gets worse, once when it is over', async (t) => {
  const hook = await receiver(t)
  const { alerts, waiting, db } = await scene(t, { webhook: hook.url, host: 'fw1' })
  alerts.sync([verdict('php', 'warning')])
  alerts.sync([verdict('php', 'warning')])
  alerts.sync([verdict('php')])
  alerts.sync([])
  await until(() => hook.received.length === 3 && waiting() === 0, 'three posts arrived')
  await quiet()
  assert.deepEqual(hook.texts(), [
    'fw1: warning: php hangs',
    'fw1: now critical: php hangs',
    'fw1: over, was critical: php hangs',
  ])
  const [raised] = hook.received
  assert.equal(raised?.path, '/hook')
  assert.equal(raised.headers['content-type'], 'application/json')
  const { kind, host, alert, changes } = raised.document
  assert.deepEqual([kind, host, alert?.system, alert?.key, changes], ['raised', 'fw1', 'connections', 'php', 1])
  assert.deepEqual(alert?.commands, ['noc close php'])
  assert.equal(typeof hook.received[2]?.document.alert?.cleared, 'number')
  assert.equal(listEvents(db, 0, Number.MAX_SAFE_INTEGER, 10).length, 3, 'the night line has the alert only')
})

test('a receiver that refuses, then hangs, then fails, gets it in the end, and once', async (t) => {
  // A port that was just closed refuses.
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as AddressInfo
  await new Promise((resolve) => closed.close(resolve))
  const { alerts, log, waiting } = await scene(t, {
    webhook: `http://127.0.0.1:${port}/hook`,
    limits: { ...SHORT, webhookMs: 500, attempts: 100 },
  })
  alerts.sync([verdict('php')])
  await until(() => log.some((line) => line.includes('ECONNREFUSED')), 'it was refused')
  const hook = await receiver(t, port)
  hook.answers.push(
    () => {},
    (response) => response.writeHead(500).end('no'),
  )
  await until(() => waiting() === 0, 'it was delivered')
  await quiet()
  assert.deepEqual(
    hook.texts(),
    Array.from({ length: 3 }, () => 'critical: php hangs'),
  )
  assert.ok(log.some((line) => line.includes('no answer within 0.5 s')))
  assert.ok(log.some((line) => line.includes('HTTP 500')))
})

test('what a stop interrupts is delivered after the restart', async (t) => {
  const hook = await receiver(t)
  let [hangs, dropped] = [false, false]
  hook.answers.push((response) => {
    hangs = true
    response.on('close', () => (dropped = true))
  })
  const at = await scene(t, { webhook: hook.url, limits: { ...SHORT, webhookMs: 600_000 } })
  at.alerts.sync([verdict('php'), verdict('bind')])
  await until(() => hangs, 'the first post hangs')
  await at.delivery.stop()
  await at.delivery.stop()
  await until(() => dropped, 'the connection is closed')
  assert.deepEqual([at.waiting(), at.log], [2, []], 'an interrupted attempt is no failure')
  at.start()
  await until(() => at.waiting() === 0, 'both were delivered')
  assert.deepEqual(hook.texts(), ['critical: php hangs', 'critical: php hangs', 'critical: bind hangs'])
})

test('the end of an alert never overtakes its beginning', async (t) => {
  const hook = await receiver(t)
  hook.answers.push((response) => response.writeHead(500).end())
  const { alerts, waiting } = await scene(t, { webhook: hook.url })
  alerts.sync([verdict('php')])
  alerts.sync([])
  await until(() => waiting() === 0, 'both were delivered')
  assert.deepEqual(
    hook.received.map(({ document }) => document.kind),
    ['raised', 'raised', 'cleared'],
  )
})

test('a storm of alerts is cut to the limit, and the rest is summed up in one', async (t) => {
  const hook = await receiver(t)
  const { alerts, waiting } = await scene(t, { webhook: hook.url, perMinute: 3, host: 'fw1' })
  alerts.sync(Array.from({ length: 40 }, (_, index) => verdict(`k${index}`)))
  await until(() => waiting() === 0, 'the queue is empty')
  assert.deepEqual(hook.texts(), [
    'fw1: critical: k0 hangs',
    'fw1: critical: k1 hangs',
    'fw1: 38 more; the first: critical: k2 hangs',
  ])
  const summary = hook.received[2]?.document
  assert.deepEqual([summary?.kind, summary?.changes, summary?.more.length, summary?.alert], ['more', 38, 20, null])
  assert.deepEqual([summary?.more[0]?.kind, summary?.more[0]?.alert.key], ['raised', 'k2'])
})

test('a receiver that is away for long does not fill the database', async (t) => {
  const { alerts, waiting, db } = await scene(t, {
    webhook: 'http://127.0.0.1:1/',
    limits: { ...SHORT, firstRetryMs: 600_000, longestRetryMs: 600_000 },
  })
  const silent = verdict('silent')
  alerts.sync([silent])
  silence(db, 1, Date.now() + 3_600_000)
  for (let round = 0; round < 3; round += 1) {
    alerts.sync([silent, ...Array.from({ length: 400 }, (_, index) => verdict(`${round}-${index}`))])
    alerts.sync([silent])
  }
  assert.ok(waiting() <= 501, `${waiting()} wait`)
  const rows = db.prepare<{ document: string }>('SELECT document FROM delivery').all()
  const documents = rows.map(({ document }) => JSON.parse(document) as DeliveryDocument)
  const told = documents.reduce((sum, { changes }) => sum + changes, 0)
  assert.equal(told, 2401, 'none is forgotten')
  const kinds = documents.filter((document) => JSON.stringify(document).includes('silent')).map(({ kind }) => kind)
  assert.deepEqual(kinds, ['raised'], 'the silenced one is in no summary')
})

test('a silenced alert waits until the silence ends', async (t) => {
  const hook = await receiver(t)
  const { alerts, db, delivery, waiting } = await scene(t, { webhook: hook.url })
  alerts.sync([verdict('php', 'warning')])
  await until(() => waiting() === 0, 'it was delivered')
  silence(db, 1, Date.now() + 3_600_000)
  alerts.sync([verdict('php')])
  delivery.wake()
  await quiet()
  assert.equal(hook.received.length, 1)
  silence(db, 1, null)
  delivery.wake()
  await until(() => hook.received.length === 2, 'it came after the silence')
  silence(db, 1, Date.now() + 300)
  alerts.sync([])
  await until(() => hook.received.length === 3, 'a silence ends by itself')
  assert.deepEqual(
    hook.received.map(({ document }) => document.kind),
    ['raised', 'risen', 'cleared'],
  )
})

test('an alert that is on its way when it is silenced counts as told: its end is told too', async (t) => {
  const hook = await receiver(t)
  let answer = (): void => undefined
  hook.answers.push((response) => {
    answer = () => void response.end('ok')
  })
  const { alerts, db } = await scene(t, { webhook: hook.url })
  alerts.sync([verdict('php')])
  await until(() => hook.received.length === 1, 'it is on its way')
  silence(db, 1, Date.now() + 300)
  alerts.sync([])
  answer()
  await until(() => hook.received.length === 2, 'its end came')
  assert.equal(hook.received[1]?.document.kind, 'cleared')
})

test('what comes and goes while it is silenced is never told', async (t) => {
  const hook = await receiver(t)
  const { alerts, db, delivery, waiting } = await scene(t, { webhook: hook.url })
  alerts.sync([verdict('php', 'warning')])
  alerts.sync([])
  await until(() => waiting() === 0, 'it was delivered')
  silence(db, 1, Date.now() + 3_600_000)
  alerts.sync([verdict('php')])
  assert.equal(waiting(), 1)
  alerts.sync([])
  assert.equal(waiting(), 0)
  silence(db, 1, null)
  delivery.wake()
  await quiet()
  assert.equal(hook.received.length, 2)
})

test('an acknowledged alert is not delivered, not even what already waited; one that gets worse is', async (t) => {
  const hook = await receiver(t)
  const { alerts, db, delivery, waiting } = await scene(t, { webhook: hook.url })
  hook.answers.push((response) => {
    acknowledge(db, 1, 'anna', Date.now())
    response.writeHead(500).end()
  })
  alerts.sync([verdict('php', 'warning')])
  await until(() => waiting() === 0, 'the retry was dropped')
  alerts.sync([verdict('php')])
  await until(() => hook.received.length === 2, 'it got worse')
  acknowledge(db, 1, 'anna', Date.now())
  alerts.sync([])
  delivery.wake()
  await quiet()
  assert.deepEqual(hook.texts(), ['warning: php hangs', 'now critical: php hangs'])
})

test('below the wanted severity nothing is told, neither its beginning nor its end', async (t) => {
  const hook = await receiver(t)
  const { alerts, waiting } = await scene(t, { webhook: hook.url, minimumSeverity: 'critical' })
  alerts.sync([verdict('mild', 'warning'), verdict('grows', 'warning')])
  alerts.sync([verdict('mild', 'warning'), verdict('grows')])
  alerts.sync([verdict('mild', 'warning'), verdict('grows', 'warning')])
  alerts.sync([])
  await until(() => hook.received.length === 2 && waiting() === 0, 'two posts arrived')
  await quiet()
  assert.deepEqual(hook.texts(), ['now critical: grows hangs', 'over, was warning: grows hangs'])
})

test('a webhook that is down does not keep the command from being run', async (t) => {
  const { argv, kept } = keeper(t, 0)
  const { alerts, db } = await scene(t, {
    webhook: 'http://127.0.0.1:1/',
    command: argv,
    limits: { ...SHORT, attempts: 1000 },
  })
  alerts.sync([verdict('php')])
  const left = (): unknown => db.prepare('SELECT group_concat(channel) AS c FROM delivery').get()?.['c']
  await until(() => left() === 'webhook', 'the command was run')
  assert.match(kept(), /NOC_ALERT_KEY=php/)
})

test('what waits for a way out that is not configured any more is forgotten', async (t) => {
  const at = await scene(t, { webhook: 'http://127.0.0.1:1/' })
  at.alerts.sync([verdict('php')])
  await at.delivery.stop()
  assert.equal(at.waiting(), 1)
  at.start({ webhook: '' })
  assert.equal(at.waiting(), 0)
  at.alerts.sync([verdict('php'), verdict('bind')])
  assert.equal(at.waiting(), 0)
})

test('what was delivered is not delivered again because the disk was full at that moment', async (t) => {
  const hook = await receiver(t)
  const at = await scene(t, { webhook: hook.url })
  hook.answers.push((response) => {
    at.db.exec('PRAGMA query_only = ON')
    response.end('ok')
  })
  at.alerts.sync([verdict('php')])
  await until(() => at.log.some((line) => line.includes('had to pause')), 'it could not be written down')
  at.db.exec('PRAGMA query_only = OFF')
  at.delivery.wake()
  await until(() => at.waiting() === 0, 'it is written down')
  assert.equal(hook.received.length, 1)
})

test('trouble with the database never reaches who reports an alert', async (t) => {
  const at = await scene(t, { webhook: 'http://127.0.0.1:1/' })
  at.alerts.sync([verdict('php')])
  await at.delivery.stop()
  at.db.close()
  at.delivery.notify({ kind: 'raised', alert: { id: 1, severity: 'critical', acknowledged: null } as never })
  assert.ok(at.log.some((line) => line.includes('could not be queued')))
})
