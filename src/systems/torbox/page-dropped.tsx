import type { JSX } from 'preact'
import { count } from '#core/units.ts'
import { visible } from '../../console/format.ts'
import type { Column } from '../../console/ui/column.ts'
import { Name } from '../../console/ui/name.tsx'
import { Table } from '../../console/ui/table.tsx'
import type { Dropped, TorboxView } from './wire.ts'
import { attemptText } from './words.ts'

const columns: readonly Column<Dropped>[] = [
  {
    key: 'box',
    title: 'Box',
    value: (one) => one.box ?? one.source,
    cell: (one) =>
      one.box === null ? (
        <span class="faint">
          ended<span class="hide-narrow">, was at {one.source}</span>
        </span>
      ) : (
        <Name text={one.box} width={24} narrow={10} />
      ),
  },
  {
    key: 'wanted',
    title: 'Tried',
    value: attemptText,
    cell: (one) => <Name text={attemptText(one)} width={52} narrow={20} mono />,
  },
  { key: 'packets', title: 'Packets', numeric: true, value: (one) => one.packets, cell: (one) => count(one.packets) },
]

/** What boxes tried and the guard dropped, with the reasons in all. */
export function DroppedTable({ document }: { readonly document: TorboxView }): JSX.Element {
  const { dropped, reasons, unread } = document
  const all = reasons.map(({ what, packets }) => `${count(packets)} ${what}`)
  return (
    <Table
      title="Dropped"
      file="torbox-dropped"
      rows={dropped}
      columns={columns}
      id={(one) => [one.box, one.source, attemptText(one)].join(' ')}
      sort={{ key: 'packets', direction: -1 }}
      note="what boxes tried that Tor does not carry; the last hour's targets"
      foot={all.length > 0 ? <small>Since the rules were loaded: {all.map(visible).join('; ')}.</small> : undefined}
      empty={unread === null ? 'Nobody has tried to get past Tor.' : visible(unread)}
    />
  )
}
