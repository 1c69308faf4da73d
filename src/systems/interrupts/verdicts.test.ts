import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Verdict } from '#core/verdict.ts'
import { parseCpuList } from './cpu-list.ts'
import { createMeter } from './delta.ts'
import { interruptsText } from './fixtures/machine.ts'
import { countsParser, parseCounts } from './parse.ts'
import type { Machine, Placement, Sample } from './sample.ts'
import type { Softnet } from './softnet.ts'
import type { Thresholds } from './verdicts.ts'
import { createWatch, type Watch } from './watch.ts'

const thresholds: Thresholds = {
  imbalance_rate: 2000,
  imbalance_share: 0.8,
  storm_rate: 150_000,
  storm_factor: 50,
  drop_rate: 1,
}

/** Rates by CPU id of one line, named as in /proc/interrupts. */
interface Load {
  readonly id: string
  readonly name: string
  readonly on: Readonly<Record<number, number>>
}
interface Around {
  readonly cpus?: number
  readonly nodes?: readonly string[]
  readonly isolated?: string
  readonly irqbalance?: boolean | null
  readonly placements?: Readonly<Record<string, Partial<Placement>>>
  readonly softnet?: Softnet
}

function machineOf(around: Around): Machine {
  const all = `0-${(around.cpus ?? 24) - 1}`
  return {
    nodes: (around.nodes ?? ['0-11', '12-23']).map((list, id) => ({ id, cpus: parseCpuList(list) ?? [] })),
    isolated: parseCpuList(around.isolated ?? '') ?? [],
    irqbalance: () => around.irqbalance ?? null,
    backlog: () => 1000,
    placement: (id) => ({ allowed: all, node: 0, changeable: true, ...around.placements?.[id] }),
  }
}

/** Plays seconds of load through the real parser and meter into a watch. */
function player(around: Around = {}): {
  readonly watch: Watch
  play(loads: readonly Load[], seconds?: number): readonly Verdict[]
} {
  const cpus = Array.from({ length: around.cpus ?? 24 }, (_, cpu) => cpu)
  const watch = createWatch(machineOf(around), thresholds)
  const parser = countsParser('interrupts')
  const meter = createMeter()
  const totals = new Map<string, number[]>()
  let at = 0
  const take = (loads: readonly Load[], seconds: number): readonly Verdict[] => {
    const lines = loads.map(({ id, name, on }) => {
      const counts = cpus.map((cpu, i) => ((totals.get(id + name)?.[i] ?? 0) + (on[cpu] ?? 0) * seconds) >>> 0)
      totals.set(id + name, counts)
      return {
        id,
        label: /^\d+$/.test(id) ? `PCI-MSI 1-edge      ${name}` : name,
        counts: id === 'ERR' ? counts.slice(0, 1) : counts,
      }
    })
    const counts = parseCounts(parser, Buffer.from(interruptsText(cpus, lines)))
    const interrupts = meter.measure(counts, seconds)
    const sample: Sample = { at, seconds, interrupts, softirqs: null, softnet: around.softnet ?? null }
    at += seconds * 1000
    return watch.take(sample)
  }
  return {
    watch,
    play(loads, seconds = 1) {
      if (at === 0) take(loads, 0)
      at += 1
      return take(loads, seconds)
    },
  }
}
const judge = (loads: readonly Load[], around: Around = {}): readonly Verdict[] => player(around).play(loads)
const queues = (
  count: number,
  place: (queue: number) => Readonly<Record<number, number>>,
  name = 'eth0-TxRx-',
): Load[] => Array.from({ length: count }, (_, i) => ({ id: String(58 + i), name: `${name}${i}`, on: place(i) }))
const keys = (verdicts: readonly Verdict[]): string[] => verdicts.map((verdict) => verdict.key)

