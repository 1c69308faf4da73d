import type { JSX } from 'preact'
import { bytes, count, text, type Quantity } from '#core/units.ts'
import { endpoint, plural, span, visible } from '../../console/format.ts'
import { closeTarget, hostAndPort, planHref, type CloseTarget } from '../../console/plan.ts'
import { Mark } from '../../console/ui/mark.tsx'
import { Name } from '../../console/ui/name.tsx'
import { Table, type Column } from '../../console/ui/table.tsx'
import { ProbeButton, ProbeOutcome, useProbe } from './page-probe.tsx'
import type { ConnectionGroup, ConnectionsView } from './wire.ts'

const SOURCES: Readonly<Record<ConnectionsView['source'], string>> = {
  netlink: 'the kernel (netlink, inet_diag)',
  ss: 'ss',
  proc: '/proc/net',
}
/** Pids named in a row's details; the rest is counted. */
const PIDS = 24

function remoteOf(group: ConnectionGroup): string {
  return endpoint(group.remote.ip, group.remote.port)
}

/** What a plan to close this group is about; null for what can't or need not be closed. */
function targetOf({ remote, process, direction, protocol, state, localPort }: ConnectionGroup): CloseTarget | null {
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

function Figure({ quantity }: { readonly quantity: Quantity }): JSX.Element {
  return (
    <>
      {quantity.value}
      <span class="unit">{quantity.unit}</span>
    </>
  )
}

function time(ms: number | null): string | JSX.Element {
  if (ms === null) return ''
  const [value = '', unit = ''] = span(ms).split(' ')
  return <Figure quantity={{ value, unit }} />
}

function size(value: number | null): string | JSX.Element {
  return value === null ? '' : <Figure quantity={bytes(value)} />
}

function growth(perMinute: number | null): string {
  if (perMinute === null) return ''
  return perMinute > 0 ? `+${count(perMinute)}` : count(perMinute)
}

function keepAlive(on: boolean | null): string {
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

function columnsFor(stuck: ReadonlySet<string>): readonly Column<ConnectionGroup>[] {
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

function Fact({
  title,
  value,
  whole,
}: {
  readonly title: string
  readonly value: string | null
  readonly whole?: boolean
}): JSX.Element {
  return (
    <div class={whole ? 'whole' : ''}>
      <dt>{title}</dt>
      <dd>{value === null || value === '' ? 'unknown' : visible(value)}</dd>
    </div>
  )
}

function Detail({ group }: { readonly group: ConnectionGroup }): JSX.Element {
  const probe = useProbe()
  const remote = remoteOf(group)
  const target = targetOf(group)
  const where = group.direction === 'out' ? hostAndPort(remote) : null
  const { pids } = group
  const rest = pids.length > PIDS ? ` and ${pids.length - PIDS} more` : ''
  const milliseconds = (value: number | null): string | null => (value === null ? null : span(value))
  const size = (value: number | null): string | null => (value === null ? null : text(bytes(value)))
  return (
    <div class="stack">
      <dl class="facts">
        <Fact title="Remote" value={remote} />
        <Fact title="Name" value={group.remote.name ?? 'not resolved'} />
        <Fact
          title="Direction"
          value={group.direction === 'out' ? 'opened from here' : `came in to port ${group.localPort}`}
        />
        <Fact title="State" value={`${group.state}, ${group.protocol}`} />
        <Fact title="Process" value={group.process} />
        <Fact title="Unit" value={group.unit} />
        <Fact title="User" value={group.user} />
        <Fact title="Keep-alive probes" value={keepAlive(group.keepAlive)} />
        <Fact title="Idle, longest" value={milliseconds(group.idleMaxMs)} />
        <Fact title="Age of the oldest" value={milliseconds(group.ageMaxMs)} />
        <Fact
          title="Received, sent"
          value={group.bytesReceived === null ? null : `${size(group.bytesReceived)}, ${size(group.bytesSent)}`}
        />
        <Fact title="Waits in, waits out" value={`${size(group.receiveQueue)}, ${size(group.sendQueue)}`} />
        <Fact title="Pids" value={pids.slice(0, PIDS).join(' ') + rest} whole />
      </dl>
      {target && (
        <div class="row-acts">
          {where && <ProbeButton where={where} probe={probe} />}
          <a class="button" href={planHref(target)}>
            Plan: close {count(group.count)}
          </a>
        </div>
      )}
      {probe.state.value !== null && <ProbeOutcome probe={probe} />}
    </div>
  )
}

function idOf(group: ConnectionGroup): string {
  const { remote, process, unit, user, state, direction, protocol, localPort } = group
  return [remote.ip, remote.port, localPort, process, unit, user, state, direction, protocol].join(' ')
}

/** All groups, the source they come from, and what it can't tell. */
export function Groups({ document }: { readonly document: ConnectionsView }): JSX.Element {
  const { groups, hiddenGroups, source, unknown, verdicts } = document
  const stuck = new Set(
    verdicts.flatMap((verdict) => {
      const target = closeTarget(verdict.commands)
      return target ? [keyOf(target.remote, target.process, target.port)] : []
    }),
  )
  const hidden =
    hiddenGroups > 0
      ? ` ${plural(hiddenGroups, 'smaller group is', 'smaller groups are')} left out here, not in noc connections --all.`
      : ''
  return (
    <Table
      title="Groups"
      file="connections"
      rows={groups}
      columns={columnsFor(stuck)}
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
