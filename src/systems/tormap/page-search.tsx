import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { count } from '#core/units.ts'
import { plural, visible } from '../../console/format.ts'
import { Problem } from '../../console/ui/page-parts.tsx'
import { classTitle } from './page-words.ts'
import { ClassMark } from './map/class-mark.tsx'
import { QUALIFIERS } from './page-query.ts'
import { fingerprintOf, placeOf } from './map/rows.ts'
import type { Atlas, Found } from './page-state.tsx'
import { countryName } from './page-words.ts'
import { ORIGINAL_CLASSES } from './types.ts'

/** Relays in the list; the map shows all of them. */
const LISTED = 100

/** The field above the map. */
export function SearchField({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const found = atlas.found.value
  return (
    <div class="map-search">
      <label class="filter">
        <span class="vh">Search relays</span>
        <input
          type="search"
          placeholder="Nickname, fingerprint, address, as:, country:, flag: …"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          data-filter=""
          value={atlas.query.value}
          aria-describedby="search-count"
          onInput={(event) => atlas.look(event.currentTarget.value)}
          onKeyDown={(event) => {
            const field = event.currentTarget
            if (event.key === 'Escape') {
              atlas.look('')
              field.blur()
            } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
              event.preventDefault()
              document.querySelector<HTMLElement>('.results button.row')?.focus()
            }
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <small id="search-count" role="status">
        {found && (found.rows.length === 0 ? 'nothing found' : `${count(found.rows.length)} found`)}
      </small>
    </div>
  )
}

function walk(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined || !(event.target instanceof HTMLElement)) return
  event.preventDefault()
  const item = event.target.closest('li')
  const next = step > 0 ? item?.nextElementSibling : item?.previousElementSibling
  if (next) next.querySelector('button')?.focus()
  else if (step < 0) document.querySelector<HTMLElement>('[data-filter]')?.focus()
}

function Row({ atlas, row }: { readonly atlas: Atlas; readonly row: number }): JSX.Element | null {
  const shown = atlas.shown.value
  if (!shown?.names) return null
  const { map, names } = shown
  const name = ORIGINAL_CLASSES[map.columns.original[row] ?? -1] ?? 'other'
  const place = placeOf(map, row)
  const system = map.systems[map.columns.as[row] ?? -1]
  const hidden = !atlas.visible.value(row)
  return (
    <button
      type="button"
      class="row"
      aria-pressed={atlas.row.value === row}
      onClick={() => atlas.choose(fingerprintOf(names, row))}
    >
      <ClassMark of={name} />
      <b>{visible(names.nickname[row] ?? '')}</b>
      <span class="class">
        {classTitle(name)}
        {hidden && ', hidden'}
      </span>
      <span class="address mono">{visible(names.address[row] ?? '')}</span>
      <span class="where">
        {place ? `${place.city === null ? '' : `${visible(place.city)}, `}${countryName(place.country)}` : 'unplaced'}
      </span>
      <span class="network">{system ? visible(system.name) : ''}</span>
    </button>
  )
}

function Help(): JSX.Element {
  return (
    <details class="search-help">
      <summary>What can be searched for</summary>
      <p>
        Words are looked for in nickname, fingerprint and address. A qualifier looks in one place; all words have to
        fit:
      </p>
      <ul>
        {Object.values(QUALIFIERS).map((example) => (
          <li key={example}>
            <code>{example}</code>
          </li>
        ))}
      </ul>
    </details>
  )
}

function List({ atlas, found }: { readonly atlas: Atlas; readonly found: Found }): JSX.Element {
  const { map, names } = atlas.shown.value ?? {}
  const weight = map?.columns.weight ?? []
  const rows = found.rows.toSorted((a, b) => (weight[b] ?? 0) - (weight[a] ?? 0)).slice(0, LISTED)
  return (
    <>
      <ol class="result-list" onKeyDown={walk}>
        {rows.map((row) => (
          <li key={names ? fingerprintOf(names, row) : row}>
            <Row atlas={atlas} row={row} />
          </li>
        ))}
      </ol>
      {found.rows.length > rows.length && (
        <p>
          The {LISTED} of {plural(found.rows.length, 'relay')} with the most weight; the map shows all.
        </p>
      )}
    </>
  )
}

/** What the search found: a list below the map, the same relays stand out on it. */
export function Results({ atlas }: { readonly atlas: Atlas }): JSX.Element | null {
  const found = atlas.found.value
  const problem = atlas.searchProblem.value
  const box = useRef<HTMLElement>(null)
  // A filter that was set further down the page (a country) shows what it did.
  useEffect(() => {
    const top = box.current?.getBoundingClientRect().top ?? 0
    if (top < 0) document.querySelector('.map-panel')?.scrollIntoView({ block: 'start' })
  }, [found?.query])
  if (problem === null && (found === null || atlas.query.value.trim() === '')) return null
  return (
    <section
      class="results"
      aria-label="Search results"
      aria-busy={found?.query !== atlas.query.value.trim()}
      ref={box}
    >
      {problem && <Problem error={problem} />}
      {found && found.rows.length > 0 && <List atlas={atlas} found={found} />}
      {found?.rows.length === 0 && <div class="state-note">No relay of this hour fits.</div>}
      <Help />
    </section>
  )
}
