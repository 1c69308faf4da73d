import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { count, percent } from '#core/units.ts'
import { steadyRate, visible } from '../../console/format.ts'
import { read } from '../../console/state/api.ts'
import { paused } from '../../console/state/clock.ts'
import { Figure } from '../../console/ui/figure.tsx'
import { Name } from '../../console/ui/name.tsx'
import { Sparkline } from '../../console/ui/sparkline.tsx'
import type { Column } from '../../console/ui/column.ts'
import { Table } from '../../console/ui/table.tsx'
import type { HeatRow, InterruptLine, InterruptsSample, InterruptsView } from './wire.ts'

/** The whole sample is read anew this often, ms; on a machine with many figures, seldom. */
const OFTEN = 5000
const SELDOM = 30_000
const MANY_FIGURES = 20_000

interface Line {
  readonly id: string
  readonly name: string
  readonly kind: 'device' | 'kernel' | 'soft'
  readonly chip: string
  readonly affinity: string | null
  readonly node: number | null
  /** Per second; null when unknown. */
  readonly rate: number | null
  /** 0..1 of all of its kind; null when unknown. */
  readonly share: number | null
  readonly total: number | null
  readonly history: readonly number[]
}

function lineOf(line: InterruptLine, kind: Line['kind'], live: HeatRow | undefined): Line {
  return {
    id: line.id,
    name: line.name,
    kind,
    chip: line.chip,
    affinity: live?.affinity ?? line.affinity ?? null,
    node: line.node ?? null,
    rate: live?.rate ?? line.rate,
    share: live?.share ?? null,
    total: line.total,
    history: live?.history ?? [],
  }
}

function kindOf(id: string): Line['kind'] {
  return /^\d+$/.test(id) ? 'device' : 'kernel'
}

/** Every line: totals from the last whole sample, rates from the live document where it has them. */
function merge(view: InterruptsView, sample: InterruptsSample | null): Line[] {
  const live = new Map(view.rows.map((row) => [row.id, row]))
  const soft = new Map(view.softirqs.map((row) => [row.id, row]))
  if (!sample) {
    const row =
      (kind: (id: string) => Line['kind']) =>
      (one: HeatRow): Line => ({ ...one, kind: kind(one.id), total: null })
    return [...view.rows.map(row(kindOf)), ...view.softirqs.map(row(() => 'soft'))]
  }
  return [
    ...sample.interrupts.map((line) => lineOf(line, kindOf(line.id), live.get(line.id))),
    ...sample.softirqs.map((line) => lineOf(line, 'soft', soft.get(line.id))),
  ]
}

function useSample(figures: number): InterruptsSample | null {
  const sample = useSignal<InterruptsSample | null>(null)
  const every = figures > MANY_FIGURES ? SELDOM : OFTEN
  const hidden = paused.value
  useEffect(() => {
    if (hidden) return undefined
    const stop = new AbortController()
    const load = (): void => {
      read<InterruptsSample>('/api/interrupts', stop.signal).then(
        (document) => (sample.value = document),
        // The live rows are still there; the next round tries again.
        () => undefined,
      )
    }
    load()
    const timer = setInterval(load, every)
    return () => {
      stop.abort()
      clearInterval(timer)
    }
  }, [every, hidden])
  return sample.value
}

const columns: readonly Column<Line>[] = [
  { key: 'id', title: 'Line', value: (line) => line.id, cell: (line) => <Name text={line.id} width={10} mono /> },
  { key: 'name', title: 'Name', value: (line) => line.name, cell: (line) => <Name text={line.name} width={26} /> },
  {
    key: 'kind',
    title: 'Kind',
    from: 'medium',
    value: (line) => line.kind,
    cell: (line) => <span class="faint">{line.kind}</span>,
  },
  {
    key: 'chip',
    title: 'Controller',
    from: 'wide',
    value: (line) => line.chip,
    cell: (line) => (
      <span class="faint">
        <Name text={line.chip} width={22} />
      </span>
    ),
  },
  {
    key: 'affinity',
    title: 'Allowed CPUs',
    from: 'medium',
    value: (line) => line.affinity,
    cell: (line) => line.affinity && <Name text={line.affinity} width={12} mono />,
  },
  { key: 'node', title: 'Node', numeric: true, from: 'medium', value: (line) => line.node },
  {
    key: 'rate',
    title: 'Rate',
    numeric: true,
    value: (line) => line.rate,
    cell: (line) => (line.rate === null ? 'unknown' : <Figure {...steadyRate(line.rate)} />),
  },
  {
    key: 'share',
    title: 'Share',
    numeric: true,
    from: 'medium',
    value: (line) => line.share,
    cell: (line) => line.share !== null && percent(line.share),
  },
  {
    key: 'minute',
    title: 'Lately',
    from: 'medium',
    hint: 'The last samples',
    value: (line) => line.history.map((value) => Math.round(value)).join(' '),
    cell: (line) => <Sparkline values={line.history} />,
  },
  {
    key: 'total',
    title: 'Since boot',
    numeric: true,
    from: 'medium',
    value: (line) => line.total,
    cell: (line) => line.total !== null && count(line.total),
  },
]

/** All lines, with a rate or not. */
export function Lines({ view }: { readonly view: InterruptsView }): JSX.Element {
  const sample = useSample(view.cpus * view.lines)
  return (
    <Table
      title="All lines"
      file="interrupts"
      rows={merge(view, sample)}
      columns={columns}
      id={(line) => `${line.kind} ${line.id} ${visible(line.name)}`}
      sort={{ key: 'rate', direction: -1 }}
      empty="No interrupts were counted."
    />
  )
}
