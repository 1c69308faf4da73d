import type { JSX } from 'preact'
import type { Alert } from '#core/alerts/types.ts'
import { act } from '../state/api.ts'
import { now } from '../state/clock.ts'
import { alerts, tonight } from '../state/feeds.ts'
import { say, sayWhy } from '../state/notice.ts'
import { moment, span } from '../format.ts'
import { fromHostDate, hostDate } from '../host-time.ts'
import { Menu } from '../ui/menu.tsx'

const MINUTE = 60_000
const MORNING = 8

/** The host's next 08:00 after `at`, ms. */
export function nextMorning(at: number): number {
  const date = hostDate(at)
  if (date.getHours() >= MORNING) date.setDate(date.getDate() + 1)
  date.setHours(MORNING, 0, 0, 0)
  return fromHostDate(date)
}

/** Does something to an alert, says how it went, and brings what is shown up to date. */
async function send(path: string, body: unknown, done: string): Promise<void> {
  try {
    await act(path, body)
    say(done)
  } catch (error) {
    sayWhy(error)
  }
  tonight.refresh()
  alerts.refresh()
}

/** Sends a test alert to the operator's webhook or command. */
export async function testDelivery(): Promise<void> {
  try {
    const { outcome } = await act<{ outcome: string }>('/api/alerts/test', {})
    say(outcome)
  } catch (error) {
    sayWhy(error)
  }
}

function silence(alert: Alert, until: number | null): void {
  const done = until === null ? 'No longer silenced' : `Silenced until ${moment(until, now.peek())}`
  void send(`/api/alerts/${alert.id}/silence`, { until }, done)
}

/** Whether deliveries of this alert are held back right now. */
export function silenced(alert: Alert): boolean {
  return alert.silencedUntil !== null && alert.silencedUntil > now.value
}

/** Acknowledge, and silence until later. */
export function AlertActs({ alert }: { readonly alert: Alert }): JSX.Element {
  return (
    <>
      {alert.acknowledged === null && (
        <button
          type="button"
          class="button"
          onClick={() => void send(`/api/alerts/${alert.id}/acknowledge`, {}, 'Acknowledged')}
        >
          Acknowledge
        </button>
      )}
      <Menu
        label="Silence"
        items={[
          { label: 'for 30 min', run: () => silence(alert, now.peek() + 30 * MINUTE) },
          { label: 'for 2 h', run: () => silence(alert, now.peek() + 120 * MINUTE) },
          { label: 'until 08:00', run: () => silence(alert, nextMorning(now.peek())) },
          ...(silenced(alert) ? [{ label: 'No longer', run: () => silence(alert, null) }] : []),
        ]}
      />
    </>
  )
}

/** Since when and how long; who acknowledged it; until when it is silenced. */
export function AlertMeta({ alert }: { readonly alert: Alert }): JSX.Element {
  const time = now.value
  const { since, cleared, acknowledged, silencedUntil } = alert
  return (
    <>
      <span>
        {cleared === null
          ? `since ${moment(since, time)}, ${span(time - since)}`
          : `${moment(since, time)} to ${moment(cleared, time)}, ${span(cleared - since)}`}
      </span>
      {acknowledged && (
        <span>
          acknowledged {moment(acknowledged.at, time)} by {acknowledged.by}
        </span>
      )}
      {silenced(alert) && silencedUntil !== null && <span>silenced until {moment(silencedUntil, time)}</span>}
    </>
  )
}
