import type { JSX } from 'preact'
import { count } from '#core/units.ts'
import { plural, visible } from '../../console/format.ts'
import { ClassMark } from './map/class-mark.tsx'
import { fingerprintOf, unplacedRows } from './map/rows.ts'
import type { Atlas } from './page-state.tsx'
import type { GeoSource } from './types.ts'
import { hourWords } from './page-when.tsx'
import type { HourWire } from './wire.ts'
import { fastUnknown } from './map/fast.ts'

/** Unplaced relays that are named; the rest is counted. */
const NAMED = 60

/** The sentence a licence wants shown; the one address in it becomes a link. */
function Attribution({ text }: { readonly text: string }): JSX.Element {
  const url = /https:\/\/[^\s<>"'()]+[^\s<>"'().,;]/.exec(text)?.[0]
  if (url === undefined) return <>{visible(text)}</>
  const start = text.indexOf(url)
  return (
    <>
      {visible(text.slice(0, start))}
      <a class="link" href={url} rel="noreferrer noopener" target="_blank">
        {visible(url)}
      </a>
      {visible(text.slice(start + url.length))}
    </>
  )
}

function Source({ what, source }: { readonly what: string; readonly source: GeoSource }): JSX.Element {
  const { name, built, licence, attribution, warning } = source
  const made = built === null ? '' : `, built ${new Date(built).toISOString().slice(0, 10)}`
  return (
    <p>
      {what}: {visible(name)}
      {made}
      {licence !== '' && ` (${visible(licence)})`}. <Attribution text={attribution} />
      {warning !== null && <strong> {visible(warning)}</strong>}
    </p>
  )
}

function Unplaced({ atlas }: { readonly atlas: Atlas }): JSX.Element | null {
  const shown = atlas.shown.value
  if (!shown) return null
  const { map, names } = shown
  const rows = unplacedRows(map)
  if (rows.length === 0) return null
  return (
    <details class="unplaced">
      <summary>Unplaced: {plural(rows.length, 'relay')} that nobody knows the place of</summary>
      {names && (
        <div class="tray">
          {rows.slice(0, NAMED).map((row) => (
            <button key={row} type="button" class="link" onClick={() => atlas.choose(fingerprintOf(names, row))}>
              {visible(names.nickname[row] ?? '')}
            </button>
          ))}
          {rows.length > NAMED && <span>and {count(rows.length - NAMED)} more</span>}
        </div>
      )}
    </details>
  )
}

function sourceWords({ sample, flavour, verified, validAfter, validUntil }: HourWire): string {
  const { good, authorities, state } = verified
  const what = sample ? 'Sample' : flavour === 'ns' ? 'Consensus' : 'Microdesc consensus'
  const by = `by ${good} of ${authorities} ${sample ? 'invented ' : ''}authorities`
  const who = sample ? `signed ${by}` : state === 'good' ? `verified ${by}` : 'not verified'
  return `${what} of ${hourWords(validAfter)}, ${who}, valid until ${hourWords(validUntil)}.`
}

/** Whose word the map is: which hour, who signed, whose places. */
export function Legend({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const hour = atlas.shown.value?.map.hour
  if (!hour) return <footer class="map-legend">&nbsp;</footer>
  const note = fastUnknown(hour)
  return (
    <footer class="map-legend">
      <p class="how">
        <span>
          <ClassMark of="stable" /> city known
        </span>
        <span>
          <ClassMark of="stable" countryOnly /> only the country known
        </span>
        <span>larger: several relays</span>
      </p>
      {note !== null && <p>{note}</p>}
      <Unplaced atlas={atlas} />
      <p>{sourceWords(hour)}</p>
      {hour.geo ? <Source what="Places" source={hour.geo} /> : <p>No places: there is no geo database.</p>}
      {hour.asn && <Source what="Networks" source={hour.asn} />}
      <p>Land and borders: Natural Earth, public domain. This page calls nobody.</p>
    </footer>
  )
}
