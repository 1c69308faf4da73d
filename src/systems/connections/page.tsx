import type { JSX } from 'preact'
import { count } from '#core/units.ts'
import { plural, visible } from '../../console/format.ts'
import { closeTarget, leadingCount, planHref, probeTarget, targetInQuery } from '../../console/plan.ts'
import { feed, useFeed, type Feed } from '../../console/state/live.ts'
import { search } from '../../console/state/router.ts'
import { useSparks } from '../../console/state/series.ts'
import { CliLine } from '../../console/ui/copy.tsx'
import { Finding } from '../../console/ui/finding.tsx'
import { History, type ChartLine } from '../../console/ui/history.tsx'
import { AnswerBlock, Waiting } from '../../console/ui/page-parts.tsx'
import { StatCard } from '../../console/ui/stat.tsx'
import { Groups } from './page-groups.tsx'
import { Plan } from './page-plan.tsx'
import { ProbeButton, ProbeOutcome, useProbe } from './page-probe.tsx'
import type { ConnectionsView } from './wire.ts'

const view: Feed<ConnectionsView> = feed('connections', '/api/connections/view', 10_000)

const OPEN = 'connections.open'
const STUCK = 'connections.stuck'
const HISTORY: readonly ChartLine[] = [
  { name: OPEN, label: 'Open', ink: 'moon' },
  { name: STUCK, label: 'Stuck', ink: 'warn', dashed: true },
]

type OneVerdict = ConnectionsView['verdicts'][number]

function VerdictRow({ verdict, first }: { readonly verdict: OneVerdict; readonly first: boolean }): JSX.Element {
  const target = closeTarget(verdict.commands)
  const where = probeTarget(verdict.commands)
  const probe = useProbe()
  return (
    <Finding
      verdict={verdict}
      acts={
        <>
          {where && <ProbeButton where={where} probe={probe} />}
          {target && (
            <a class={first ? 'button primary' : 'button'} href={planHref(target)}>
              Plan: close {leadingCount(verdict.summary) ?? 'them'}
            </a>
          )}
        </>
      }
    >
      {probe.state.value !== null && <ProbeOutcome probe={probe} />}
    </Finding>
  )
}

function Verdicts({
  verdicts,
  planning,
}: {
  readonly verdicts: ConnectionsView['verdicts']
  readonly planning: boolean
}): JSX.Element | null {
  if (verdicts.length === 0) return null
  const first = planning ? undefined : verdicts.find((verdict) => closeTarget(verdict.commands))
  return (
    <section class="panel" aria-label="Findings">
      {verdicts.map((verdict) => (
        <VerdictRow key={verdict.key} verdict={verdict} first={verdict === first} />
      ))}
    </section>
  )
}

function States({ states }: { readonly states: ConnectionsView['states'] }): JSX.Element {
  const list = Object.entries(states).toSorted(([, a], [, b]) => b - a)
  const most = Math.max(1, ...list.map(([, value]) => value))
  return (
    <div class="panel states" role="group" aria-label="By state">
      <h2>By state</h2>
      <dl>
        {list.map(([state, value]) => (
          <div key={state}>
            <dt>{visible(state)}</dt>
            <dd>{count(value)}</dd>
            <i style={{ width: `${(100 * value) / most}%` }} />
          </div>
        ))}
      </dl>
      {list.length === 0 && <small>no sockets</small>}
    </div>
  )
}

function Cards({ document }: { readonly document: ConnectionsView }): JSX.Element {
  const spark = useSparks([OPEN, STUCK])
  const { sockets, stuck, verdicts, groups, hiddenGroups, states } = document
  return (
    <section class="cards" aria-label="Figures">
      <StatCard
        label="Open"
        value={count(sockets)}
        unit={sockets === 1 ? 'socket' : 'sockets'}
        note={`in ${plural(groups.length + hiddenGroups, 'group')}`}
        values={spark(OPEN)}
      />
      <StatCard
        label="Stuck"
        value={count(stuck)}
        unit=""
        note={verdicts.length > 0 ? `in ${plural(verdicts.length, 'finding')}` : 'none'}
        severity={verdicts.find((one) => one.severity === 'critical')?.severity ?? verdicts[0]?.severity}
        values={spark(STUCK)}
      />
      <States states={states} />
    </section>
  )
}

/** Why is this machine full of stuck connections? */
export function Page(): JSX.Element {
  const document = useFeed(view)
  const target = targetInQuery(search.value)
  if (!document) return <Waiting problem={view.problem.value} retry={view.refresh} />
  return (
    <div class="page">
      <AnswerBlock answer={document.answer} />
      <Verdicts verdicts={document.verdicts} planning={target !== null} />
      {target && <Plan key={planHref(target)} target={target} onDone={view.refresh} />}
      <Cards document={document} />
      <Groups document={document} />
      <History title="History" lines={HISTORY} format={count} />
      <CliLine command="noc connections" />
    </div>
  )
}