describe('imbalance', () => {
  const stuck = queues(8, () => ({ 3: 5000, 5: 100 }))

  it('names the device, the CPU, the share, the queues and what is allowed', () => {
    const [verdict] = judge(stuck, { irqbalance: false })
    assert.equal(verdict?.key, 'imbalance:eth0-TxRx-*')
    assert.equal(verdict.summary, 'All eight queues of eth0 land on CPU 3')
    assert.match(
      verdict.evidence,
      /CPU 3 takes 98 % of 40\.8 k\/s of eth0-TxRx-\*; 8 queues, allowed 0-23, node 0; 22 of these 24 CPUs serve no device/,
    )
    assert.match(verdict.fix, /over the CPUs of node 0; irqbalance isn't running/)
  })

  it('gives the commands that spread the queues over the device’s own node', () => {
    assert.deepEqual(
      judge(stuck)[0]?.commands,
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `echo ${i} > /proc/irq/${58 + i}/smp_affinity_list`),
    )
    const far = judge(stuck, { placements: Object.fromEntries(stuck.map(({ id }) => [id, { node: 1 }])) })
    assert.equal(far[0]?.commands[0], 'echo 12 > /proc/irq/58/smp_affinity_list')
  })

  it('leaves isolated CPUs and those that other devices keep busy for last', () => {
    const other: Load = { id: '30', name: 'megasas', on: { 0: 3000 } }
    const [verdict] = judge([...stuck, other], { isolated: '1-2' })
    assert.deepEqual(
      verdict?.commands.map((command) => command.split(' ')[1]),
      ['3', '4', '5', '6', '7', '8', '9', '10'],
    )
  })

  it('says when irqbalance would move them back', () => {
    assert.match(judge(stuck, { irqbalance: true })[0]?.fix ?? '', /irqbalance is running and may move them back/)
    assert.match(judge(stuck, { irqbalance: null })[0]?.fix ?? '', /if irqbalance runs/)
  })

  it('counts the queues that carry traffic', () => {
    const some = queues(8, (i) => (i < 3 ? { 3: 5000 } : {}))
    assert.equal(judge(some)[0]?.summary, 'Three of the eight queues of eth0 land on CPU 3')
    assert.equal(judge(queues(2, () => ({ 1: 5000 })))[0]?.summary, 'Both queues of eth0 land on CPU 1')
  })

  it('stands until the figures are clearly below the limits', () => {
    const { play } = player()
    const at = (rate: number): readonly Load[] => queues(2, () => ({ 3: rate / 2 }))
    assert.equal(play(at(1900)).length, 0)
    assert.equal(play(at(2100)).length, 1)
    assert.equal(play(at(1900)).length, 1)
    assert.equal(play(at(1500)).length, 0)
  })
})

describe('no imbalance', () => {
  const quiet = (name: string, loads: readonly Load[], around: Around = {}): void =>
    void it(name, () => assert.deepEqual(keys(judge(loads, around)), []))

  quiet(
    'where the queues are spread',
    queues(8, (i) => ({ [i]: 5000 })),
  )
  quiet(
    'at low rates',
    queues(8, () => ({ 3: 100 })),
  )
  quiet(
    'with one CPU',
    queues(8, () => ({ 0: 5000 })),
    { cpus: 1, nodes: ['0'] },
  )
  quiet('for a line with one queue', [{ id: '30', name: 'eth0', on: { 3: 50_000 } }])
  quiet(
    'where one queue carries all: one stream can’t be spread',
    queues(8, (i) => ({ 3: i === 0 ? 20_000 : 10 })),
  )
  quiet('for queues that the kernel places itself', queues(8, () => ({ 3: 5000 }), 'nvme0q').slice(1))
  quiet(
    'for queues that can’t be moved',
    queues(2, () => ({ 3: 5000 })),
    {
      placements: { 58: { changeable: false }, 59: { changeable: false } },
    },
  )
  quiet(
    'where only isolated CPUs are left',
    queues(2, () => ({ 0: 5000 })),
    { cpus: 2, nodes: ['0-1'], isolated: '1' },
  )
  quiet('for what CPUs do among themselves', [
    { id: 'LOC', name: 'Local timer interrupts', on: { 3: 90_000 } },
    { id: 'RES', name: 'Rescheduling interrupts', on: { 3: 90_000 } },
    { id: 'CAL', name: 'Function call interrupts', on: { 3: 90_000 } },
    { id: '10', name: 'arch_timer', on: { 3: 300_000 } },
  ])
  quiet('for two network cards that differ only in their number', [
    { id: '30', name: 'eth0', on: { 1: 5000 } },
    { id: '31', name: 'eth1', on: { 2: 5000 } },
  ])
})

