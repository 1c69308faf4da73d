import { useSignal } from '@preact/signals'
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { bytes, count, percent, text } from '#core/units.ts'
import { plural, span, visible } from '../../console/format.ts'
import { asApiError, type ApiError } from '../../console/state/api.ts'
import { isNarrow } from '../../console/state/narrow.ts'
import { Copy } from '../../console/ui/copy.tsx'
import { Problem } from '../../console/ui/page-parts.tsx'
import { classTitle } from './page-words.ts'
import { ClassMark } from './map/class-mark.tsx'
import type { Atlas } from './page-state.tsx'
import { hourWords } from './page-when.tsx'
import { MODERN_WORDS, placeWords } from './page-words.ts'
import type { RelayWire } from './wire.ts'

/** Family members that are named; the rest is counted. */
const FAMILY = 24
/** East of this, hundredths of a degree, a relay lies under a card at the right: then the card is at the left. */
const EAST = 4000
/** Until an answer is late enough for the former relay to be taken away, ms. */
const LATE = 300

function Fact({ title, children }: { readonly title: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** What the operator or the authorities wrote, as it is; `none` when there is nothing. */
function said(value: string | null, none = 'not said'): JSX.Element {
  return value === null || value === '' ? <span class="faint">{none}</span> : <>{visible(value)}</>
}

/** Ten blocks of four, as fingerprints are read aloud. */
function blocks(fingerprint: string): string {
  return fingerprint.replace(/(.{4})(?=.)/g, '$1 ')
}

function speed(value: number): string {
  return `${text(bytes(value))}/s`
}

function since(at: number | null, now: number): JSX.Element {
  if (at === null) return <span class="faint">unknown</span>
  return (
    <>
      {hourWords(at)} <span class="faint">({span(now - at)} before)</span>
    </>
  )
}

function Family({ atlas, relay }: { readonly atlas: Atlas; readonly relay: RelayWire }): JSX.Element {
  const { family } = relay
  if (family.length === 0) return <span class="faint">none that says so too</span>
  return (
    <>
      <span class="members">
        {family.slice(0, FAMILY).map(({ fingerprint, nickname }) => (
          <button key={fingerprint} type="button" class="link" onClick={() => atlas.choose(fingerprint)}>
            {nickname === null ? fingerprint.slice(0, 8) : visible(nickname)}
          </button>
        ))}
        {family.length > FAMILY && <span class="faint">and {count(family.length - FAMILY)} more</span>}
      </span>
      <button type="button" class="button small" onClick={() => atlas.look(`family:${relay.fingerprint}`)}>
        Show the {plural(family.length + 1, 'relay')} on the map
      </button>
    </>
  )
}

function Bandwidth({ bandwidth }: Pick<RelayWire, 'bandwidth'>): JSX.Element {
  if (bandwidth === null) return <span class="faint">no descriptor</span>
  return (
    <>
      {speed(bandwidth.observed)} seen by itself
      <br />
      <span class="faint">
        limit {speed(bandwidth.average)}, burst {speed(bandwidth.burst)}
      </span>
    </>
  )
}

function Version({ relay }: { readonly relay: RelayWire }): JSX.Element {
  const { version, recommended, platform } = relay
  return (
    <>
      {said(version)}
      {recommended === false && <strong> not recommended</strong>}
      {recommended === true && <span class="faint"> recommended</span>}
      {platform !== null && platform !== version && (
        <>
          <br />
          <span class="faint">{visible(platform)}</span>
        </>
      )}
    </>
  )
}

function Facts({ atlas, relay }: { readonly atlas: Atlas; readonly relay: RelayWire }): JSX.Element {
  const { as, validAfter, exitPolicy6 } = relay
  return (
    <dl class="relay-facts">
      <Fact title="Fingerprint">
        <span class="mono">{blocks(relay.fingerprint)}</span> <Copy text={relay.fingerprint} />
      </Fact>
      <Fact title="Addresses">
        {relay.addresses.map((address) => (
          <div key={address} class="mono">
            {visible(address)}
          </div>
        ))}
        {relay.dirPort > 0 && <span class="faint">directory on port {relay.dirPort}</span>}
      </Fact>
      <Fact title="Place">{visible(placeWords(relay.place))}</Fact>
      <Fact title="Network">
        {as ? (
          <button type="button" class="link" onClick={() => atlas.look(`as:AS${as.number}`)}>
            AS{as.number} {visible(as.name)}
          </button>
        ) : (
          <span class="faint">unknown</span>
        )}
      </Fact>
      <Fact title="Flags">{visible(relay.flags.join(', '))}</Fact>
      <Fact title="Consensus weight">
        {count(relay.weight)} <span class="faint">({percent(relay.weightFraction)} of all)</span>
        {relay.unmeasured && ', unmeasured'}
      </Fact>
      <Fact title="Bandwidth">
        <Bandwidth bandwidth={relay.bandwidth} />
      </Fact>
      <Fact title="Version">
        <Version relay={relay} />
      </Fact>
      <Fact title="Up since">{since(relay.upSince, validAfter)}</Fact>
      <Fact title="Descriptor of">{since(relay.published, validAfter)}</Fact>
      <Fact title="First seen here">{since(relay.firstSeen, validAfter)}</Fact>
      <Fact title="Contact">{said(relay.contact)}</Fact>
      <Fact title="Exit policy">
        <span class="policy">{said(relay.exitPolicy)}</span>
        {exitPolicy6 !== null && <div class="policy">IPv6: {visible(exitPolicy6)}</div>}
      </Fact>
      <Fact title="Family">
        <Family atlas={atlas} relay={relay} />
      </Fact>
      <Fact title="Ed25519 identity">
        <span class="mono">{said(relay.ed25519)}</span>
      </Fact>
    </dl>
  )
}

interface Loaded {
  readonly relay: RelayWire | null
  readonly problem: ApiError | null
}

/** Everything that is said of the chosen relay at the hour on the map; the former hour's stays until it comes. */
function useRelay(atlas: Atlas, fingerprint: string): Loaded {
  const state = useSignal<Loaded>({ relay: null, problem: null })
  const at = atlas.shown.value?.map.hour.validAfter
  useEffect(() => {
    if (at === undefined) return undefined
    let over = false
    const timer = setTimeout(
      () => {
        atlas.source.relay(fingerprint, at).then(
          (relay) => over || (state.value = { relay, problem: null }),
          (error: unknown) => over || (state.value = { relay: null, problem: asApiError(error) }),
        )
        // While the hours play, only the one where it stops is asked for.
      },
      state.peek().relay === null ? 0 : LATE,
    )
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [fingerprint, at])
  return state.value
}

/** Over the map at its right; below it where the screen is narrow. Escape closes. */
export function RelayCard({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const fingerprint = atlas.chosen.value ?? ''
  const { relay, problem } = useRelay(atlas, fingerprint)
  const box = useRef<HTMLElement>(null)
  const { places, columns } = atlas.shown.value?.map ?? {}
  const longitude = places?.longitude[columns?.place[atlas.row.value ?? -1] ?? -1] ?? 0
  const side = longitude > EAST ? 'left' : 'right'
  const gone = atlas.shown.value?.names && atlas.row.value === null
  useEffect(() => {
    if (isNarrow.peek() && relay) box.current?.scrollIntoView({ block: 'nearest' })
  }, [relay === null])
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const field = event.target instanceof HTMLElement && event.target.closest('input, dialog')
      if (event.key === 'Escape' && !event.defaultPrevented && !field) atlas.choose(null)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return (
    <aside class={`relay-card ${side}`} aria-label="Relay" ref={box} aria-busy={relay === null && problem === null}>
      <header>
        {relay && <ClassMark of={relay.original} />}
        <h2>{relay ? visible(relay.nickname) : fingerprint.slice(0, 8)}</h2>
        <button type="button" class="button small" onClick={() => atlas.choose(null)}>
          Close
        </button>
      </header>
      {gone && <p class="gone">Not in the consensus of this hour.</p>}
      {relay && !gone && (
        <>
          <p class="classes">
            {[classTitle(relay.original), ...relay.modern.map((name) => MODERN_WORDS[name][0])].join(' · ')}
          </p>
          <Facts atlas={atlas} relay={relay} />
        </>
      )}
      {problem && !gone && <Problem error={problem} />}
    </aside>
  )
}
