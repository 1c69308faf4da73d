import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { formatCpuList, parseCpuList } from './cpu-list.ts'
import { foldCpus } from './fold.ts'
import { describeLine, deviceOf, isDevice, isManaged, queueLabel } from './label.ts'
import { parseSoftnet, softnetRates } from './softnet.ts'

describe('queues of one device', () => {
  const cases: readonly (readonly [name: string, label: string, device: string])[] = [
    ['eth0-TxRx-7', 'eth0-TxRx-*', 'eth0'],
    ['eth0-Tx-Rx-0', 'eth0-Tx-Rx-*', 'eth0'],
    ['i40e-eth0-TxRx-12', 'i40e-eth0-TxRx-*', 'i40e-eth0'],
    ['nvme0q17', 'nvme0q*', 'nvme0'],
    ['virtio1-req.0', 'virtio1-req.*', 'virtio1'],
    ['virtio2-input.3', 'virtio2-input.*', 'virtio2'],
    ['mlx5_comp3@pci:0000:5e:00.0', 'mlx5_comp*@pci:0000:5e:00.0', 'mlx5@pci:0000:5e:00.0'],
    ['eth0-q2-rx', 'eth0-q*-rx', 'eth0'],
    ['megasas0-msix31', 'megasas0-msix*', 'megasas0'],
    ['vfio-msix[12](0000:3b:00.0)', 'vfio-msix[*](0000:3b:00.0)', 'vfio'],
  ]
  for (const [name, label, device] of cases) {
    it(`${name} is a queue of ${device}`, () => {
      assert.equal(queueLabel(name), label)
      assert.equal(deviceOf(label), device)
    })
  }

  it('devices that only have a number are not queues of each other', () => {
    for (const name of [
      'eth0',
      'eno1',
      'rtc0',
      'ehci_hcd:usb2',
      'dmar1',
      'i915',
      'ttyS0',
      'ahci[0000:00:1f.2]',
      'ACPI:Ged',
    ]) {
      assert.equal(queueLabel(name), name)
    }
  })
})

describe('what is a device', () => {
  it('numbered lines are, except those that each CPU makes for itself', () => {
    assert.ok(isDevice({ id: '24', name: 'eth0', chip: '' }))
    for (const [id, name, chip] of [
      ['LOC', 'Local timer interrupts', ''],
      ['RES', 'Rescheduling interrupts', ''],
      ['10', 'arch_timer', 'GICv3 27 Level'],
      ['49', 'arm-pmu', 'GICv3 23 Level'],
      ['16', 'timer0', 'xen-percpu -virq'],
    ] as const) {
      assert.ok(!isDevice({ id, name, chip }), name)
    }
  })

  it('storage queues are the kernel’s to place, network queues are not', () => {
    assert.ok(isManaged('nvme0q3'))
    assert.ok(isManaged('virtio1-req.0'))
    assert.ok(!isManaged('nvme0q0'), 'the admin queue is free')
    assert.ok(!isManaged('eth0-TxRx-0'))
    assert.ok(!isManaged('virtio2-input.0'))
  })

  it('the old one-word chip has no number, so a device may be called by one', () => {
    assert.deepEqual(describeLine('5', 'IO-APIC-edge      8250'), { id: '5', chip: 'IO-APIC-edge', name: '8250' })
  })
})

describe('CPU lists', () => {
  it('are read as the kernel writes them', () => {
    assert.deepEqual(parseCpuList('0-3,8\n'), [0, 1, 2, 3, 8])
    assert.deepEqual(parseCpuList('\n'), [])
    for (const bad of ['x', '1-', '3-1', '0-99999999', '1,,2', '-1']) assert.equal(parseCpuList(bad), null, bad)
  })

  it('go round', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(2000)), (cpus) => {
        const sorted = cpus.toSorted((a, b) => a - b)
        assert.deepEqual(parseCpuList(formatCpuList(sorted)), sorted)
      }),
    )
  })
})

const sorted = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b)

describe('folding CPUs', () => {
  const nodes = [
    { id: 0, cpus: Array.from({ length: 64 }, (_, i) => i * 2) },
    { id: 1, cpus: Array.from({ length: 64 }, (_, i) => i * 2 + 1) },
  ]

  it('never mixes nodes in one column', () => {
    const cpus = Array.from({ length: 128 }, (_, i) => i)
    const columns = foldCpus(cpus, nodes, 64)
    assert.equal(columns.length, 64)
    assert.equal(columns[0]?.label, '0,2')
    assert.deepEqual(
      columns.map((column) => column.node),
      [...Array(32).fill(0), ...Array(32).fill(1)],
    )
  })

  it('keeps every CPU exactly once within the bound, whatever the machine', () => {
    const node = fc.array(fc.nat(200), { maxLength: 40 })
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(200), { minLength: 1 }),
        fc.array(node, { maxLength: 9 }),
        fc.integer({ min: 1, max: 64 }),
        (cpus, lists, most) => {
          const columns = foldCpus(
            cpus,
            lists.map((list, id) => ({ id, cpus: list })),
            most,
          )
          assert.ok(columns.length <= most)
          assert.deepEqual(sorted(columns.flatMap((column) => column.cpus)), sorted(cpus))
          for (const { cpus: ids, places } of columns)
            assert.deepEqual(
              places.map((place) => cpus[place]),
              ids,
            )
        },
      ),
    )
  })
})

describe('softnet_stat', () => {
  const line = (dropped: number, cpu: string): string =>
    `0000000e ${dropped.toString(16).padStart(8, '0')} 00000003${' 00000000'.repeat(9)} ${cpu} 00000000\n`

  it('counts by CPU, modulo 2^32', () => {
    const before = parseSoftnet(line(0xfffffffe, '00000000') + line(5, '00000002'))
    const now = parseSoftnet(line(8, '00000000') + line(7, '00000002') + line(100, '00000003'))
    assert.ok(before && now)
    assert.deepEqual(softnetRates(before, now, 2), { dropped: 6, squeezed: 0 })
  })

  it('is unknown when it is something else', () => {
    for (const text of ['', 'hello\n', '00000001 zz 00000000\n', '00000001\n']) assert.equal(parseSoftnet(text), null)
  })
})