describe('crowded CPU', () => {
  const crowd: readonly Load[] = [
    { id: '30', name: 'eth0', on: { 0: 9000 } },
    { id: '31', name: 'ahci[0000:00:1f.2]', on: { 0: 4000 } },
    { id: '32', name: 'xhci_hcd', on: { 0: 2000 } },
    { id: '33', name: 'i915', on: { 5: 50 } },
  ]

  it('names the devices and moves all but the busiest', () => {
    const [verdict] = judge(crowd)
    assert.equal(verdict?.key, 'crowd:cpu0')
    assert.equal(verdict.summary, 'Three busy devices share CPU 0: eth0, ahci[0000:00:1f.2] and xhci_hcd')
    assert.deepEqual(verdict.commands, [
      'echo 1 > /proc/irq/31/smp_affinity_list',
      'echo 2 > /proc/irq/32/smp_affinity_list',
    ])
  })

  it('is none where others are as busy', () => {
    assert.deepEqual(judge([...crowd, { id: '34', name: 'eth1', on: { 7: 9000 } }]), [])
  })

  it('is none where nothing can be moved', () => {
    const fixed = { 31: { changeable: false }, 32: { changeable: false } }
    assert.deepEqual(judge(crowd, { placements: fixed }), [])
  })
})

describe('storms', () => {
  const line = (rate: number): readonly Load[] => [{ id: '16', name: 'ehci_hcd:usb1', on: { 2: rate } }]

  it('are critical at a rate that nothing needs', () => {
    const [verdict] = judge(line(200_000))
    assert.equal(verdict?.severity, 'critical')
    assert.match(verdict.summary, /ehci_hcd:usb1 \(16\) interrupts 200,000 times a second/)
    assert.match(verdict.evidence, /100 % land on CPU 2/)
  })

  it('are a line far over its own usual rate, once that is known', () => {
    const { play } = player()
    for (let i = 0; i < 11; i += 1) assert.deepEqual(play(line(100), 30), [])
    for (let i = 0; i < 2; i += 1) play(line(40_000))
    const [verdict] = [0, 1, 2].map(() => play(line(40_000))).at(-1) ?? []
    assert.equal(verdict?.key, 'storm:16:ehci_hcd:usb1')
    assert.equal(verdict.severity, 'warning')
    assert.match(verdict.evidence, /usual rate is 100 \/s/)
  })

  it('are no storms: a short burst, a busy line as always, a line known for two minutes', () => {
    const burst = player()
    for (let i = 0; i < 11; i += 1) burst.play(line(100), 30)
    assert.deepEqual(burst.play(line(40_000)), [])
    const busy = player()
    for (let i = 0; i < 20; i += 1) assert.deepEqual(busy.play(line(40_000), 30), [])
    const young = player()
    for (let i = 0; i < 4; i += 1) young.play(line(100), 30)
    for (let i = 0; i < 6; i += 1) assert.deepEqual(young.play(line(40_000)), [])
  })

  it('are none of the timer, whatever its rate', () => {
    assert.deepEqual(judge([{ id: 'LOC', name: 'Local timer interrupts', on: { 0: 500_000 } }]), [])
  })
})

describe('faults of the machine', () => {
  it('are told while ERR grows, and for a minute after', () => {
    const { play } = player()
    const err = (rate: number): readonly Load[] => [{ id: 'ERR', name: '', on: { 0: rate } }]
    assert.deepEqual(play(err(0)), [])
    const [verdict] = play(err(3))
    assert.equal(verdict?.key, 'faults:ERR')
    assert.match(verdict.evidence, /3 more in the last 2 s, 3 since boot/)
    assert.equal(play(err(0)).length, 1)
    for (let i = 0; i < 60; i += 1) play(err(0))
    assert.deepEqual(play(err(0)), [])
  })

  it('are critical when the processor reports them', () => {
    const mce: Load = { id: 'MCE', name: 'Machine check exceptions', on: { 0: 1 } }
    assert.equal(judge([mce])[0]?.severity, 'critical')
  })
})

describe('dropped packets', () => {
  const calm: readonly Load[] = [{ id: '30', name: 'eth0', on: { 0: 10 } }]

  it('are told with the command that gives them more room', () => {
    const [verdict] = judge(calm, { softnet: { dropped: 12, squeezed: 30 } })
    assert.equal(verdict?.key, 'drops:softnet')
    assert.deepEqual(verdict.commands, ['sysctl -w net.core.netdev_max_backlog=2000'])
  })

  it('are none: a single packet now and then, squeezes alone', () => {
    assert.deepEqual(judge(calm, { softnet: { dropped: 0.2, squeezed: 500 } }), [])
  })
})
