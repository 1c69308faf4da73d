import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Alert } from '#core/alerts/types.ts'
import type { Answer } from '#core/http/documents.ts'
import { moment, plural, prose, sentence, span } from '../format.ts'
import { now } from '../state/clock.ts'
import { alerts } from '../state/feeds.ts'
import { useFeed } from '../state/live.ts'
import { CliLine, Commands } from '../ui/copy.tsx'
import { Finding } from '../ui/finding.tsx'
import { Badge } from '../ui/mark.tsx'
import { AnswerBlock, Empty, Panel, Waiting } from '../ui/page-parts.tsx'
import type { Column } from '../ui/column.ts'
import { Table } from '../ui/table.tsx'
import { AlertActs, AlertMeta, silenced, testDelivery } from './alert-acts.tsx'

/** Newest and worst first, as on the home page. */
function byUrgency(a: Alert, b: Alert): number {
  const weight = (alert: Alert): number => (alert.severity === 'critical' ? 1 : 0)
  return weight(b) - weight(a) || b.since - a.since
}

function answerOf(open: readonly Alert[], past: readonly Alert[]): Answer {
  const waiting = open.filter((alert) => alert.acknowledged === null)
  const last = past[0]
  const paragraph = last?.cleared
    ? `The last one ended at ${moment(last.cleared, now.value)}: ${last.summary}`
    : 'Alerts stay here with their times when they are over.'
  if (open.length === 0) return { severity: 'ok', sentence: 'Nothing is open.', paragraph }
  if (waiting.length === 0) {
    return { severity: 'warning', sentence: `${plural(open.length, 'alert')} open, all acknowledged.`, paragraph }
  }
  const sentence = waiting.length === 1 ? 'One alert waits for you.' : `${waiting.length} alerts wait for you.`
  const known = open.length - waiting.length
  const rest = known > 0 ? ` ${plural(known, 'more is', 'more are')} acknowledged.` : ''
  return {
    severity: 'warning',
    sentence,
    paragraph: `The oldest has been open for ${span(now.value - Math.min(...waiting.map((one) => one.since)))}.${rest}`,
  }
}

type Filter = 'all' | 'waiting' | 'acknowledged' | 'silenced'
const FILTERS: readonly { readonly id: Filter; readonly label: string; fits(alert: Alert): boolean }[] = [
  { id: 'all', label: 'All', fits: () => true },
  { id: 'waiting', label: 'Waiting', fits: (alert) => alert.acknowledged === null && !silenced(alert) },
  { id: 'acknowledged', label: 'Acknowledged', fits: (alert) => alert.acknowledged !== null },
  { id: 'silenced', label: 'Silenced', fits: silenced },
]

function Open({ open }: { readonly open: readonly Alert[] }): JSX.Element {
  const filter = useSignal<Filter>('all')
  const chosen = FILTERS.find((one) => one.id === filter.value)
  const shown = open.filter((alert) => chosen?.fits(alert))
  const buttons = (
    <>
      <div class="segments" role="group" aria-label="Which">
        {FILTERS.map(({ id, label, fits }) => (
          <button key={id} type="button" aria-pressed={filter.value === id} onClick={() => (filter.value = id)}>
            {label} {open.filter(fits).length}
          </button>
        ))}
      </div>
      <button type="button" class="button small" onClick={() => void testDelivery()}>
        Test delivery
      </button>
    </>
  )
  return (
    <Panel title="Open" end={buttons}>
      {shown.map((alert) => (
        <Finding
          key={alert.id}
          verdict={alert}
          meta={
            <>
              <span>{alert.system}</span>
              <AlertMeta alert={alert} />
            </>
          }
          acts={<AlertActs alert={alert} />}
        />
      ))}
      {shown.length === 0 && (
        <Empty>{open.length === 0 ? 'Nothing is open.' : 'None of the open alerts fits this filter.'}</Empty>
      )}
    </Panel>
  )
}

const pastColumns: readonly Column<Alert>[] = [
  {
    key: 'cleared',
    title: 'Over since',
    numeric: true,
    value: (alert) => alert.cleared,
    cell: (alert) => moment(alert.cleared ?? 0, now.value),
  },
  {
    key: 'duration',
    title: 'Lasted',
    numeric: true,
    value: (alert) => (alert.cleared ?? 0) - alert.since,
    cell: (alert) => span((alert.cleared ?? 0) - alert.since),
  },
  { key: 'severity', title: 'Was', value: (alert) => alert.severity, cell: (alert) => <Badge>{alert.severity}</Badge> },
  { key: 'system', title: 'System', value: (alert) => alert.system, from: 'medium' },
  {
    key: 'summary',
    title: 'What',
    value: (alert) => alert.summary,
    cell: (alert) => <span class="sentence">{prose(alert.summary)}</span>,
  },
]

function PastDetail({ alert }: { readonly alert: Alert }): JSX.Element {
  return (
    <div class="stack">
      <p>{prose(alert.summary)}</p>
      <p class="faint">{sentence(alert.evidence)}</p>
      <small>
        <AlertMeta alert={alert} />
      </small>
      <Commands lines={alert.commands} />
    </div>
  )
}

/** What is open, what was. */
export function AlertsPage(): JSX.Element {
  const document = useFeed(alerts)
  if (!document) return <Waiting problem={alerts.problem.value} retry={alerts.refresh} />
  const open = document.alerts.filter((alert) => alert.cleared === null).toSorted(byUrgency)
  const past = document.alerts
    .filter((alert) => alert.cleared !== null)
    .toSorted((a, b) => (b.cleared ?? 0) - (a.cleared ?? 0))
  return (
    <div class="page">
      <AnswerBlock answer={answerOf(open, past)} />
      <Open open={open} />
      <Table
        title="Past"
        file="alerts"
        rows={past}
        columns={pastColumns}
        id={(alert) => String(alert.id)}
        sort={{ key: 'cleared', direction: -1 }}
        detail={(alert) => <PastDetail alert={alert} />}
        empty="No alert has ended yet."
      />
      <CliLine command="noc alerts" />
    </div>
  )
}
