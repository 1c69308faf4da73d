import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetricRegistry } from './registry.ts'

test('metrics show up under the name of their system, with help and type', async () => {
  const registry = createMetricRegistry()
  registry.forSystem('interrupts').gauge('rate', 'Interrupts per second').set(48_200)
  const closed = registry.forSystem('connections').counter('closed_total', 'Sockets closed by the operator')
  closed.inc()
  closed.inc(2)
  const text = await registry.text()
  assert.match(text, /^# HELP noc_interrupts_rate Interrupts per second\n# TYPE noc_interrupts_rate gauge\n/m)
  assert.match(text, /^noc_interrupts_rate 48200$/m)
  assert.match(text, /^# TYPE noc_connections_closed_total counter\nnoc_connections_closed_total 3$/m)
  assert.match(registry.contentType, /^text\/plain; version=0\.0\.4/)
})

test('the metrics of the process are there once, without figures that only tell the sampling period', async () => {
  const text = await createMetricRegistry().text()
  assert.equal(text.match(/^process_cpu_seconds_total /gm)?.length, 1)
  assert.match(text, /^process_resident_memory_bytes \d/m)
  assert.doesNotMatch(text, /eventloop_lag_p99/)
  assert.doesNotMatch(text, /nan/i)
})

test('two registries in one process do not disturb each other', async () => {
  const [first, second] = [createMetricRegistry(), createMetricRegistry()]
  first.forSystem('bind').gauge('zones', 'Zones').set(1)
  assert.doesNotMatch(await second.text(), /noc_bind/)
})

test('the same name gives the same metric; as another kind it is refused', async () => {
  const registry = createMetricRegistry()
  const metrics = registry.forSystem('interrupts')
  assert.equal(
    metrics.counter('storms_total', 'Storms'),
    registry.forSystem('interrupts').counter('storms_total', 'Storms'),
  )
  assert.throws(() => metrics.gauge('storms_total', 'Storms'), TypeError)
})

test('a name that Prometheus would refuse is refused at once', () => {
  const metrics = createMetricRegistry().forSystem('interrupts')
  for (const name of ['', '9lives', 'a-b', 'a b', 'é', 'a\n', 'Rate'])
    assert.throws(() => metrics.gauge(name, 'x'), TypeError, JSON.stringify(name))
  assert.throws(() => createMetricRegistry().forSystem('../x').gauge('a', 'x'), TypeError)
})
