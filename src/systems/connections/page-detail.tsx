import type { JSX } from 'preact'
import { bytes, count, text } from '#core/units.ts'
import { span, visible } from '../../console/format.ts'
import { hostAndPort, planHref } from '../../console/plan.ts'
import { keepAlive, remoteOf, targetOf } from './page-columns.tsx'
import { ProbeButton, ProbeOutcome, useProbe } from './page-probe.tsx'
import type { ConnectionGroup } from './wire.ts'

/** Pids named; the rest is counted. */
const PIDS = 24

function Fact({ title, value }: { readonly title: string; readonly value: string | null }): JSX.Element {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{value === null || value === '' ? 'unknown' : visible(value)}</dd>
    </div>
  )
}

function known(value: number | null, words: (value: number) => string): string | null {
  return value === null ? null : words(value)
}

function size(value: number | null): string {
  return known(value, (one) => text(bytes(one))) ?? 'unknown'
}

function Facts({ group }: { readonly group: ConnectionGroup }): JSX.Element {
  const { pids, direction } = group
  const rest = pids.length > PIDS ? ` and ${pids.length - PIDS} more` : ''
  return (
    <dl class="facts">
      <Fact title="Remote" value={remoteOf(group)} />
      <Fact title="Name" value={group.remote.name ?? 'not resolved'} />
      <Fact
        title="Direction"
        value={direction === 'out' ? 'opened from here' : `came in to port ${group.localPort ?? 'unknown'}`}
      />
      <Fact title="State" value={`${group.state}, ${group.protocol}`} />
      <Fact title="Process" value={group.process} />
      <Fact title="Unit" value={group.unit} />
      <Fact title="User" value={group.user} />
      <Fact title="Keep-alive probes" value={keepAlive(group.keepAlive)} />
      <Fact title="Idle, longest" value={known(group.idleMaxMs, span)} />
      <Fact title="Age of the oldest" value={known(group.ageMaxMs, span)} />
      <Fact title="Received, sent" value={`${size(group.bytesReceived)}, ${size(group.bytesSent)}`} />
      <Fact title="Waits in, waits out" value={`${size(group.receiveQueue)}, ${size(group.sendQueue)}`} />
      <Fact title="Pids" value={pids.slice(0, PIDS).join(' ') + rest} />
    </dl>
  )
}

/** Everything about one group, and what can be done. */
export function Detail({ group }: { readonly group: ConnectionGroup }): JSX.Element {
  const probe = useProbe()
  const target = targetOf(group)
  const where = group.direction === 'out' ? hostAndPort(remoteOf(group)) : null
  return (
    <div class="stack">
      <Facts group={group} />
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
