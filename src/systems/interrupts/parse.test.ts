import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { NocError } from '#core/errors.ts'
import { interruptsText } from './fixtures/machine.ts'
import { countsParser, parseCounts, type Counts } from './parse.ts'

const fixture = (name: string): Buffer => readFileSync(new URL(`./fixtures/${name}`, import.meta.url))
const parse = (text: string | Buffer): Counts => parseCounts(countsParser('interrupts'), Buffer.from(text))
const rowOf = (counts: Counts, id: string): number => counts.lines.findIndex((line) => line.id === id)
const figures = (counts: Counts, id: string): number[] => {
  const from = rowOf(counts, id) * counts.cpus.length
  return [...counts.values.subarray(from, from + counts.cpus.length)]
}
const lineOf = (counts: Counts, id: string): string => {
  const line = counts.lines[rowOf(counts, id)]
  return `${line?.chip} | ${line?.name} | ${line?.kind}`
}
const refuses = (text: string, code: string, message: RegExp): void =>
  assert.throws(
    () => parse(text),
    (error) => error instanceof NocError && error.code === code && message.test(error.message),
  )

describe('a PC with 4 CPUs', () => {
  const counts = parse(fixture('x86-4cpu.interrupts'))

  it('reads every line with its counts', () => {
    assert.deepEqual(counts.cpus, [0, 1, 2, 3])
    assert.equal(counts.lines.length, 30)
    assert.deepEqual(figures(counts, '23'), [1451445, 3333499, 1092032, 2644609])
    assert.deepEqual(figures(counts, 'LOC'), [174326351, 135776678, 168393257, 130980079])
  })

  it('keeps names with commas and blanks whole, and tells them from the chip', () => {
    assert.equal(lineOf(counts, '16'), 'IR-IO-APIC-fasteoi | ehci_hcd:usb1, mmc0 | cpus')
    assert.equal(lineOf(counts, 'LOC'), ' | Local timer interrupts | cpus')
  })

  it('takes ERR and MIS as one figure of the machine', () => {
    assert.equal(lineOf(counts, 'ERR'), ' |  | one')
    assert.deepEqual(figures(counts, 'MIS'), [0, 0, 0, 0])
  })
})

describe('an ARM server with 8 CPUs', () => {
  const counts = parse(fixture('aarch64-8cpu.interrupts'))

  it('reads lines without a blank after the colon', () => {
    assert.equal(figures(counts, 'IPI0')[0], 2768808080)
    assert.equal(lineOf(counts, 'IPI0'), ' | Rescheduling interrupts | cpus')
  })

  it('tells hardware number and trigger from the name', () => {
    assert.equal(lineOf(counts, '10'), 'GICv3 27 Level | arch_timer | cpus')
    assert.equal(lineOf(counts, '50'), 'ARMH0061:00 3 Edge | ACPI:Event | cpus')
    assert.equal(lineOf(counts, '58'), 'ITS-MSI 81921 Edge | eth0-Tx-Rx-0 | cpus')
  })

  it('knows Err and leaves out a line of blanks', () => {
    assert.equal(lineOf(counts, 'Err'), ' |  | one')
    assert.equal(counts.lines.at(-1)?.id, 'Err')
  })
})

