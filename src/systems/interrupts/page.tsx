import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { count, percent, text } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import { plural, steadyRate } from '../../console/format.ts'
import { feed, useFeed, type Feed } from '../../console/state/live.ts'
import { useSparks } from '../../console/state/series.ts'
import { CliLine } from '../../console/ui/copy.tsx'
import { Finding } from '../../console/ui/finding.tsx'
import { HeatMap } from '../../console/ui/heat-map.tsx'
import { AnswerBlock, Empty, Panel, Waiting } from '../../console/ui/page-parts.tsx'
import { StatCard } from '../../console/ui/stat.tsx'
import { InterruptHistory } from './page-history.tsx'
import { Lines } from './page-lines.tsx'
import type { InterruptsView } from './wire.ts'

const view: Feed<InterruptsView> = feed('interrupts', '/api/interrupts/view', 2000)

/** What the daemon keeps of this system over time. */
const TOTAL = 'interrupts.total'
const RECEIVE = 'interrupts.net_rx'
/** Samples behind the line of the busiest CPU. */
const RECENT = 60

function networkNote(network: NonNullable<InterruptsView['network']>): string {
  if (network.dropped > 0) return `${text(steadyRate(network.dropped))} packets dropped`
  if (network.squeezed > 0) return `${text(steadyRate(network.squeezed))} of the polls out of budget`
  return 'no packet dropped'
}

/** The CPU that a finding names; null when none does. */
function namedCpu(verdicts: readonly Verdict[]): number | null {
  const found = verdicts.map((verdict) => /\bCPU (\d+)\b/.exec(verdict.summary)?.[1]).find((cpu) => cpu !== undefined)
  return found === undefined ? null : Number(found)
}

/** A figure of the last samples that this page has seen; it grows from the right. */
function useRecent(value: number, at: number): readonly (number | null)[] {
  const seen = useRef<{ readonly at: number; readonly values: readonly number[] }>({ at: 0, values: [] })
  if (seen.current.at !== at) seen.current = { at, values: [...seen.current.values.slice(1 - RECENT), value] }
  return [...Array.from({ length: RECENT - seen.current.values.length }, () => null), ...seen.current.values]
}

interface Props {
  readonly document: InterruptsView
  /** The CPU in question; it takes the colour of the finding. */
  readonly hot: number | null
}

function Cards({ document, hot }: Props): JSX.Element {
  const spark = useSparks([TOTAL, RECEIVE])
  const busiest = useRecent(document.busiestCpu?.rate ?? 0, document.at)
  const { busiestCpu, busiestLine, network } = document
  const all = steadyRate(document.rate)
  const receive = network && steadyRate(network.receive)
  return (
    <section class="cards" aria-label="Figures">
      <StatCard
        label="Interrupts"
        value={all.value}
        unit={all.unit}
        note={`${plural(document.cpus, 'CPU')}, ${plural(document.lines, 'line')}`}
        values={spark(TOTAL)}
      />
      <StatCard
        label="Busiest CPU"
        value={busiestCpu ? String(busiestCpu.cpu) : 'none'}
        unit=""
        note={
          busiestCpu ? `${text(steadyRate(busiestCpu.rate))}, ${percent(busiestCpu.share)} of all` : 'nothing came in'
        }
        severity={busiestCpu && busiestCpu.cpu === hot ? document.verdicts[0]?.severity : undefined}
        values={busiest}
      />
      <StatCard
        label="Busiest line"
        value={busiestLine ? busiestLine.name || busiestLine.id : 'none'}
        unit=""
        note={busiestLine ? text(steadyRate(busiestLine.rate)) : 'nothing came in'}
        values={document.rows.find((row) => row.id === busiestLine?.id)?.history ?? []}
      />
      <StatCard
        label="Soft: net rx"
        value={receive?.value ?? 'unknown'}
        unit={receive?.unit ?? ''}
        note={network ? networkNote(network) : 'softnet_stat can not be read'}
        values={spark(RECEIVE)}
      />
    </section>
  )
}

function Heat({ document, hot }: Props): JSX.Element {
  const soft = useSignal(false)
  const rows = soft.value ? document.softirqs : document.rows
  const folded = document.columns.length < document.cpus
  const hidden = soft.value ? 0 : document.hidden
  const remarks = [
    ...(folded ? [`${count(document.cpus)} CPUs folded into ${document.columns.length} columns`] : []),
    ...(hidden > 0 ? [`the busiest ${rows.length} of ${count(rows.length + hidden)} lines`] : []),
  ]
  return (
    <Panel
      title={`Interrupts by CPU, last ${document.interval < 1.5 ? 'second' : `${Math.round(document.interval)} seconds`}`}
      end={
        <>
          {remarks.length > 0 && <small>{remarks.join(' · ')}</small>}
          <div class="segments" role="group" aria-label="Kind">
            <button type="button" aria-pressed={!soft.value} onClick={() => (soft.value = false)}>
              Interrupts
            </button>
            <button type="button" aria-pressed={soft.value} onClick={() => (soft.value = true)}>
              Soft
            </button>
          </div>
        </>
      }
    >
      {rows.length === 0 ? (
        <Empty>Nothing came in during this time.</Empty>
      ) : (
        <HeatMap
          label={soft.value ? 'Soft interrupts by CPU' : 'Interrupts by CPU'}
          columns={document.columns}
          rows={rows}
          hotCpu={hot}
        />
      )}
    </Panel>
  )
}

function Verdicts({ verdicts }: { readonly verdicts: readonly Verdict[] }): JSX.Element | null {
  if (verdicts.length === 0) return null
  return (
    <Panel title="What to do" end={<small>nothing is changed by this page</small>}>
      {verdicts.map((verdict) => (
        <Finding key={verdict.key} verdict={verdict} />
      ))}
    </Panel>
  )
}

/** Who interrupts which processor, and is it balanced? */
export function Page(): JSX.Element {
  const document = useFeed(view)
  if (!document) return <Waiting problem={view.problem.value} retry={view.refresh} />
  const hot = namedCpu(document.verdicts)
  return (
    <div class="page">
      <AnswerBlock answer={document.answer} />
      <Cards document={document} hot={hot} />
      <Heat document={document} hot={hot} />
      <Verdicts verdicts={document.verdicts} />
      <InterruptHistory total={TOTAL} cpu={hot ?? document.busiestCpu?.cpu ?? null} inFinding={hot !== null} />
      <Lines view={document} />
      <CliLine command="noc interrupts" />
    </div>
  )
}
