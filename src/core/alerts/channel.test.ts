import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keeper, quiet, receiver, scene, SHORT, until, verdict } from '../../../test/fixtures/store/receiver.ts'
import { NocError } from '../errors.ts'
import { listEvents } from './table.ts'
import { type DeliveryDocument, webhookChannel } from './channel.ts'

test('a receiver that sends headers and then hangs does not hold up the next alert', async (t) => {
  const hook = await receiver(t)
  hook.answers.push((response) => {
    response.writeHead(200)
    response.write('slow')
  })
  const { alerts } = await scene(t, { webhook: hook.url, limits: { ...SHORT, webhookMs: 600_000 } })
  alerts.sync([verdict('a')])
  alerts.sync([verdict('a'), verdict('b')])
  await until(() => hook.received.length === 2, 'both arrived')
})

test('after the last attempt it is given up, and the night line says so without the secret in the address', async (t) => {
  const hook = await receiver(t)
  for (let i = 0; i < 5; i += 1) hook.answers.push((response) => response.writeHead(503).end())
  const webhook = hook.url.replace('http://', 'http://bot:hunter2@').replace('/hook', '/services/T0KEN?key=S3CRET')
  const { alerts, db, log, waiting } = await scene(t, { webhook })
  alerts.sync([verdict('php')])
  await until(() => waiting() === 0, 'it was given up')
  assert.equal(hook.received.length, SHORT.attempts)
  assert.equal(hook.received[0]?.path, '/services/T0KEN?key=S3CRET')
  assert.equal(hook.received[0].headers.authorization, `Basic ${Buffer.from('bot:hunter2').toString('base64')}`)
  const events = listEvents(db, 0, Number.MAX_SAFE_INTEGER, 10)
  assert.equal(events.at(-1)?.text, 'gave up telling the webhook after 5 attempts (HTTP 503): critical: php hangs')
  assert.doesNotMatch(JSON.stringify([events, log]), /hunter2|T0KEN|S3CRET/)
})

test('a redirect is not followed: the alert goes nowhere the operator did not name', async (t) => {
  const [hook, elsewhere] = [await receiver(t), await receiver(t)]
  for (let i = 0; i < 5; i += 1)
    hook.answers.push((response) => response.writeHead(307, { location: elsewhere.url }).end())
  const { alerts, waiting, log } = await scene(t, { webhook: hook.url })
  alerts.sync([verdict('php')])
  await until(() => waiting() === 0, 'it was given up')
  assert.equal(elsewhere.received.length, 0)
  assert.ok(log.every((line) => line.includes('HTTP 307')))
})

test('an address that is none is refused without repeating it', () => {
  for (const webhook of ['S3CRET', 'file:///etc/S3CRET', 'javascript:S3CRET', 'http://', 'ftp://S3CRET@x'])
    assert.throws(
      () => webhookChannel(webhook, 1000),
      (error) => error instanceof NocError && error.exit === 2 && !error.message.includes('S3CRET'),
    )
})

test('a command gets the alert as JSON on stdin and its main parts in the environment, without a shell', async (t) => {
  const { argv, kept } = keeper(t, 0)
  const { alerts, waiting } = await scene(t, { command: argv })
  alerts.sync([{ ...verdict('php'), summary: 'evil\u0000\u001b[2J\nNOC_ALERT_ID=99' }])
  await until(() => waiting() === 0, 'it was run')
  const [json = '', ...env] = kept().trim().split('\n')
  assert.equal((JSON.parse(json) as DeliveryDocument).alert?.key, 'php')
  assert.deepEqual(env, [
    'NOC_ALERT_HOST=',
    'NOC_ALERT_ID=1',
    'NOC_ALERT_KEY=php',
    'NOC_ALERT_KIND=raised',
    'NOC_ALERT_SEVERITY=critical',
    'NOC_ALERT_SUMMARY=evil␀␛[2J␊NOC_ALERT_ID=99',
    'NOC_ALERT_SYSTEM=connections',
    'NOC_ALERT_TEXT=critical: evil␀␛[2J␊NOC_ALERT_ID=99',
  ])
})

test('a command that fails, or is not there, is tried again and then given up, with its own words made harmless', async (t) => {
  const { argv } = keeper(t, 7)
  const failing = await scene(t, { command: argv })
  failing.alerts.sync([verdict('php')])
  await until(() => failing.waiting() === 0, 'it was given up')
  assert.equal(failing.log.length, SHORT.attempts)
  assert.match(failing.log[0] ?? '', /exit code 7: no ␛\[31mway/)
  const missing = await scene(t, { command: ['/nonexistent/noc-test'] })
  missing.alerts.sync([verdict('php')])
  await until(() => missing.waiting() === 0, 'it was given up')
  assert.match(missing.log[0] ?? '', /not installed/)
})

test('a command that hangs is ended, by its time limit or by the stop', async (t) => {
  const at = await scene(t, { command: ['/bin/sleep', '600'], limits: { ...SHORT, commandMs: 50 } })
  at.alerts.sync([verdict('php')])
  await until(() => at.log.some((line) => line.includes('did not finish within 0.05 s')), 'it was killed')
  await at.delivery.stop()
  at.start({ limits: { ...SHORT, commandMs: 600_000 } })
  at.alerts.sync([verdict('bind')])
  await quiet()
  await at.delivery.stop()
  assert.ok(at.waiting() > 0)
})

test('the test alert says how it went, everywhere', async (t) => {
  const hook = await receiver(t)
  const { argv } = keeper(t, 7)
  const limits = { ...SHORT, webhookMs: 10_000 }
  const at = await scene(t, { webhook: hook.url, host: 'fw1', limits })
  assert.equal(await at.delivery.test(), 'webhook: delivered')
  assert.deepEqual(hook.texts(), ['fw1: test: alerts of Nocturne arrive here'])
  await assert.rejects(at.start({ command: argv }).test(), {
    code: 'NOC_ALERTS_TEST',
    message: /webhook: delivered; command: exit code 7/,
  })
  await assert.rejects(at.start({ webhook: '', command: [] }).test(), { code: 'NOC_ALERTS_NOWHERE' })
})

test('a command that ignores its end does not hold up the stop', async (t) => {
  const never = new Promise<never>(() => {})
  const at = await scene(t, { command: ['x'], run: () => never })
  at.alerts.sync([verdict('php')])
  await quiet()
  await at.delivery.stop()
  assert.equal(at.waiting(), 1)
})
