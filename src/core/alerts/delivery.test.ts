import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { standingClock, temporaryDirectory, temporaryStore } from '../../../test/fixtures/store/temporary.ts'
import type { Clock } from '../clock.ts'
import { NocError } from '../errors.ts'
import { run } from '../host/run.ts'
import type { Logger } from '../log/logger.ts'
import type { Database } from '../store/database.ts'
import type { Severity, Verdict } from '../verdict.ts'
import { acknowledge, createAlertBook, listEvents, silence } from './book.ts'
import type { DeliveryDocument } from './channel.ts'
import { createDelivery, type Delivery, type DeliveryOptions } from './delivery.ts'
import type { AlertBook } from './types.ts'

const verdict = (key: string, severity: Severity = 'critical'): Verdict => {
  return {
    key,
    severity,
    summary: `${key} hangs`,
    evidence: '41 min',
    fix: 'Close it.',
    commands: [`noc close ${key}`],
  }
}

/** Waits until `done` holds; a test that waits in vain fails with what it waited for. */
async function until(done: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 1000; i += 1) {
    if (done()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail(`waited in vain until ${what}`)
}

/** Time enough for something to arrive that should not. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150))

interface Received {
  readonly path: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly document: DeliveryDocument
}
interface Receiver {
  readonly url: string
  readonly port: number
  readonly received: readonly Received[]
  /** How the next requests are answered, one each; then with 200. */
  readonly answers: ((response: ServerResponse) => void)[]
  readonly texts: () => readonly string[]
}

async function receiver(t: TestContext, port = 0): Promise<Receiver> {
  const received: Received[] = []
  const answers: ((response: ServerResponse) => void)[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const document = JSON.parse(Buffer.concat(chunks).toString()) as DeliveryDocument
      received.push({ path: request.url, headers: request.headers, document })
      const answer = answers.shift() ?? ((response) => response.end('ok'))
      answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const bound = (server.address() as AddressInfo).port
  const texts = (): readonly string[] => received.map(({ document }) => document.text)
  return { url: `http://127.0.0.1:${bound}/hook`, port: bound, received, answers, texts }
}

interface Scene {
  readonly db: Database
  readonly clock: Clock
  readonly log: readonly string[]
  readonly alerts: AlertBook
  delivery: Delivery
  readonly start: (options?: Partial<DeliveryOptions>) => Delivery
  readonly waiting: () => number
}

const SHORT = { firstRetryMs: 10, longestRetryMs: 40, webhookMs: 200, commandMs: 5000, attempts: 5 }

async function scene(
  t: TestContext,
  first: Partial<DeliveryOptions>,
  clock: Clock = standingClock(Date.now()),
): Promise<Scene> {
  const db = await temporaryStore(t)
  const log: string[] = []
  const write = (fields: object, message: string): void => void log.push(`${message} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
  const start = (options: Partial<DeliveryOptions> = {}): Delivery => {
    const delivery = createDelivery({
      db,
      clock: { now: () => Date.now(), monotonic: () => performance.now() },
      perMinute: 600,
      minimumSeverity: 'warning',
      log: logger,
      run: (argv, settings) => run(argv, { ...settings, maxBytes: 10_000 }),
      limits: SHORT,
      ...first,
      ...options,
    })
    t.after(() => delivery.stop())
    return delivery
  }
  const self: Scene = {
    db,
    clock,
    log,
    alerts: createAlertBook(db, clock, {
      system: 'connections',
      holdMs: 0,
      onChange: (change) => self.delivery.notify(change),
    }),
    delivery: start(),
    start: (options) => (self.delivery = start(options)),
    waiting: () => Number(db.prepare('SELECT count(*) AS n FROM delivery').get()?.['n']),
  }
  return self
}

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
  const gone = await receiver(t)
  const port = gone.port
  // A port that was just closed refuses.
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const refusing = (closed.address() as AddressInfo).port
  await new Promise((resolve) => closed.close(resolve))
  assert.notEqual(port, refusing)
  const { alerts, log, waiting } = await scene(t, {
    webhook: `http://127.0.0.1:${refusing}/hook`,
    limits: { ...SHORT, attempts: 100 },
  })
  alerts.sync([verdict('php')])
  await until(() => log.some((line) => line.includes('ECONNREFUSED')), 'it was refused')
  const hook = await receiver(t, refusing)
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
  assert.ok(log.some((line) => line.includes('no answer within 0.2 s')))
  assert.ok(log.some((line) => line.includes('HTTP 500')))
})

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

