import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { count, percent } from '#core/units.ts'
import { visible } from '../../console/format.ts'
import type { Column } from '../../console/ui/column.ts'
import { Table } from '../../console/ui/table.tsx'
import { fingerprintOf, groupRows, type Group, type GroupBy } from './map/rows.ts'
import type { Atlas } from './page-state.tsx'
import { countryName } from './page-words.ts'

const KINDS: Readonly<Record<GroupBy, readonly [label: string, one: string]>> = {
  country: ['Countries', 'Country'],
  as: ['Networks', 'Network'],
  family: ['Families', 'Family of'],
}
const ORDER = ['country', 'as', 'family'] as const

/** Rows at first: the charts below are not to be far away. */
const SHORT = 12

interface GroupRow extends Group {
  readonly name: string
  /** What to search for to see them on the map. */
  readonly query: string
}

function rowsOf(atlas: Atlas, by: GroupBy): readonly GroupRow[] {
  const shown = atlas.shown.value
  if (!shown) return []
  const { map, names } = shown
  return groupRows(map, by, atlas.visible.value).map((group) => {
    const { key, first } = group
    if (by === 'country') return { ...group, name: countryName(key), query: `country:${key}` }
    if (by === 'as') {
      const name = map.systems[map.columns.as[first] ?? -1]?.name ?? ''
      return { ...group, name: `${key} ${name}`, query: `as:${key}` }
    }
    const fingerprint = names ? fingerprintOf(names, first) : ''
    return { ...group, name: names?.nickname[first] ?? '', query: `family:${fingerprint}` }
  })
}

function columnsOf(atlas: Atlas, title: string, most: number): readonly Column<GroupRow>[] {
  return [
    {
      key: 'name',
      title,
      value: (row) => row.name,
      cell: (row) => (
        <button
          type="button"
          class="link group"
          title={`Show them on the map: ${visible(row.name)}`}
          aria-pressed={atlas.query.value === row.query}
          onClick={() => atlas.look(atlas.query.peek() === row.query ? '' : row.query)}
        >
          {visible(row.name)}
        </button>
      ),
    },
    { key: 'relays', title: 'Relays', value: (row) => row.relays, cell: (row) => count(row.relays), numeric: true },
    {
      key: 'guards',
      title: 'Guards',
      value: (row) => row.guards,
      cell: (row) => count(row.guards),
      numeric: true,
      from: 'medium',
    },
    { key: 'exits', title: 'Exits', value: (row) => row.exits, cell: (row) => count(row.exits), numeric: true },
    {
      key: 'weight',
      title: 'Weight',
      hint: 'Share of the consensus weight of all relays',
      value: (row) => row.weight,
      cell: (row) => (
        <span class="weight">
          <i style={{ width: `${(100 * row.weight) / most}%` }} />
          {percent(row.weight)}
        </span>
      ),
      numeric: true,
    },
  ]
}

/** Where the shown relays are, on whose network, in which family: sorted, filtered, a click shows them on the map. */
export function Groups({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const by = useSignal<GroupBy>('country')
  const shown = atlas.shown.value
  const visibleRow = atlas.visible.value
  const rows = useMemo(() => rowsOf(atlas, by.value), [shown, visibleRow, by.value])
  const [label, one] = KINDS[by.value]
  return (
    <div class="groups">
      <div class="segments" role="group" aria-label="Count by">
        {ORDER.map((kind) => (
          <button key={kind} type="button" aria-pressed={by.value === kind} onClick={() => (by.value = kind)}>
            {KINDS[kind][0]}
          </button>
        ))}
      </div>
      <Table
        key={by.value}
        title={label}
        file={`tormap-${by.value}`}
        rows={rows}
        columns={columnsOf(atlas, one, Math.max(Number.EPSILON, ...rows.map((row) => row.weight)))}
        sort={{ key: 'weight', direction: -1 }}
        id={(row) => row.key}
        live={false}
        short={SHORT}
        empty={
          by.value === 'as' ? 'No networks are known: give a database of autonomous systems.' : 'Nothing is shown.'
        }
      />
    </div>
  )
}
