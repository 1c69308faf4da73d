import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { NocError, exitCode, reasonOf } from '#core/errors.ts'
import { table } from '#core/tui/table.ts'
import { count } from '#core/units.ts'
import { type FilterFlags, filterOf } from './cli.ts'
import { carryOut, checkRight, closedText, describePlan, planClose, remoteMissing } from './close.ts'
import type { ConnectionsConfig } from './config.ts'
import { KEYS } from './groups.ts'
import { createLooker } from './look.ts'
import { MACHINE } from './owners.ts'
import { readSession } from './session.ts'
import type { CloseResult, SourceName } from './wire.ts'

/** Flags of `noc connections close` (index.ts). */
export interface CloseFlags extends FilterFlags {
  readonly yes: boolean
  readonly includingMySession: boolean
  readonly source: SourceName | undefined
}

/** `noc connections close --remote ADDRESS[:PORT]`. */
export async function close({ flags }: { readonly flags: CloseFlags }, cx: CommandContext): Promise<number> {
  if (flags.remote === undefined) throw remoteMissing()
  const filter = filterOf(flags)
  if (flags.yes) checkRight(MACHINE.proc)
  const config = await cx.config<ConnectionsConfig>()
  const looker = createLooker({
    source: flags.source ?? config.source,
    limits: config,
    clock: systemClock,
    since: () => null,
  })
  const look = await looker.look({ by: KEYS, filter, signal: cx.signal })
  const session = readSession(process.env, MACHINE.proc, process.pid)
  const plan = planClose(look, session)
  const mine = plan.sockets.filter((planned) => planned.session)
  if (mine.length > 0 && !flags.includingMySession) throw ownSession(mine.length, plan.sockets.length)
  if (!flags.yes || plan.sockets.length === 0) {
    tell(describePlan(plan), cx)
    return plan.sockets.length === 0 ? exitCode.found : exitCode.ok
  }
  const result = await carryOut(plan, cx.signal)
  tell(result, cx)
  await record(closedText(cx.actor, plan, result), cx)
  return result.failed.length === 0 ? exitCode.ok : exitCode.unable
}

function ownSession(mine: number, all: number): NocError {
  return new NocError(
    'NOC_CONNECTIONS_CLOSE_SESSION',
    `${mine === all ? 'This is' : `${mine} of these ${all} connections is`} your own session; closing it would cut you off.`,
    { hint: 'Narrow it with --process or a port, or add --including-my-session.', exit: exitCode.usage },
  )
}

function plural(connections: number): string {
  return `${count(connections)} ${connections === 1 ? 'connection' : 'connections'}`
}

function tell(result: CloseResult, { out, json }: CommandContext): void {
  if (json) return out.json(result)
  const { found, closed, failed, sockets, dryRun } = result
  if (found === 0) return out.line('No such connection; nothing to close.')
  const rows = sockets.map(({ local, remote, state, process, pid }) => [
    local,
    remote,
    state,
    pid === null ? (process ?? '-') : `${process ?? '?'} (${pid})`,
  ])
  const columns = [
    { title: 'LOCAL', shrink: 40 },
    { title: 'REMOTE', shrink: 40 },
    { title: 'STATE' },
    { title: 'PROCESS', shrink: 8, drop: 1 },
  ]
  const options = { columns: out.terminal ? out.columns() : Infinity, ink: out.ink.bind(out) }
  table(columns, rows, options).forEach((row) => out.line(row))
  out.line()
  if (dryRun) {
    out.line(out.ink('strong', `${plural(found)} would be closed; nothing was done.`))
    out.line('The same line with --yes does it.')
    return
  }
  out.line(out.ink(failed.length === 0 ? 'ok' : 'critical', `${count(closed)} of ${plural(found)} closed.`))
  for (const { socket, why } of failed) out.line(out.ink('critical', `still open: ${socket} (${why})`))
}

/** Keeps who closed what among the events of the daemon's store, which is made if there is none yet. */
async function record(text: string, cx: CommandContext): Promise<void> {
  try {
    const { openStore } = await import('#core/store/open.ts')
    const { addEvent } = await import('#core/alerts/table.ts')
    const db = await openStore(await cx.dataDirectory(), { create: true })
    try {
      addEvent(db, { at: systemClock.now(), system: 'connections', severity: 'info', text })
    } finally {
      db.close()
    }
  } catch (error) {
    cx.out.note(`Not kept among the events: ${reasonOf(error)} (${text})`)
  }
}
