import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { moment, plural, visible } from '../../console/format.ts'
import { act, asApiError, type ApiError } from '../../console/state/api.ts'
import { now } from '../../console/state/clock.ts'
import { say } from '../../console/state/notice.ts'
import { Commands } from '../../console/ui/copy.tsx'
import { Badge } from '../../console/ui/mark.tsx'
import { Panel, Problem } from '../../console/ui/page-parts.tsx'
import type { TormapView } from './wire.ts'

/** What the daemon calls the way to a folder of this machine. */
const FILES = 'files'
/** Contacts named at once. */
const NAMED = 12

/** What can be asked of the daemon: one fetch, fetching from now on, no more of it; and what it says when it is done. */
const WISHES = {
  once: [{ hourly: false }, 'Fetching'],
  hourly: [{ hourly: true }, 'Fetching, now and every hour'],
  stop: [{ hourly: false, now: false }, 'Hourly fetching is off'],
} as const

function stateWords({ state, next, last, why }: TormapView['fetch']): string {
  const before = last === null ? '' : ` The last one came at ${moment(last, now.peek())}.`
  if (state === 'off') return `Nothing is fetched until you say so.${before}`
  if (state === 'fetching') return 'A consensus is on its way.'
  const then = next === null ? '' : ` The next try is at ${moment(next, now.peek())}.`
  if (state === 'failed') return `The last try failed: ${why ?? 'nobody said why'}${then}`
  return `A consensus is fetched every hour.${then}${before}`
}

function Contacts({ contacts }: Pick<TormapView['fetch'], 'contacts'>): JSX.Element {
  const [first] = contacts
  if (first?.through === FILES) {
    return (
      <p>
        Nobody is contacted: the files of a tor on this machine are read, <code>{visible(first.address)}</code>.
      </p>
    )
  }
  return (
    <details class="contacts">
      <summary>
        Who is contacted: {plural(contacts.length, 'address', 'addresses')}, in this order until one answers
      </summary>
      <ol>
        {contacts.slice(0, NAMED).map(({ nickname, address, through }) => (
          <li key={`${nickname} ${address}`}>
            <b>{visible(nickname)}</b> <span class="mono">{visible(address)}</span>{' '}
            <span class="faint">{visible(through)}</span>
          </li>
        ))}
      </ol>
      {contacts.length > NAMED && <small>and {contacts.length - NAMED} more</small>}
    </details>
  )
}

interface Props {
  readonly fetch: TormapView['fetch']
  onDone(): void
}

/** Where consensuses come from: what would be contacted, then the button. */
export function FetchPanel({ fetch, onDone }: Props): JSX.Element {
  const busy = useSignal(false)
  const problem = useSignal<ApiError | null>(null)
  const press = async (wish: keyof typeof WISHES): Promise<void> => {
    const [body, done] = WISHES[wish]
    busy.value = true
    problem.value = null
    try {
      await act('/api/tormap/fetch', body)
      say(done)
      onDone()
    } catch (error) {
      problem.value = asApiError(error)
    }
    busy.value = false
  }
  const working = busy.value || fetch.state === 'fetching'
  return (
    <Panel
      title="Where it comes from"
      class="fetch"
      end={<Badge {...(fetch.state === 'failed' ? { state: 'warning' as const } : {})}>{fetch.state}</Badge>}
    >
      <div class="body">
        <p>{visible(stateWords(fetch))}</p>
        <Contacts contacts={fetch.contacts} />
        {fetch.last === null && fetch.contacts[0]?.through !== FILES && (
          <>
            <p>From the files of the tor on this machine, without contacting anybody:</p>
            <Commands lines={['noc tormap fetch --source tor']} />
          </>
        )}
        {problem.value && <Problem error={problem.value} />}
      </div>
      <footer>
        <small>What comes is verified here before it is shown.</small>
        <div class="row-acts">
          <button type="button" class="button" disabled={working} onClick={() => void press('once')}>
            {fetch.hourly ? 'Fetch now' : 'Fetch once'}
          </button>
          {fetch.hourly ? (
            <button type="button" class="button" disabled={busy.value} onClick={() => void press('stop')}>
              Stop fetching
            </button>
          ) : (
            <button type="button" class="button primary" disabled={working} onClick={() => void press('hourly')}>
              Fetch every hour
            </button>
          )}
        </div>
      </footer>
    </Panel>
  )
}
