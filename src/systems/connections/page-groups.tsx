import type { JSX } from 'preact'
import { plural, visible } from '../../console/format.ts'
import { Table } from '../../console/ui/table.tsx'
import { columnsFor, stuckKeys } from './page-columns.tsx'
import { Detail } from './page-detail.tsx'
import type { ConnectionGroup, ConnectionsView } from './wire.ts'

const SOURCES: Readonly<Record<ConnectionsView['source'], string>> = {
  netlink: 'the kernel (netlink, inet_diag)',
  ss: 'ss',
  proc: '/proc/net',
}

function idOf(group: ConnectionGroup): string {
  const { remote, process, unit, user, state, direction, protocol, localPort } = group
  return [remote.ip, remote.port, localPort, process, unit, user, state, direction, protocol].join(' ')
}

/** All groups, the source they come from, and what it can't tell. */
export function Groups({ document }: { readonly document: ConnectionsView }): JSX.Element {
  const { groups, hiddenGroups, source, unknown, verdicts } = document
  const hidden =
    hiddenGroups > 0
      ? ` ${plural(hiddenGroups, 'smaller group is', 'smaller groups are')} left out here, not in noc connections --all.`
      : ''
  return (
    <Table
      title="Groups"
      file="connections"
      rows={groups}
      columns={columnsFor(stuckKeys(verdicts))}
      id={idOf}
      sort={{ key: 'count', direction: -1 }}
      detail={(group) => <Detail group={group} />}
      foot={
        <small>
          Read from {SOURCES[source]}.{' '}
          {unknown.length > 0 ? `It can't tell: ${unknown.map(visible).join(', ')}.` : 'Nothing is unknown.'}
          {hidden}
        </small>
      }
      empty="This machine has no open connection."
    />
  )
}
