/** What apply and undo share: the lock, the journal, and one act between its intent and its end. */
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { NocError, exitCode, reasonOf } from '../../errors.ts'
import { lockFile, type DataLock } from '../../store/lock.ts'
import { due, nextRun } from './history.ts'
import { makeFolder } from './files.ts'
import { diskFull, fileTrouble } from './host.ts'
import { SETUPS_FOLDER, openJournal, type Journal } from './journal.ts'
import { same } from './plan.ts'
import type { Host, Intent, Json, Kind, Note, Outcome, Ref, SetupEvent, Target } from './types.ts'

/** Where a kill would be of interest; tests hand in a function that kills. */
export type Point = 'intent' | 'act' | 'acted' | 'done' | 'reload' | 'reloaded'

/** Who changes which host, and where that is written down. */
export interface Session {
  readonly host: Host
  /** The data directory. */
  readonly data: string
  readonly actor: string
  readonly clock: Clock
  /** Stops between two steps, never within one. */
  readonly signal: AbortSignal
  readonly point?: (point: Point) => void
}

/** A run that has the lock and its line in the journal. */
export interface Run {
  readonly session: Session
  readonly journal: Journal
  readonly number: number
  note(note: Note): Ref
}

/** One thing to be brought from one state to another. */
export interface Act {
  readonly use: Kind
  readonly params: Json
  readonly from: Json
  readonly to: Json
  readonly intent: Pick<Intent, 'id' | 'why' | 'secret' | 'needs' | 'notify' | 'undoes'>
}

async function lockSetups(data: string): Promise<DataLock> {
  const folder = join(data, SETUPS_FOLDER)
  const file = join(folder, 'lock')
  try {
    makeFolder(folder)
    return await lockFile(file, (cause) => {
      return new NocError('NOC_SETUP_BUSY', 'Another set-up is being applied or undone right now.', {
        hint: 'Wait for it to end, then look at the plan again.',
        cause,
      })
    })
  } catch (error) {
    if (!(error instanceof NocError) || error.code === 'NOC_SETUP_BUSY') throw fileTrouble(error, file)
    // The store's own words speak of the daemon.
    throw error.code === 'NOC_STORE_FULL' ? diskFull(file, error) : fileTrouble(error.cause, file)
  }
}

/** Runs `work` with the lock and the journal; both are given back however it ends. */
export async function* locked(
  session: Session,
  setup: string,
  work: (journal: Journal) => AsyncGenerator<SetupEvent>,
): AsyncGenerator<SetupEvent> {
  const lock = await lockSetups(session.data)
  try {
    const journal = openJournal(session.data, setup, { writable: true })
    try {
      yield* work(journal)
    } finally {
      journal.close()
    }
  } finally {
    lock.release()
  }
}

/** Begins a run in the journal. */
export function beginRun(session: Session, journal: Journal, verb: 'apply' | 'undo', hash: string | null): Run {
  const number = nextRun(journal.entries)
  const note = (text: Note): Ref => journal.append(number, session.clock.now(), text)
  note({ t: 'begin', verb, actor: session.actor, hash })
  return { session, journal, number, note }
}

/** Ends a run in the journal, as far as the journal can still be written. */
export function endRun(run: Run, setup: string, outcome: Outcome): SetupEvent {
  try {
    run.note({ t: 'end', outcome })
  } catch (error) {
    // It failed because of the disk, most likely; a run without an end counts as killed, which is as good.
    if (outcome !== 'stopped') throw error
  }
  return { event: 'end', setup, run: run.number, outcome }
}

/** Writes the intent, acts, and looks whether it took. */
export async function carryOut(run: Run, { use, params, from, to, intent }: Act): Promise<void> {
  const { host, point } = run.session
  const keep = (value: Json): Intent['before'] => run.journal.keep(value, intent.secret)
  const kept = { params: keep(params), before: keep(from), after: keep(to) }
  point?.('intent')
  const of = run.note({ t: 'intent', kind: use.name, ...kept, ...intent })
  point?.('act')
  try {
    await use.write(host, params, to, from)
    const now = await use.read(host, params)
    if (!same(use, now, to)) {
      throw new NocError('NOC_SETUP_NO_EFFECT', `${intent.id} was set, but it is not so afterwards.`, {
        hint: 'Something else sets it back, or a service ended right after its start: look at the log.',
      })
    }
  } catch (error) {
    noteFailure(run, of, error)
    throw error
  }
  point?.('acted')
  run.note({ t: 'done', of })
  point?.('done')
}

function noteFailure(run: Run, of: Ref, error: unknown): void {
  try {
    run.note({ t: 'failed', of, why: reasonOf(error) })
  } catch {
    // A full disk refuses this line too; the intent stands, and that is what undo needs.
  }
}

/** What waits for a reload now. */
export function dueOf(journal: Journal): ReadonlyMap<string, Target> {
  return new Map(due(journal.entries).map((target) => [target.id, target]))
}

/** Lets a target read its configuration again, once. */
export async function* reload(run: Run, use: Kind, target: Target): AsyncGenerator<SetupEvent> {
  const { host, point } = run.session
  point?.('reload')
  const done = await use.reload?.(host, target.params)
  point?.('reloaded')
  run.note({ t: 'reloaded', id: target.id })
  if (done) yield { event: 'reload', id: target.id }
}

/** Ctrl-C between two steps. */
export function interrupted(verb: string): NocError {
  return new NocError('NOC_SETUP_INTERRUPTED', `The ${verb} was interrupted between two steps.`, {
    exit: exitCode.interrupted,
  })
}
