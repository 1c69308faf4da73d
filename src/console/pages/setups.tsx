import { stateOf } from '#core/host/setup/state.ts'
import { signal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { ProgressDocument, SetupDocument, SetupList } from '#core/host/setup/documents.ts'
import { moment, visible } from '../format.ts'
import { asApiError, read, type ApiError } from '../state/api.ts'
import { now } from '../state/clock.ts'
import { feed, useFeed, type Feed } from '../state/live.ts'
import { search, setQuery } from '../state/router.ts'
import { CliLine } from '../ui/copy.tsx'
import { Badge, Mark } from '../ui/mark.tsx'
import { AnswerBlock, Empty, Waiting } from '../ui/page-parts.tsx'
import { Journal } from './setups-journal.tsx'
import { ApplyPlan, UndoPlan } from './setups-plan.tsx'
import { Progress } from './setups-progress.tsx'
import { answerOf, markOf, pendingText } from './setups-state.ts'

/** The stream brings only a run's progress; the first answer is the whole list. No pace: nothing comes while nothing runs. */
const source: Feed<SetupList | ProgressDocument> = feed('setups', '/api/setups', Infinity)

/** The newest list; the rail shows its state. */
export const setupList: Signal<SetupList | null> = signal(null)
const problem: Signal<ApiError | null> = signal(null)

async function refresh(): Promise<void> {
  try {
    setupList.value = await read<SetupList>('/api/setups')
    problem.value = null
  } catch (error) {
    problem.value = asApiError(error)
  }
}

type Show = 'plan' | 'undo' | 'journal'

function showOf(query: URLSearchParams): Show {
  const show = query.get('show')
  return show === 'undo' || show === 'journal' ? show : 'plan'
}

/** The run that is going on or was the last, as far as this page has seen one. */
function useProgress(): ProgressDocument | null {
  const document = useFeed(source)
  const progress = document === null ? null : 'setups' in document ? document.progress : document
  const running = progress?.running === true
  // What a run has changed shows when it is over.
  useEffect(() => {
    if (!running) void refresh()
  }, [running])
  return progress
}

/** What was changed on this machine, what would be, and how to take it back. */
export function SetupsPage(): JSX.Element {
  const progress = useProgress()
  const list = setupList.value
  if (!list) return <Waiting problem={problem.value} retry={() => void refresh()} />
  const wanted = search.value.get('setup')
  const chosen =
    list.setups.find((setup) => setup.name === wanted) ?? (list.setups.length === 1 ? list.setups[0] : undefined)
  return (
    <div class="page setups">
      <AnswerBlock answer={answerOf(list)} />
      {progress !== null && (progress.running || progress.setup === wanted) && <Progress progress={progress} />}
      <section class="panel" aria-label="Set-ups">
        {list.setups.map((setup) => (
          <Line key={setup.name} setup={setup} chosen={setup === chosen} />
        ))}
        {list.setups.length === 0 && <Empty>No system that is installed changes anything on this machine.</Empty>}
      </section>
      {chosen && !(progress?.running === true && progress.setup === chosen.name) && (
        <Chosen key={chosen.name} setup={chosen} running={progress?.running === true} />
      )}
      <CliLine command={chosen ? `noc ${visible(chosen.name)} plan` : 'noc setups'} />
    </div>
  )
}

function Line({ setup, chosen }: { readonly setup: SetupDocument; readonly chosen: boolean }): JSX.Element {
  const { name, summary, last } = setup
  const state = stateOf(setup)
  const mark = markOf(setup)
  return (
    <a class="setup" href={`/setups?setup=${encodeURIComponent(name)}`} aria-current={chosen ? 'true' : undefined}>
      <Mark state={mark} word={state} />
      <div>
        <strong>{visible(name)}</strong>
        <p>{visible(summary)}</p>
        <div class="meta">
          <span>{visible(pendingText(setup))}</span>
          {last && (
            <span>
              last {last.verb} {moment(last.at, now.value)} by {visible(last.actor)}
            </span>
          )}
        </div>
      </div>
      {mark === 'off' ? <Badge>{state}</Badge> : <Badge state={mark}>{state}</Badge>}
    </a>
  )
}

const TABS: readonly (readonly [Show, string])[] = [
  ['plan', 'Plan'],
  ['undo', 'Undo'],
  ['journal', 'Journal'],
]

/** Plan, undo and journal of one set-up. */
function Chosen({ setup, running }: { readonly setup: SetupDocument; readonly running: boolean }): JSX.Element {
  const show = showOf(search.value)
  const run = Number(search.value.get('run')) || null
  const tabs = (
    <div class="segments" role="group" aria-label="What to show">
      {TABS.map(([id, label]) => (
        <button
          key={id}
          type="button"
          aria-pressed={show === id}
          onClick={() => setQuery({ setup: setup.name, show: id === 'plan' ? null : id, run: null }, true)}
        >
          {label}
          {id === 'undo' && setup.standing > 0 && ` ${setup.standing}`}
          {id === 'plan' && (setup.pending ?? 0) > 0 && ` ${setup.pending}`}
        </button>
      ))}
    </div>
  )
  const part = { name: setup.name, tabs, running, stamp: `${setup.pending} ${setup.standing} ${setup.last?.run}` }
  if (show === 'undo') return <UndoPlan key={`${part.stamp} ${run}`} {...part} run={run} />
  if (show === 'journal') return <Journal key={part.stamp} {...part} />
  return <ApplyPlan key={part.stamp} {...part} />
}
