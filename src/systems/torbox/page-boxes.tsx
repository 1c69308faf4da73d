import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { bytes, text } from '#core/units.ts'
import { plural, span, visible } from '../../console/format.ts'
import { act } from '../../console/state/api.ts'
import { now } from '../../console/state/clock.ts'
import { say, sayWhy } from '../../console/state/notice.ts'
import { Mark } from '../../console/ui/mark.tsx'
import { Name } from '../../console/ui/name.tsx'
import { Empty, Panel } from '../../console/ui/page-parts.tsx'
import type { BoxView, Circuit, Relay, Stream, TorboxView } from './wire.ts'

/** Connections of a circuit that are shown; the rest is counted. */
const STREAMS_SHOWN = 6
/** What a stream's state means; any other is shown as tor says it. */
const STATES: Readonly<Record<string, string>> = {
  NEW: 'asks for a circuit',
  DETACHED: 'waits for a circuit',
  REMAP: 'connecting',
  SENTCONNECT: 'connecting',
  SENTRESOLVE: 'looking up a name',
}

/** Circuits of a box that are shown. */
const CIRCUITS_SHOWN = 8

interface Props {
  readonly document: TorboxView
  onDone(): void
}

/** Every box: what it is, and where its connections go. */
export function Boxes({ document, onDone }: Props): JSX.Element {
  const { boxes, unassigned } = document
  if (boxes.length === 0) {
    return (
      <Panel title="Boxes">
        <Empty>
          <span>
            No box runs. <code>noc torbox run -- CMD</code> starts a program in one; it shows here with its connections
            and the relays that carry them.
          </span>
        </Empty>
      </Panel>
    )
  }
  return (
    <>
      {boxes.map((box) => (
        <Box key={`${box.kind} ${box.name} ${box.since}`} box={box} onDone={onDone} />
      ))}
      {unassigned.length > 0 && (
        <Panel title="Of some box" end={<small>they began before the daemon did</small>}>
          <ul class="streams body">
            {unassigned.map((stream) => (
              <StreamLine key={stream.id} stream={stream} />
            ))}
          </ul>
        </Panel>
      )}
    </>
  )
}

function about({ kind, address, user, since }: BoxView, time: number): string {
  const where = kind === 'root' ? `behind the bridge at ${address ?? 'no address'}` : 'without a network of its own'
  return `${where}, as ${visible(user ?? 'unknown')}, for ${span(time - since)}`
}

function traffic({ bytesReceived, bytesSent }: BoxView): string {
  if (bytesReceived === null || bytesSent === null) return ''
  return `${text(bytes(bytesReceived))} in, ${text(bytes(bytesSent))} out`
}

function Box({ box, onDone }: { readonly box: BoxView; onDone(): void }): JSX.Element {
  const { circuits, streams } = box
  const of = (id: string): readonly Stream[] => streams.filter((stream) => stream.circuit === id)
  const used = circuits.filter((circuit) => of(circuit.id).length > 0)
  const idle = circuits.length - used.length
  const known = new Set(circuits.map((circuit) => circuit.id))
  const loose = streams.filter((stream) => stream.circuit === null || !known.has(stream.circuit))
  return (
    <section class="panel box" aria-label={`Box ${visible(box.name)}`}>
      <header>
        <h2>
          <Name text={box.name} width={24} />
        </h2>
        <span class="command">
          <Name text={box.command} width={48} narrow={26} mono />
        </span>
        <div class="end">
          <NewIdentity box={box} onDone={onDone} />
        </div>
      </header>
      <p class="about">
        <span>{about(box, now.value)}</span>
        <span>{traffic(box)}</span>
      </p>
      {used.slice(0, CIRCUITS_SHOWN).map((circuit) => (
        <Path key={circuit.id} circuit={circuit} streams={of(circuit.id)} />
      ))}
      {loose.length > 0 && <Path circuit={null} streams={loose} />}
      {used.length + loose.length === 0 && <div class="quiet">No connection is open.</div>}
      {(idle > 0 || used.length > CIRCUITS_SHOWN) && (
        <footer>
          <small>
            {used.length > CIRCUITS_SHOWN && `${plural(used.length - CIRCUITS_SHOWN, 'more circuit')} in use. `}
            {idle > 0 &&
              `${plural(idle, 'more circuit is', 'more circuits are')} kept for this box without a connection.`}
          </small>
        </footer>
      )}
    </section>
  )
}

/** New circuits for one box; what it has open ends, and the button says so before. */
function NewIdentity({ box, onDone }: { readonly box: BoxView; onDone(): void }): JSX.Element {
  const busy = useSignal(false)
  const press = async (): Promise<void> => {
    busy.value = true
    try {
      await act('/api/torbox/new-identity', { name: box.name })
      say(`${box.name} has a new identity`)
    } catch (error) {
      sayWhy(error)
    }
    busy.value = false
    onDone()
  }
  const ends = box.kind === 'root' ? 'Its open connections end' : 'Its open connections stay as they are'
  return (
    <button type="button" class="button small" title={ends} disabled={busy.value} onClick={() => void press()}>
      New identity
    </button>
  )
}

/** The line from the box over its relays to where it ends. */
function Path({
  circuit,
  streams,
}: {
  readonly circuit: Circuit | null
  readonly streams: readonly Stream[]
}): JSX.Element {
  const more = streams.length - STREAMS_SHOWN
  return (
    <div class="path">
      <ol class="relays" aria-label={circuit ? `Circuit ${circuit.id}` : 'No circuit yet'}>
        <li class="here">
          <i />
          <span>box</span>
        </li>
        {circuit?.relays.map((relay) => (
          <Hop key={relay.fingerprint} relay={relay} />
        ))}
        {circuit === null && (
          <li class="unknown">
            <i />
            <span>waits for a circuit</span>
          </li>
        )}
      </ol>
      <ul class="streams">
        {streams.slice(0, STREAMS_SHOWN).map((stream) => (
          <StreamLine key={stream.id} stream={stream} />
        ))}
        {more > 0 && <li class="faint">{plural(more, 'more connection')}</li>}
      </ul>
    </div>
  )
}

function Hop({ relay }: { readonly relay: Relay }): JSX.Element {
  const { nickname, fingerprint, address, country } = relay
  const name = visible(nickname ?? fingerprint.slice(0, 8))
  return (
    <li title={`${name}, ${address ?? 'address unknown'}, ${fingerprint}`}>
      <i />
      <b>{country ?? '??'}</b>
      <span>{name}</span>
    </li>
  )
}

function StreamLine({ stream }: { readonly stream: Stream }): JSX.Element {
  const { target, address, status, bytesReceived, bytesSent } = stream
  const open = status === 'SUCCEEDED'
  const word = STATES[status] ?? status.toLowerCase()
  const figures = [
    bytesReceived === null ? '' : `${text(bytes(bytesReceived))} in`,
    bytesSent === null ? '' : `${text(bytes(bytesSent))} out`,
  ].filter((part) => part !== '')
  return (
    <li>
      <Mark state={open ? 'ok' : 'off'} word={open ? 'open' : word} />
      <Name text={target} width={38} narrow={34} mono />
      {address !== null && <span class="faint mono hide-narrow">{visible(address)}</span>}
      <small>{open ? figures.join(', ') : word}</small>
    </li>
  )
}
