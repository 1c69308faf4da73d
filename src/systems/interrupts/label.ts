/** What the names of interrupts mean: chip and device, queues of one device, what is a device at all. Pure. */

/** `2`, `2-edge`, `512000-edge`, `-virq`: number inside the controller and trigger. */
const HARDWARE_NUMBER = /^(\d+(?:-[a-z_]+)?|-[a-z_-]+)(?:\s+|$)/
const TRIGGER = /^(?:Level|Edge|None)(?:\s+|$)/

/**
 * Splits what stands behind the counts. Numbered interrupts have a controller, perhaps its own number and the trigger,
 * then the devices (kernel/irq/proc.c, show_interrupts); the architecture's own lines have only a name.
 */
export function describeLine(
  id: string,
  label: string,
): { readonly id: string; readonly name: string; readonly chip: string } {
  if (!/^\d+$/.test(id)) return { id, name: label, chip: '' }
  const [first = ''] = /^\S*/.exec(label) ?? []
  const parts = [first]
  let rest = label.slice(first.length).trimStart()
  const number = HARDWARE_NUMBER.exec(rest)
  if (number) {
    const after = rest.slice(number[0].length)
    // `IO-APIC-edge  8250`: the old form has no number of its own, so this is the device.
    if (after !== '' || /-/.test(number[1] ?? '')) {
      parts.push(number[1] ?? '')
      rest = after
    }
  }
  const trigger = TRIGGER.exec(rest)
  if (trigger) {
    parts.push(trigger[0].trim())
    rest = rest.slice(trigger[0].length)
  }
  return { id, name: rest, chip: parts.join(' ') }
}

// A number that counts queues: behind a separator (not within a PCI address), or behind a word that drivers use for
// queues and vectors; what may follow it is an address (mlx5_comp3@pci:…) or a direction (eth0-q0-tx).
const QUEUE =
  /^(.*?(?:[-._#]|q|queue|rx|tx|msix|comp|vec|vector|blk|sdma))(?<!:[0-9a-f]{2}\.)(\d{1,4})((?:@.*|-[rt]x)?)$/i
// vfio-msix[12](0000:3b:00.0)
const BRACKETED = /^(.*\[)(\d{1,4})(\].*)$/

/** The queues of one device have one label: `eth0-TxRx-7` is `eth0-TxRx-*`; a name without a queue stays as it is. */
export function queueLabel(name: string): string {
  const match = QUEUE.exec(name) ?? BRACKETED.exec(name)
  return match ? `${match[1]}*${match[3]}` : name
}

const QUEUE_WORD = /[-_.:#[]+$|(?:TxRx|RxTx|Tx|Rx|fp|queue|q|msix|comp|vector|vec|req|input|output|ntfy-blk|blk)$/i

/** The device a queue label belongs to: `eth0-TxRx-*` is `eth0`, `mlx5_comp*@pci:0000:5e:00.0` `mlx5@pci:0000:5e:00.0`. */
export function deviceOf(label: string): string {
  const star = label.indexOf('*')
  if (star < 0) return label
  let device = label.slice(0, star)
  while (QUEUE_WORD.test(device)) {
    const shorter = device.replace(QUEUE_WORD, '')
    if (shorter === '') break
    device = shorter
  }
  const suffix = label.slice(star + 1)
  return suffix.startsWith('@') ? device + suffix : device
}

// Timers, performance counters and Xen's inter-processor interrupts have numbers, yet each CPU has its own.
const PER_CPU =
  /^(?:arch_timer|timer\d*|arm-pmu|.*[-_]pmu|pmu\d*|IPI|resched\d+|callfunc(?:single)?\d+|spinlock\d+|irqwork\d+|debug\d+|riscv-timer|ipi)\b/

const devices = new WeakMap<object, boolean>()

/**
 * Whether the line is a device's: numbered, and not one that every CPU makes for itself. LOC, RES, CAL are not.
 * Remembered by line, as it is asked for every line of every sample.
 */
export function isDevice(line: { readonly id: string; readonly name: string; readonly chip: string }): boolean {
  let device = devices.get(line)
  if (device === undefined) {
    device = /^\d+$/.test(line.id) && !PER_CPU.test(line.name) && !line.chip.includes('percpu')
    devices.set(line, device)
  }
  return device
}

// Drivers whose queues the kernel places itself (PCI_IRQ_AFFINITY): storage. Kernels before 6.6 let the file look
// writable all the same, and answer EIO.
const MANAGED =
  /^(?:nvme\d+q[1-9]\d*|megasas\d*-msix|mpt[23]sas\d+-msix|hpsa\d+-msix|virtio\d+-req(?:uest)?\b|qla2xxx|lpfc|aacraid|smartpqi|hisi_sas)/

/** Whether the kernel manages the affinity of this driver's queues, so that nobody can change it. */
export function isManaged(name: string): boolean {
  return MANAGED.test(name)
}

/** Lines that count faults of the machine, with one figure for all CPUs. */
export function isFaultCounter(id: string): boolean {
  return id === 'ERR' || id === 'Err' || id === 'MIS' || id === 'BAD'
}