describe('odd lines', () => {
  it('takes the ids of the CPUs from the header when some are offline', () => {
    const counts = parse(fixture('holes-3cpu.interrupts'))
    assert.deepEqual(counts.cpus, [0, 2, 3])
    assert.deepEqual(figures(counts, '24'), [0, 1048576, 4294967295])
  })

  it('stops after as many counts as there are CPUs, as chips and names may begin with a digit', () => {
    const counts = parse(fixture('holes-3cpu.interrupts'))
    assert.equal(lineOf(counts, '18'), '3com_gpio 5 Edge | button, reset | cpus')
    assert.equal(lineOf(counts, '17'), 'IO-APIC 17-fasteoi | 3w-9xxx | cpus')
  })

  it('reads lines without a name, and Xen and NULL chips', () => {
    const counts = parse(fixture('holes-3cpu.interrupts'))
    assert.equal(lineOf(counts, '25'), 'PCI-MSI-edge |  | cpus')
    assert.equal(lineOf(counts, '26'), 'xen-percpu -virq | timer0 | cpus')
    assert.equal(lineOf(counts, '27'), '<NULL>-edge |  | cpus')
  })

  it('reads FIQ, which has no figures at all, and names with many commas', () => {
    const counts = parse(fixture('raspberry-4cpu.interrupts'))
    assert.equal(lineOf(counts, 'FIQ'), ' | usb_fiq | none')
    assert.match(lineOf(counts, '62'), /^ARMCTRL-level 41 Edge \| 20980000\.usb, .*, dwc_otg_hcd:usb1 \| cpus$/)
    assert.equal(figures(counts, 'IPI2')[0], 4294960000)
  })

  it('takes ERR as one figure of the machine even where one CPU makes it look like any other', () => {
    const counts = parse(fixture('hostile-1cpu.interrupts'))
    assert.equal(counts.lines[rowOf(counts, 'ERR')]?.kind, 'one')
  })

  it('keeps names raw: making them harmless is for whoever shows them', () => {
    const counts = parse(fixture('hostile-1cpu.interrupts'))
    assert.match(counts.lines[0]?.name ?? '', /\u001b\[2J.*<img/)
  })
})

describe('softirqs', () => {
  it('keeps the columns of the CPUs that are online when more are possible', () => {
    const counts = parseCounts(countsParser('softirqs', false), fixture('many-possible.softirqs'), [0, 2])
    assert.deepEqual(figures(counts, 'NET_RX'), [43066, 5])
    assert.equal(counts.lines[0]?.id, 'HI')
  })

  it('gives nought, not a former count, for a CPU that the file does not have', () => {
    const parser = countsParser('softirqs', false)
    const receive = (online: readonly number[]): number[] =>
      figures(parseCounts(parser, fixture('two-cpus.softirqs'), online), 'NET_RX')
    for (let i = 0; i < 2; i += 1) assert.deepEqual(receive([0, 1]), [43066, 104508])
    for (let i = 0; i < 2; i += 1) assert.deepEqual(receive([0, 9]), [43066, 0])
  })
})

describe('memory between samples', () => {
  const a = { id: '24', label: 'PCI-MSI 1-edge      eth0', counts: [1, 2] }
  const b = { id: '25', label: 'PCI-MSI 2-edge      eth1', counts: [3, 4] }

  it('gives the same line objects for as long as a line stays the same', () => {
    const parser = countsParser('interrupts')
    const first = parseCounts(parser, Buffer.from(interruptsText([0, 1], [a, b])))
    const second = parseCounts(parser, Buffer.from(interruptsText([0, 1], [{ ...a, counts: [9, 9] }, b])))
    assert.equal(second.lines, first.lines)
    assert.equal(second.cpus, first.cpus)
    const third = parseCounts(parser, Buffer.from(interruptsText([0, 1], [b])))
    assert.equal(third.lines[0], first.lines[1])
    const fourth = parseCounts(parser, Buffer.from(interruptsText([0], [{ ...b, counts: [1] }])))
    assert.equal(fourth.lines[0], first.lines[1], 'a CPU that goes makes no new line')
  })

  it('takes a number that was given to another device as another line', () => {
    const parser = countsParser('interrupts')
    const first = parseCounts(parser, Buffer.from(interruptsText([0, 1], [a])))
    const second = parseCounts(
      parser,
      Buffer.from(interruptsText([0, 1], [{ ...a, label: 'PCI-MSI 1-edge      nvme0q1' }])),
    )
    assert.notEqual(second.lines[0], first.lines[0])
    assert.equal(second.lines[0]?.name, 'nvme0q1')
  })

  it('keeps rows apart that say the same of themselves', () => {
    const counts = parse(interruptsText([0, 1], [a, a]))
    assert.notEqual(counts.lines[0], counts.lines[1])
  })

  it('leaves the counts before whole when the next file is faulty half-way', () => {
    const parser = countsParser('interrupts')
    parseCounts(parser, Buffer.from(interruptsText([0, 1], [b, b])))
    const before = parseCounts(parser, Buffer.from(interruptsText([0, 1], [a, b])))
    for (let i = 0; i < 3; i += 1) {
      const faulty = interruptsText([0, 1], [{ ...a, counts: [7, 7] }]) + 'garbage\n'
      assert.throws(() => parseCounts(parser, Buffer.from(faulty)))
    }
    assert.deepEqual([...before.values], [1, 2, 3, 4])
  })
})

describe('files that are none', () => {
  it('says what is wrong and where', () => {
    refuses('', 'NOC_INTERRUPTS_EMPTY', /is empty/)
    refuses('hello\n', 'NOC_INTERRUPTS_HEADER', /line 1.*CPU0/)
    refuses('  CPU0 CPU0\n', 'NOC_INTERRUPTS_HEADER', /line 1/)
    refuses('  CPU0 CPU1\n 24: 1 2 x y\nwhat is this\n', 'NOC_INTERRUPTS_LINE', /line 3.*colon/)
    refuses('  CPU0 CPU1\n 24: 1 x y\n', 'NOC_INTERRUPTS_LINE', /line 2: 1 counts for 2 CPUs/)
    refuses('  CPU0 CPU1 CPU2\nLOC: 1 2 Local\n', 'NOC_INTERRUPTS_LINE', /line 2: 2 counts for 3 CPUs/)
    refuses('  CPU0\n 24: 1 x\n 25: 12', 'NOC_INTERRUPTS_TRUNCATED', /line 3.*middle/)
  })

  it('reads a truncated file never wrongly: each cut gives an error or whole lines', () => {
    const whole = fixture('holes-3cpu.interrupts')
    const full = parse(whole)
    for (let end = 0; end < whole.length; end += 1) {
      try {
        const counts = parse(whole.subarray(0, end))
        assert.deepEqual([...counts.values], [...full.values.subarray(0, counts.values.length)])
        assert.deepEqual(counts.lines, full.lines.slice(0, counts.lines.length))
      } catch (error) {
        assert.ok(error instanceof NocError, String(error))
      }
    }
  })

  it('answers garbage with a clear error or lines, never with anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, header) => {
        const text = Buffer.concat([Buffer.from(header ? '  CPU0 CPU1\n' : ''), bytes, Buffer.from('\n')])
        try {
          parse(text)
        } catch (error) {
          assert.ok(error instanceof NocError, String(error))
        }
      }),
    )
  })

  it('refuses counts that no machine has before it takes the memory for them', () => {
    const header = `${Array.from({ length: 8192 }, (_, cpu) => `CPU${cpu}`).join(' ')}\n`
    refuses(header + 'A:\n'.repeat(5000), 'NOC_INTERRUPTS_HUGE', /more interrupts than any machine has/)
  })
})

