import type { JSX } from 'preact'
import { bytes, count, text } from '#core/units.ts'
import { plural, visible } from '../../console/format.ts'
import { feed, useFeed, type Feed } from '../../console/state/live.ts'
import { useSparks } from '../../console/state/series.ts'
import { CliLine } from '../../console/ui/copy.tsx'
import { Finding } from '../../console/ui/finding.tsx'
import { History, type ChartLine } from '../../console/ui/history.tsx'
import { AnswerBlock, Waiting } from '../../console/ui/page-parts.tsx'
import { StatCard } from '../../console/ui/stat.tsx'
import { Boxes } from './page-boxes.tsx'
import { DroppedTable } from './page-dropped.tsx'
import { LeakTest } from './page-leaktest.tsx'
import type { TorState, TorboxView } from './wire.ts'

const view: Feed<TorboxView> = feed('torbox', '/api/torbox/view', 10_000)

const CONNECTIONS = 'torbox.connections'
const RECEIVED = 'torbox.received'
const SENT = 'torbox.sent'
const DROPPED = 'torbox.dropped'
const HISTORY: readonly ChartLine[] = [
  { name: RECEIVED, label: 'Received', ink: 'moon' },
  { name: SENT, label: 'Sent', ink: 'ink-2', dashed: true },
]

function Verdicts({ verdicts }: { readonly verdicts: TorboxView['verdicts'] }): JSX.Element | null {
  if (verdicts.length === 0) return null
  return (
    <section class="panel" aria-label="Findings">
      {verdicts.map((verdict) => (
        <Finding
          key={verdict.key}
          verdict={verdict}
          acts={
            verdict.key === 'set-up' ? (
              <a class="button primary" href="/setups?setup=torbox">
                Plan: put it back
              </a>
            ) : undefined
          }
        />
      ))}
    </section>
  )
}

const TOR: Readonly<Record<TorState['state'], string>> = {
  ready: 'ready',
  starting: 'starting',
  unreachable: 'down',
}

function torNote(tor: TorState): string {
  if (tor.state === 'ready') return tor.version === null ? 'carries the boxes' : `version ${tor.version}`
  return tor.state === 'starting' ? `${tor.percent} %, ${tor.doing}` : tor.why
}

function Cards({ document }: { readonly document: TorboxView }): JSX.Element {
  const spark = useSparks([CONNECTIONS, RECEIVED, DROPPED])
  const { boxes, tor, dropped } = document
  const streams = boxes.reduce((sum, box) => sum + box.streams.length, 0)
  const received = boxes.reduce((sum, box) => sum + (box.bytesReceived ?? 0), 0)
  const sent = boxes.reduce((sum, box) => sum + (box.bytesSent ?? 0), 0)
  const packets = dropped.reduce((sum, one) => sum + one.packets, 0)
  const targets = new Set(dropped.map((one) => one.target)).size
  const size = bytes(received)
  const needed = tor.state !== 'ready' && boxes.length > 0
  return (
    <section class="cards" aria-label="Figures">
      <StatCard
        label="Tor"
        value={TOR[tor.state]}
        unit=""
        note={visible(torNote(tor))}
        severity={needed ? (tor.state === 'starting' ? 'warning' : 'critical') : undefined}
        values={[]}
      />
      <StatCard
        label="Connections"
        value={count(streams)}
        unit="open"
        note={`from ${plural(boxes.length, 'box', 'boxes')}`}
        values={spark(CONNECTIONS)}
      />
      <StatCard
        label="Carried"
        value={size.value}
        unit={`${size.unit} in`}
        note={`${text(bytes(sent))} out`}
        values={spark(RECEIVED)}
      />
      <StatCard
        label="Dropped"
        value={count(packets)}
        unit={packets === 1 ? 'packet' : 'packets'}
        note={packets === 0 ? 'nobody tried to get past Tor' : `to ${plural(targets, 'target')}`}
        values={spark(DROPPED)}
      />
    </section>
  )
}

/** Does anything get past Tor? */
export function Page(): JSX.Element {
  const document = useFeed(view)
  if (!document) return <Waiting problem={view.problem.value} retry={view.refresh} />
  return (
    <div class="page">
      <AnswerBlock answer={document.answer} />
      <Verdicts verdicts={document.verdicts} />
      <Cards document={document} />
      <Boxes document={document} onDone={view.refresh} />
      <DroppedTable document={document} />
      <LeakTest test={document.leakTest} onDone={view.refresh} />
      <History title="Traffic of all boxes" lines={HISTORY} format={(value) => `${text(bytes(value))}/s`} binary />
      <CliLine command="noc torbox circuits --watch" />
    </div>
  )
}
