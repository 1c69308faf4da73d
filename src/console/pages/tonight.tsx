import type { JSX } from 'preact'
import type { Alert } from '#core/alerts/types.ts'
import type { Stat } from '#core/glance.ts'
import type { SystemState, Tonight } from '#core/http/documents.ts'
import { bytes, percent, text } from '#core/units.ts'
import { pages } from '../../systems/pages.ts'
import { prose, sentence } from '../format.ts'
import { closeTarget, leadingCount, planHref } from '../plan.ts'
import { tonight } from '../state/feeds.ts'
import { useFeed } from '../state/live.ts'
import { useSparks } from '../state/series.ts'
import { CliLine } from '../ui/copy.tsx'
import { Finding } from '../ui/finding.tsx'
import { Badge } from '../ui/mark.tsx'
import { AnswerBlock, Waiting } from '../ui/page-parts.tsx'
import { StatCard } from '../ui/stat.tsx'
import type { Column } from '../ui/column.ts'
import { Table } from '../ui/table.tsx'
import { AlertActs, AlertMeta } from './alert-acts.tsx'
import { Night } from './night.tsx'
import { markOf, wordOf } from './system-state.ts'

/** Stat cards in a line. */
const CARDS_IN_LINE = 4

const columns: readonly Column<SystemState>[] = [
  {
    key: 'system',
    title: 'System',
    value: (system) => system.id,
    cell: (system) =>
      pages[system.id] ? (
        <a class="system" href={`/${system.id}`}>
          {system.id}
        </a>
      ) : (
        system.id
      ),
  },
  { key: 'state', title: 'State', value: wordOf, cell: (system) => <StateBadge system={system} /> },
  {
    key: 'sentence',
    title: 'In one sentence',
    from: 'medium',
    value: sentenceOf,
    cell: (system) => <span class="faint sentence">{prose(sentenceOf(system))}</span>,
  },
  { key: 'alerts', title: 'Open alerts', numeric: true, value: (system) => system.alerts },
]

function sentenceOf({ health, glance, summary }: SystemState): string {
  if (health.state === 'degraded' || health.state === 'down')
    return [health.why, health.fix ?? ''].filter(Boolean).map(sentence).join(' ')
  return glance?.sentence ?? summary
}

function StateBadge({ system }: { readonly system: SystemState }): JSX.Element {
  const mark = markOf(system)
  return mark === 'off' ? <Badge>{wordOf(system)}</Badge> : <Badge state={mark}>{wordOf(system)}</Badge>
}

/** `Plan: close 111` where the finding has a plan to close connections; opens it, does nothing yet. */
function PlanLink({ alert, primary }: { readonly alert: Alert; readonly primary: boolean }): JSX.Element | null {
  const target = closeTarget(alert.commands)
  if (!target || !pages['connections']) return null
  return (
    <a class={primary ? 'button primary' : 'button'} href={planHref(target)}>
      Plan: close {leadingCount(alert.summary) ?? 'them'}
    </a>
  )
}

function Findings({ findings }: { readonly findings: readonly Alert[] }): JSX.Element | null {
  if (findings.length === 0) return null
  const first = findings.find((alert) => alert.acknowledged === null)
  return (
    <section class="panel" aria-label="Findings">
      {findings.map((alert) => (
        <Finding
          key={alert.id}
          verdict={alert}
          meta={<AlertMeta alert={alert} />}
          acts={
            <>
              <AlertActs alert={alert} />
              <PlanLink alert={alert} primary={alert === first} />
            </>
          }
        />
      ))}
    </section>
  )
}

/** Full lines of cards: figures with a history before those without, one of every system before a second of any. */
function chooseStats(systems: readonly SystemState[]): { readonly stat: Stat; readonly id: string }[] {
  const all = systems.flatMap(({ id, glance }, order) =>
    (glance?.stats ?? [])
      .toSorted((a, b) => Number(b.series !== undefined) - Number(a.series !== undefined))
      .map((stat, rank) => ({ stat, id, order, rank })),
  )
  const lines = Math.max(1, Math.ceil(new Set(all.map(({ id }) => id)).size / CARDS_IN_LINE))
  const chosen = all.toSorted((a, b) => a.rank - b.rank || a.order - b.order).slice(0, lines * CARDS_IN_LINE)
  return chosen.toSorted((a, b) => a.order - b.order || a.rank - b.rank)
}

function Cards({ systems }: { readonly systems: readonly SystemState[] }): JSX.Element | null {
  const stats = chooseStats(systems)
  const spark = useSparks(stats.flatMap(({ stat }) => (stat.series === undefined ? [] : [stat.series])))
  if (stats.length === 0) return null
  return (
    <section class="cards" aria-label="Figures">
      {stats.map(({ stat, id }) => (
        <StatCard
          key={`${id} ${stat.label}`}
          label={stat.label}
          value={stat.value}
          unit={stat.unit}
          note={stat.note}
          severity={stat.severity}
          values={spark(stat.series)}
          href={pages[id] ? `/${id}` : undefined}
        />
      ))}
    </section>
  )
}

function Content({ document }: { readonly document: Tonight }): JSX.Element {
  const { answer, findings, night, systems, cost } = document
  return (
    <div class="page">
      <AnswerBlock answer={answer} />
      <Findings findings={findings} />
      <Night night={night} />
      <Cards systems={systems} />
      <Table
        title="Systems"
        file="systems"
        rows={systems}
        columns={columns}
        id={(system) => system.id}
        sort={{ key: 'alerts', direction: -1 }}
        note={`noc itself takes ${percent(cost.cpu)} of a core and ${text(bytes(cost.memory))}`}
        empty="No system is enabled. Name them in nocturne.toml."
      />
      <CliLine command="noc status" />
    </div>
  )
}

/** Is anything wrong tonight? */
export function TonightPage(): JSX.Element {
  const document = useFeed(tonight)
  if (!document) return <Waiting problem={tonight.problem.value} retry={tonight.refresh} />
  return <Content document={document} />
}