describe('round trip', () => {
  it('reads back whatever a kernel may write', () => {
    const cpus = fc.uniqueArray(fc.nat(300), { minLength: 1, maxLength: 6 })
    const device = fc.constantFrom('eth0-TxRx-0', 'ehci_hcd:usb1, mmc0', 'VCHIQ doorbell', '3w-9xxx', '')
    const chip = fc.constantFrom('PCI-MSI 512000-edge', 'IO-APIC-fasteoi', 'GICv3 27 Level', '10000000.gpio 3 Edge')
    const line = fc.record({ chip, device, counts: fc.array(fc.nat(0xffffffff), { minLength: 6, maxLength: 6 }) })
    fc.assert(
      fc.property(cpus, fc.array(line, { minLength: 1 }), (ids, made) => {
        const lines = made.map(({ chip, device, counts }, i) => ({
          id: String(i),
          label: `${chip}      ${device}`.trim(),
          counts: counts.slice(0, ids.length),
        }))
        const counts = parse(interruptsText(ids, lines))
        assert.deepEqual(counts.cpus, ids)
        assert.deepEqual(
          [...counts.values],
          lines.flatMap((one) => one.counts),
        )
        assert.deepEqual(
          counts.lines.map((one) => [one.chip, one.name]),
          made.map((one) => [one.chip, one.device]),
        )
      }),
    )
  })

  it('reads 256 CPUs and 500 lines', () => {
    const cpus = Array.from({ length: 256 }, (_, cpu) => cpu)
    const lines = Array.from({ length: 500 }, (_, i) => ({
      id: String(24 + i),
      label: `PCI-MSI ${i}-edge      eth${i >> 6}-TxRx-${i & 63}`,
      counts: cpus.map((cpu) => cpu * 500 + i),
    }))
    const counts = parse(interruptsText(cpus, lines))
    assert.equal(counts.values.length, 128_000)
    assert.equal(counts.values[127_999], 255 * 500 + 499)
  })
})
