import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import * as v from 'valibot'
import { createMetricRegistry } from '#core/metrics/registry.ts'
import type { Service } from '#core/system.ts'
import { type Noted, notedContext } from '../../../test/fixtures/noted-daemon.ts'
import { type InterruptsConfig, defaults } from './defaults.ts'
import { interruptsText, writeMachine } from './fixtures/machine.ts'
import { create } from './service.ts'
import { viewSchema } from './schema.ts'

interface House extends Omit<Noted<InterruptsConfig>, 'cx'> {
  readonly service: Service
  metrics(): Promise<string>
  /** The machine as it is from now on: its CPUs, and whether its files are there. */
  machine: { cpus: readonly number[]; whole: boolean }
}

/** The service on a machine whose four queues interrupt its last CPU. */
function house(t: TestContext): House {
  const root = mkdtempSync(join(tmpdir(), 'noc-service-'))
  const registry = createMetricRegistry()
  let round = 0
  const write = (): void => {
    round += 1
    const { cpus, whole } = made.machine
    const lines = Array.from({ length: 4 }, (_, i) => ({
      id: String(30 + i),
      label: `PCI-MSI ${i}-edge      eth0-TxRx-${i}`,
      counts: cpus.map((cpu) => (cpu === 3 ? round * 500 : 0)),
    }))
    writeMachine(root, { interrupts: whole ? interruptsText(cpus, lines) : 'nonsense\n', nodes: ['0-3'] })
  }
  const noted = notedContext<InterruptsConfig>(
    { ...defaults, interval: 0.2, proc: join(root, 'proc') },
    { metrics: registry.forSystem('interrupts') },
  )
  const made: House = {
    ...noted,
    service: create(noted.cx),
    metrics: () => registry.text(),
    machine: { cpus: [0, 1, 2, 3], whole: true },
  }
  write()
  const timer = setInterval(write, 20)
  t.after(async () => {
    await made.service.stop()
    clearInterval(timer)
    rmSync(root, { recursive: true, force: true })
  })
  return made
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  assert.fail(`never: ${what}`)
}

describe('interrupts in the daemon', () => {
  it('raises the imbalance, keeps series and metrics, shows the page', async (t) => {
    const made = house(t)
    assert.equal(made.service.health().state, 'starting')
    await made.service.start()
    await until('an alert', () => (made.synced.at(-1) ?? []).length > 0)
    assert.equal(made.service.health().state, 'up')
    assert.equal(made.synced.at(-1)?.[0]?.key, 'imbalance:eth0-TxRx-*')
    assert.match(made.service.glance().sentence, /All four queues of eth0 land on CPU 3\./)
    assert.ok((made.series.get('interrupts.total') ?? 0) > 1000)
    assert.ok((made.series.get('interrupts.cpu.3') ?? 0) > 1000)
    assert.equal(made.series.get('interrupts.cpu.0'), 0)
    assert.ok(made.series.has('interrupts.line.30'))
    assert.match(await made.metrics(), /noc_interrupts_busiest_cpu_share 1\n/)
    assert.ok(v.is(viewSchema, JSON.parse(JSON.stringify(made.published.at(-1)))))
    const [sample, view] = made.service.routes ?? []
    const request = { params: {}, query: {}, body: undefined, actor: 'test', signal: new AbortController().signal }
    for (const route of [sample, view]) {
      const answer: unknown = JSON.parse(JSON.stringify(route?.handle(request)))
      assert.ok(route && v.is(route.response, answer))
    }
  })

  it('says why it is degraded while the file is broken, and goes on when it is whole again', async (t) => {
    const made = house(t)
    made.machine.whole = false
    await made.service.start()
    await until('degraded', () => made.service.health().state === 'degraded')
    const health = made.service.health()
    assert.match('why' in health ? health.why : '', /proc\/interrupts, line 1: expected the names of the CPUs/)
    made.machine.whole = true
    await until('up', () => made.service.health().state === 'up')
    assert.match(await made.metrics(), /noc_interrupts_read_failures [1-9]/)
  })

  it('puts CPUs that go and come on the night line', async (t) => {
    const made = house(t)
    await made.service.start()
    await until('up', () => made.service.health().state === 'up')
    made.machine.cpus = [0, 1, 3]
    await until('gone', () => made.events.includes('CPU 2 went offline'))
    made.machine.cpus = [0, 1, 2, 3]
    await until('back', () => made.events.includes('CPU 2 came online'))
  })

  it('stops at once, and twice', async (t) => {
    const made = house(t)
    await made.service.start()
    await made.service.stop()
    await made.service.stop()
  })
})
