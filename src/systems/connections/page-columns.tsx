import type { JSX } from 'preact'
import { bytes, count, duration } from '#core/units.ts'
import { endpoint } from '../../console/format.ts'
import { closeTarget, type CloseTarget } from '../../console/plan.ts'
import type { Column } from '../../console/ui/column.ts'
import { Figure } from '../../console/ui/figure.tsx'
import { Mark } from '../../console/ui/mark.tsx'
import { Name } from '../../console/ui/name.tsx'
import type { ConnectionGroup, ConnectionsView } from './wire.ts'

/** Address and port of a group; of what came in, the address alone. */
export function remoteOf(group: ConnectionGroup): string {
  return endpoint(group.remote.ip, group.remote.port)
}

/** What a plan to close this group is about; null for what can't or need not be closed. */
export function targetOf({
  remote,
  process,
  direction,
  protocol,
  state,
  localPort,
}: ConnectionGroup): CloseTarget | null {
  if (protocol !== 'tcp' || state === 'LISTEN' || state === 'TIME-WAIT') return null
  return {
    remote: endpoint(remote.ip, remote.port),
    ...(process === null ? {} : { process }),
    state: state.toLowerCase(),
    ...(direction === 'in' && localPort !== null ? { port: localPort } : {}),
  }
}

/** The same for a group and for the target of a finding about it. */
function keyOf(remote: string, process: string | null | undefined, port: number | null | undefined): string {
  return `${remote} ${process ?? ''} ${port ?? ''}`
}

/** Targets of the findings, to mark their groups. */
export function stuckKeys(verdicts: ConnectionsView['verdicts']): ReadonlySet<string> {
  const targets = verdicts.map((verdict) => closeTarget(verdict.commands)).filter((target) => target !== null)
  return new Set(targets.map((target) => keyOf(target.remote, target.process, target.port)))
}

function time(ms: number | null): string | JSX.Element {
  return ms === null ? '' : <Figure {...duration(ms)} />
}

function size(value: number | null): string | JSX.Element {
  return value === null ? '' : <Figure {...bytes(value)} />
}

function growth(perMinute: number | null): string {
  if (perMinute === null) return ''
  return perMinute > 0 ? `+${count(perMinute)}` : count(perMinute)
}

/** Whether keep-alive probes are on; empty when unknown. */
export function keepAlive(on: boolean | null): string {
  return on === null ? '' : on ? 'on' : 'none'
}

function Remote({ group, stuck }: { readonly group: ConnectionGroup; readonly stuck: boolean }): JSX.Element {
  return (
    <span class="remote">
      {stuck && <Mark state="warning" word="in a finding" />}
      {group.direction === 'out' ? (
        <Name text={group.remote.name ?? remoteOf(group)} width={30} narrow={13} mono />
      ) : (
        <>
          <Name text={group.remote.name ?? group.remote.ip} width={22} narrow={13} mono />
          <span class="unit hide-narrow">to :{group.localPort}</span>
        </>
      )}
    </span>
  )
}

/** The columns; groups whose key is in `stuck` get a mark. */
export function columnsFor(stuck: ReadonlySet<string>): readonly Column<ConnectionGroup>[] {
  const inFinding = (group: ConnectionGroup): boolean =>
    stuck.has(keyOf(remoteOf(group), group.process, group.direction === 'in' ? group.localPort : null))
  return [
    {
      key: 'remote',
      title: 'Remote',
      value: remoteOf,
      cell: (group) => <Remote group={group} stuck={inFinding(group)} />,
    },
    {
      key: 'process',
      title: 'Process',
      value: (group) => group.process,
      cell: (group) => group.process && <Name text={group.process} width={14} narrow={8} />,
    },
    {
      key: 'unit',
      title: 'Unit',
      from: 'wide',
      value: (group) => group.unit,
      cell: (group) => group.unit && <Name text={group.unit} width={18} />,
    },
    {
      key: 'user',
      title: 'User',
      from: 'wide',
      value: (group) => group.user,
      cell: (group) => group.user && <Name text={group.user} width={10} />,
    },
    {
      key: 'state',
      title: 'State',
      from: 'medium',
      value: (group) => group.state,
      cell: (group) => <small>{group.protocol === 'udp' ? 'UDP' : <Name text={group.state} width={14} />}</small>,
    },
    { key: 'count', title: 'Count', numeric: true, value: (group) => group.count, cell: (group) => count(group.count) },
    {
      key: 'growthPerMinute',
      title: '/min',
      hint: 'Growth a minute',
      numeric: true,
      from: 'medium',
      value: (group) => group.growthPerMinute,
      cell: (group) => growth(group.growthPerMinute),
    },
    {
      key: 'idleMedianMs',
      title: 'Idle',
      hint: 'Since the last byte, median',
      numeric: true,
      value: (group) => group.idleMedianMs,
      cell: (group) => time(group.idleMedianMs),
    },
    {
      key: 'ageMaxMs',
      title: 'Age',
      hint: 'Of the oldest',
      numeric: true,
      from: 'medium',
      value: (group) => group.ageMaxMs,
      cell: (group) => time(group.ageMaxMs),
    },
    {
      key: 'keepAlive',
      title: 'Keep-alive',
      from: 'medium',
      value: (group) => keepAlive(group.keepAlive),
      cell: (group) => <small>{keepAlive(group.keepAlive)}</small>,
    },
    {
      key: 'bytesReceived',
      title: 'In',
      hint: 'Bytes received',
      numeric: true,
      from: 'medium',
      value: (group) => group.bytesReceived,
      cell: (group) => size(group.bytesReceived),
    },
    {
      key: 'bytesSent',
      title: 'Out',
      hint: 'Bytes sent',
      numeric: true,
      from: 'medium',
      value: (group) => group.bytesSent,
      cell: (group) => size(group.bytesSent),
    },
    {
      key: 'receiveQueue',
      title: 'Queue in',
      hint: 'Bytes that wait to be read by the process',
      numeric: true,
      from: 'wide',
      value: (group) => group.receiveQueue,
      cell: (group) => size(group.receiveQueue),
    },
    {
      key: 'sendQueue',
      title: 'Queue out',
      hint: 'Bytes that wait to be taken by the remote',
      numeric: true,
      from: 'wide',
      value: (group) => group.sendQueue,
      cell: (group) => size(group.sendQueue),
    },
  ]
}
