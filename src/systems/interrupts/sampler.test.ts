import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Clock } from '#core/clock.ts'
import { NocError } from '#core/errors.ts'
import { interruptsText, replaceFile, softirqsText, writeMachine, type FakeMachine } from './fixtures/machine.ts'
import { createSampler, findRoots, MAX_FILE_BYTES, type Sampler } from './sampler.ts'

const eth0 = (...counts: number[]): { id: string; label: string; counts: number[] } => ({
  id: '24',
  label: 'PCI-MSI 1-edge      eth0',
  counts,
})
const softnet = (dropped: number): string => `0000000e ${dropped.toString(16).padStart(8, '0')} 00000000\n`

interface Bench {
  readonly root: string
  readonly sampler: Sampler
  /** Seconds go by. */
  wait(seconds: number): void
}

function bench(t: TestContext, machine: FakeMachine): Bench {
  const root = mkdtempSync(join(tmpdir(), 'noc-interrupts-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const { proc } = writeMachine(root, machine)
  let ms = 1000
  const clock: Clock = { now: () => 1_700_000_000_000 + ms, monotonic: () => ms }
  return {
    root,
    sampler: createSampler(findRoots(proc, undefined), clock),
    wait: (seconds) => void (ms += seconds * 1000),
  }
}
const refuses = (read: () => unknown, code: string, message: RegExp): void =>
  assert.throws(read, (error) => error instanceof NocError && error.code === code && message.test(error.message))

describe('sampler', () => {
  it('reads interrupts, softirqs and dropped packets with rates over the time between', (t) => {
    const { root, sampler, wait } = bench(t, {
      interrupts: interruptsText([0, 1], [eth0(10, 20)]),
      softirqs: softirqsText([0, 1, 2, 3], [5, 6, 0, 0]),
      softnet: softnet(1),
    })
    const first = sampler.read()
    assert.equal(first.seconds, 0)
    assert.equal(first.softnet, null)
    writeMachine(root, {
      interrupts: interruptsText([0, 1], [eth0(14, 20)]),
      softirqs: softirqsText([0, 1, 2, 3], [15, 6, 0, 0]),
      softnet: softnet(9),
    })
    wait(2)
    const second = sampler.read()
    assert.equal(second.seconds, 2)
    assert.deepEqual([...second.interrupts.rates], [2, 0])
    assert.deepEqual(second.softirqs?.counts.cpus, [0, 1])
    assert.equal(second.softirqs?.lineRates[1], 5)
    assert.deepEqual(second.softnet, { dropped: 4, squeezed: 0 })
  })

  it('works without softirqs and softnet_stat, and with broken ones', (t) => {
    const { root, sampler, wait } = bench(t, { interrupts: interruptsText([0], [eth0(1)]) })
    assert.equal(sampler.read().softirqs, null)
    wait(1)
    writeMachine(root, { interrupts: interruptsText([0], [eth0(2)]), softirqs: 'broken', softnet: 'broken' })
    const sample = sampler.read()
    assert.equal(sample.softirqs, null)
    assert.equal(sample.softnet, null)
    assert.deepEqual([...sample.interrupts.rates], [1])
  })

  it('says clearly why a file can’t be read, and reads on when it can', (t) => {
    const { root, sampler, wait } = bench(t, { interrupts: interruptsText([0], [eth0(1)]) })
    const file = join(root, 'proc/interrupts')
    sampler.read()
    replaceFile(file, '')
    refuses(() => sampler.read(), 'NOC_INTERRUPTS_EMPTY', /proc\/interrupts is empty/)
    replaceFile(file, interruptsText([0], [eth0(1)]).slice(0, -4))
    refuses(() => sampler.read(), 'NOC_INTERRUPTS_TRUNCATED', /line 2: the file ends in the middle of a line/)
    unlinkSync(file)
    refuses(() => sampler.read(), 'NOC_INTERRUPTS_UNREADABLE', /there is no such file/)
    mkdirSync(file)
    refuses(() => sampler.read(), 'NOC_INTERRUPTS_UNREADABLE', /it is a directory/)
    rmSync(file, { recursive: true })
    replaceFile(file, interruptsText([0], [eth0(31)]))
    wait(10)
    assert.deepEqual([...sampler.read().interrupts.rates], [3], 'over the time since the last good sample')
  })

  it('refuses a file that is larger than any kernel writes', (t) => {
    const { root, sampler } = bench(t, { interrupts: interruptsText([0], [eth0(1)]) })
    truncateSync(join(root, 'proc/interrupts'), MAX_FILE_BYTES + 1)
    refuses(() => sampler.read(), 'NOC_INTERRUPTS_HUGE', /larger than 64 MB/)
  })

  it('takes the sys directory beside another proc, and none where there is none', (t) => {
    const { root } = bench(t, { interrupts: interruptsText([0], [eth0(1)]), nodes: ['0'] })
    assert.equal(findRoots(join(root, 'proc'), undefined).sys, join(root, 'sys'))
    rmSync(join(root, 'sys'), { recursive: true })
    assert.equal(findRoots(join(root, 'proc'), undefined).sys, null)
    assert.equal(findRoots(join(root, 'proc'), '/elsewhere').sys, '/elsewhere')
  })
})

describe('machine', () => {
  const interrupts = interruptsText([0, 1], [eth0(1, 1)])

  it('knows nodes, isolated CPUs and where an interrupt may go', (t) => {
    const { machine } = bench(t, {
      interrupts,
      nodes: ['0-1,4', '2-3'],
      isolated: '3',
      backlog: 1000,
      affinity: { 24: { allowed: '0-1', node: 1 }, 25: { allowed: '0', fixed: true } },
    }).sampler
    assert.deepEqual(machine.nodes, [
      { id: 0, cpus: [0, 1, 4] },
      { id: 1, cpus: [2, 3] },
    ])
    assert.deepEqual(machine.isolated, [3])
    assert.equal(machine.backlog(), 1000)
    assert.deepEqual(machine.placement('24'), { allowed: '0-1', node: 1, changeable: true })
    assert.deepEqual(machine.placement('25'), { allowed: '0', node: null, changeable: false })
  })

  it('knows nothing of a bare copy, and says so instead of failing', (t) => {
    const { machine } = bench(t, { interrupts }).sampler
    assert.deepEqual(machine.nodes, [])
    assert.equal(machine.placement('24'), null)
    assert.equal(machine.irqbalance(), null)
    assert.equal(machine.backlog(), null)
  })

  it('is never led out of its directory by an interrupt’s name', (t) => {
    const { root, sampler } = bench(t, { interrupts, affinity: { 24: { allowed: '0' } } })
    mkdirSync(join(root, 'proc/outside'))
    writeFileSync(join(root, 'proc/outside/smp_affinity_list'), '1\n')
    assert.equal(sampler.machine.placement('../outside'), null)
    assert.equal(sampler.machine.placement('LOC'), null)
  })

  it('asks for affinity once in a while only', (t) => {
    const { root, sampler, wait } = bench(t, { interrupts, affinity: { 24: { allowed: '0' } } })
    assert.equal(sampler.machine.placement('24')?.allowed, '0')
    writeMachine(root, { interrupts, affinity: { 24: { allowed: '1' } } })
    wait(5)
    assert.equal(sampler.machine.placement('24')?.allowed, '0')
    wait(6)
    assert.equal(sampler.machine.placement('24')?.allowed, '1')
  })

  it('sees irqbalance among the processes', (t) => {
    assert.equal(bench(t, { interrupts, processes: ['init', 'irqbalance'] }).sampler.machine.irqbalance(), true)
    assert.equal(bench(t, { interrupts, processes: ['init'] }).sampler.machine.irqbalance(), false)
  })
})