test('what a stop interrupts is delivered after the restart', async (t) => {
  const hook = await receiver(t)
  let hangs = false
  hook.answers.push(() => (hangs = true))
  const at = await scene(t, { webhook: hook.url, limits: { ...SHORT, webhookMs: 600_000 } })
  at.alerts.sync([verdict('php'), verdict('bind')])
  await until(() => hangs, 'the first post hangs')
  await at.delivery.stop()
  await at.delivery.stop()
  assert.equal(at.waiting(), 2)
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
  for (let round = 0; round < 3; round += 1) {
    alerts.sync(Array.from({ length: 400 }, (_, index) => verdict(`${round}-${index}`)))
    alerts.sync([])
  }
  assert.ok(waiting() <= 501, `${waiting()} wait`)
  const documents = db.prepare<{ document: string }>('SELECT document FROM delivery').all()
  const told = documents.map(({ document }) => (JSON.parse(document) as DeliveryDocument).changes)
  assert.equal(
    told.reduce((sum, changes) => sum + changes, 0),
    2400,
    'none is forgotten',
  )
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
  alerts.sync([])
  await until(() => hook.received.length === 2 && waiting() === 0, 'two posts arrived')
  await quiet()
  assert.deepEqual(hook.texts(), ['now critical: grows hangs', 'over, was critical: grows hangs'])
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

test('an address that is none is refused without repeating it', async (t) => {
  const db = await temporaryStore(t)
  for (const webhook of ['S3CRET', 'file:///etc/S3CRET', 'javascript:S3CRET', 'http://', 'ftp://S3CRET@x'])
    await assert.rejects(
      // eslint-disable-next-line typescript/require-await
      async () => createDelivery({ ...({ db } as DeliveryOptions), perMinute: 1, webhook }),
      (error) => error instanceof NocError && error.exit === 2 && !error.message.includes('S3CRET'),
    )
})

/** A script that keeps what it is given, and then ends with `code`. */
function keeper(t: TestContext, code: number): { readonly argv: readonly string[]; readonly kept: () => string } {
  const directory = temporaryDirectory(t)
  const script = join(directory, 'keep.sh')
  writeFileSync(
    script,
    `cat > "$1"; env | grep ^NOC_ALERT_ | sort >> "$1"; echo 'no \u001b[31mway' >&2; exit ${code}\n`,
  )
  const argv = ['/bin/sh', script, join(directory, 'out; rm -rf $HOME')]
  return { argv, kept: () => readFileSync(argv[2] ?? '', 'utf8') }
}

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

test('the test alert says how it went, everywhere', async (t) => {
  const hook = await receiver(t)
  const { argv } = keeper(t, 7)
  const at = await scene(t, { webhook: hook.url, host: 'fw1' })
  assert.equal(await at.delivery.test(), 'webhook: delivered')
  assert.deepEqual(hook.texts(), ['fw1: test: alerts of Nocturne arrive here'])
  await assert.rejects(at.start({ command: argv }).test(), {
    code: 'NOC_ALERTS_TEST',
    message: /webhook: delivered; command: exit code 7/,
  })
  await assert.rejects(at.start({ webhook: '', command: [] }).test(), { code: 'NOC_ALERTS_NOWHERE' })
})

test('trouble with the database never reaches who reports an alert', async (t) => {
  const at = await scene(t, { webhook: 'http://127.0.0.1:1/' })
  at.alerts.sync([verdict('php')])
  await at.delivery.stop()
  at.db.close()
  at.delivery.notify({ kind: 'raised', alert: { id: 1, severity: 'critical', acknowledged: null } as never })
  assert.ok(at.log.some((line) => line.includes('could not be queued')))
})
