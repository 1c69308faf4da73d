import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { moment, sentence, visible } from '../../console/format.ts'
import { act } from '../../console/state/api.ts'
import { now } from '../../console/state/clock.ts'
import { say, sayWhy } from '../../console/state/notice.ts'
import { Mark, type State } from '../../console/ui/mark.tsx'
import { Empty } from '../../console/ui/page-parts.tsx'
import type { LeakReport, LeakRow, LeakTestState } from './wire.ts'

interface Props {
  readonly test: LeakTestState
  onDone(): void
}

const GROUPS: readonly (readonly [LeakRow['group'], string])[] = [
  ['tor', 'Through Tor'],
  ['outside', 'Past Tor'],
  ['host', 'To this machine'],
  ['boxes', 'To other boxes'],
  ['trouble', 'When something breaks'],
]

function stateOf({ result, leak }: LeakRow): { readonly state: State; readonly word: string } {
  if (result === 'pass') return { state: 'ok', word: 'pass' }
  if (result === 'not-applicable') return { state: 'off', word: 'not asked' }
  return leak ? { state: 'critical', word: 'leak' } : { state: 'warning', word: 'fails' }
}

/** Does anything get past Tor? Runs the test on demand, and shows every row with its evidence. */
export function LeakTest({ test, onDone }: Props): JSX.Element {
  const { last, doing, trouble } = test
  return (
    <section class="panel leaktest" aria-label="Leak test">
      <header>
        <h2>Leak test</h2>
        <small role="status">{doing === null ? summary(last) : `${visible(doing)} …`}</small>
        <div class="end">
          <RunButtons doing={doing !== null} first={last === null} onDone={onDone} />
        </div>
      </header>
      {trouble !== null && (
        <div class="state-note" role="alert">
          <strong>The last one could not be run to its end.</strong>
          <span>{visible(trouble)}</span>
        </div>
      )}
      {last === null && trouble === null && (
        <Empty>
          <span>
            Not run since the daemon started. A throw-away box tries every known way past Tor, and the kernel counts
            what leaves this machine meanwhile. It takes some ten seconds and sends nothing to anybody.
          </span>
        </Empty>
      )}
      {last !== null && <Rows report={last} />}
    </section>
  )
}

function summary(last: LeakReport | null): string {
  if (last === null) return ''
  return `${moment(last.at, now.value)}, ${(last.tookMs / 1000).toFixed(1)} s`
}

function RunButtons(props: { readonly doing: boolean; readonly first: boolean; onDone(): void }): JSX.Element {
  const asking = useSignal(false)
  const start = async (disruptive: boolean): Promise<void> => {
    asking.value = false
    try {
      const { started } = await act<{ readonly started: boolean }>('/api/torbox/leaktest', { disruptive })
      say(started ? 'The leak test has begun' : 'One runs already')
    } catch (error) {
      sayWhy(error)
    }
    props.onDone()
  }
  if (asking.value) {
    return (
      <>
        <small>Tor stops and the rules go, some seconds each: the boxes are without a network meanwhile.</small>
        <button type="button" class="button" onClick={() => (asking.value = false)}>
          Cancel
        </button>
        <button type="button" class="button primary" onClick={() => void start(true)}>
          Run all of it
        </button>
      </>
    )
  }
  return (
    <>
      <button type="button" class="button" disabled={props.doing} onClick={() => (asking.value = true)}>
        Break things too
      </button>
      <button
        type="button"
        class={props.first ? 'button primary' : 'button'}
        disabled={props.doing}
        onClick={() => void start(false)}
      >
        {props.first ? 'Run' : 'Run again'}
      </button>
    </>
  )
}

function Rows({ report }: { readonly report: LeakReport }): JSX.Element {
  const { rows, notes, box } = report
  const kind = box.kind === 'root' ? 'In a box of root, behind the bridge.' : 'In a box of an ordinary user.'
  const failed = rows.filter((row) => row.result === 'fail')
  return (
    <>
      {failed.length > 0 && (
        <div class="failing" role="group" aria-label="What failed">
          {failed.map((row) => (
            <Row key={row.id} row={row} />
          ))}
        </div>
      )}
      <div class="probes">
        {GROUPS.map(([group, title]) => {
          const members = rows.filter((row) => row.group === group && row.result !== 'fail')
          if (members.length === 0) return null
          return (
            <div key={group} role="group" aria-label={title}>
              <h3>{title}</h3>
              {members.map((row) => (
                <Row key={row.id} row={row} />
              ))}
            </div>
          )
        })}
      </div>
      <footer>
        <small>
          {kind} {notes.map(visible).join(' ')}
        </small>
      </footer>
    </>
  )
}

/** A row; what failed is open, with its evidence. */
function Row({ row }: { readonly row: LeakRow }): JSX.Element {
  const { state, word } = stateOf(row)
  return (
    <details class="probe-row" open={row.result === 'fail'}>
      <summary>
        <Mark state={state} word={word} />
        <span class="what">{row.name}</span>
        <span class="word">{word}</span>
      </summary>
      <div class="more">
        <p class="evidence">{sentence(row.evidence)}</p>
        <p>A pass means: {row.proves.charAt(0).toLowerCase() + row.proves.slice(1)}.</p>
        <p>{row.why}</p>
      </div>
    </details>
  )
}
