import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { SeriesDefinition } from '#core/series/types.ts'
import { text } from '#core/units.ts'
import { steadyRate } from '../../console/format.ts'
import { read } from '../../console/state/api.ts'
import { History, type ChartLine } from '../../console/ui/history.tsx'

const OF_CPU = 'interrupts.cpu.'

/** Whether `2-3_8` (CPUs that share one series) holds a CPU. */
function holds(label: string, cpu: number): boolean {
  return label.split('_').some((part) => {
    const [first, last = first] = part.split('-').map(Number)
    return first !== undefined && last !== undefined && cpu >= first && cpu <= last
  })
}

function cpuLine(names: readonly string[], cpu: number, inFinding: boolean): ChartLine[] {
  const name = names.find((one) => one.startsWith(OF_CPU) && holds(one.slice(OF_CPU.length), cpu))
  if (name === undefined) return []
  const cpus = name.slice(OF_CPU.length).replaceAll('_', ',')
  return [
    {
      name,
      label: cpus === String(cpu) ? `CPU ${cpu}` : `CPUs ${cpus}`,
      ink: inFinding ? 'warn' : 'ink-2',
      dashed: true,
    },
  ]
}

interface Props {
  /** Name of the series of all interrupts. */
  readonly total: string
  /** The CPU in the finding, else the busiest. */
  readonly cpu: number | null
  readonly inFinding: boolean
}

/** All interrupts, and the CPU that matters, over time. */
export function InterruptHistory({ total, cpu, inFinding }: Props): JSX.Element {
  const names = useSignal<readonly string[]>([])
  // On a balanced machine the busiest CPU changes every second; the chart stays with the first.
  const chosen = useRef<number | null>(null)
  if (chosen.current === null || inFinding) chosen.current = cpu
  useEffect(() => {
    const stop = new AbortController()
    read<{ series: readonly SeriesDefinition[] }>('/api/series/names', stop.signal).then(
      ({ series }) => (names.value = series.map((one) => one.name)),
      // The chart then shows the total alone.
      () => undefined,
    )
    return () => stop.abort()
  }, [])
  const lines: ChartLine[] = [
    { name: total, label: 'All interrupts', ink: 'moon' },
    ...(chosen.current === null ? [] : cpuLine(names.value, chosen.current, inFinding)),
  ]
  return <History title="History" lines={lines} format={(value) => text(steadyRate(value))} />
}
