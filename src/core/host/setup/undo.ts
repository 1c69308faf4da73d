import { NocError, exitCode, reasonOf, systemErrorCode } from '../../errors.ts'
import { type IntentEntry, standing } from './history.ts'
import { hashOf, type Journal } from './journal.ts'
import { diffOf, same } from './plan.ts'
import { type Run, type Session, beginRun, carryOut, dueOf, endRun, interrupted, locked, reload } from './run.ts'
import type { Host, Json, Kept, Kind, SetupEvent } from './types.ts'

/** What is to be taken back: one run, or all that stand; `force` overwrites what others have changed since. */
export interface UndoWish {
  readonly setup: string
  readonly kinds: ReadonlyMap<string, Kind>
  readonly run: number | null
  readonly force: boolean
  /** Of the undo plan that was shown; null: whatever it is. */
  readonly hash: string | null
}

/** What undo would do about one act. `same`: it is as before already. */
export interface UndoItem {
  readonly intent: IntentEntry
  readonly verdict: 'restore' | 'same' | 'conflict'
  /** Why it is a conflict; else empty. */
  readonly why: string
  readonly diff: readonly string[]
}

/** What undo would do, newest act first. */
export interface UndoPlan {
  readonly items: readonly UndoItem[]
  readonly hash: string
}

/** An act with its states read back from the journal. */
interface Former {
  readonly intent: IntentEntry
  readonly use: Kind
  readonly params: Json
  readonly before: Json
  readonly after: Json
}

function former(journal: Journal, kinds: UndoWish['kinds'], intent: IntentEntry): Former {
  const use = kinds.get(intent.kind)
  if (use === undefined) {
    throw new NocError('NOC_SETUP_KIND', `this version of Nocturne knows no kind "${intent.kind}"`, {
      hint: 'Undo it with the version that applied it.',
    })
  }
  const value = (kept: Kept): Json => journal.value(kept)
  return { intent, use, params: value(intent.params), before: value(intent.before), after: value(intent.after) }
}

/** The acts to be taken back, newest first, and what there is beside them. */
interface Batch {
  readonly acts: readonly IntentEntry[]
  /** All acts of apply that stand; those that are taken back go from here. */
  readonly open: Set<IntentEntry>
  readonly kept: Set<IntentEntry>
}

function batchOf(journal: Journal, run: number | null): Batch {
  if (run !== null && !journal.entries.some((entry) => entry.run === run)) {
    throw new NocError('NOC_SETUP_RUN', `There is no run ${run}.`, { exit: exitCode.usage })
  }
  const all = standing(journal.entries)
  const open = new Set(all.filter((intent) => intent.undoes === null))
  const acts = run === null ? [...open] : all.filter((intent) => intent.run === run)
  return { acts: acts.toReversed(), open, kept: new Set() }
}

/** Why an act can't be taken back, whatever its own state: something stands on it. */
function holder(intent: IntentEntry, { open, kept }: Batch, force: boolean): string | null {
  const later = [...open].find((other) => other.id === intent.id && other.run > intent.run)
  if (later) return `run ${later.run} changed it again, and that stands; kept`
  const above = force ? undefined : [...kept].find((other) => other.needs.includes(intent.id))
  return above === undefined ? null : `${above.id} was kept and needs it`
}

function judge({ use, before, after }: Former, now: Json, force: boolean): UndoItem['verdict'] {
  if (same(use, now, before)) return 'same'
  if (same(use, now, after)) return 'restore'
  const between = use.between?.(now, before, after) ?? 'foreign'
  if (between === 'void') return 'same'
  return between === 'ours' || force ? 'restore' : 'conflict'
}

const CHANGED = 'changed by someone else since; kept'

/** Looks what undo would do; changes nothing. */
export async function planUndo(host: Host, journal: Journal, wish: UndoWish): Promise<UndoPlan> {
  const batch = batchOf(journal, wish.run)
  // What an older act of the same thing will find.
  const then = new Map<string, Json>()
  const seen: Json[] = []
  const look = async (intent: IntentEntry): Promise<Omit<UndoItem, 'intent'>> => {
    const act = former(journal, wish.kinds, intent)
    const now = then.has(intent.id) ? (then.get(intent.id) ?? null) : await act.use.read(host, act.params)
    seen.push(now)
    const diff = diffOf({ ...act, secret: intent.secret }, now, act.before)
    const held = holder(intent, batch, wish.force)
    if (held !== null) return { verdict: 'conflict', why: held, diff }
    const verdict = judge(act, now, wish.force)
    if (verdict !== 'conflict') then.set(intent.id, act.before)
    return { verdict, why: verdict === 'conflict' ? CHANGED : '', diff }
  }
  const items: UndoItem[] = []
  for (const intent of batch.acts) {
    const found = await look(intent).catch((error: unknown) => broken(error))
    items.push({ intent, ...found })
    if (found.verdict === 'conflict') batch.kept.add(intent)
    else batch.open.delete(intent)
  }
  const named = items.map(({ intent, verdict }) => [intent.run, intent.seq, verdict])
  return { items, hash: hashOf(JSON.stringify([named, seen])) }
}

/** What can't be looked at is left alone. */
function broken(error: unknown): Omit<UndoItem, 'intent'> {
  if (!ofTheHost(error)) throw error
  return { verdict: 'conflict', why: reasonOf(error), diff: [] }
}

/** Anything else is a mistake of ours and must not look like the host's. */
function ofTheHost(error: unknown): boolean {
  return error instanceof NocError || systemErrorCode(error) !== undefined
}

/**
 * Takes acts back, newest first: restores what was before, leaves what is so already, and keeps and reports what
 * others have changed since. It can be killed at any point and run again.
 */
export function undo(session: Session, wish: UndoWish): AsyncGenerator<SetupEvent> {
  return locked(session, wish.setup, (journal) => undoLocked(session, journal, wish))
}

async function* undoLocked(session: Session, journal: Journal, wish: UndoWish): AsyncGenerator<SetupEvent> {
  if (wish.hash !== null && (await planUndo(session.host, journal, wish)).hash !== wish.hash) {
    throw new NocError('NOC_SETUP_STALE', 'The host has changed since this undo was shown.', {
      hint: 'Look at it again.',
      exit: exitCode.found,
    })
  }
  const batch = batchOf(journal, wish.run)
  if (batch.acts.length === 0 && dueOf(journal).size === 0) return
  const run = beginRun(session, journal, 'undo', wish.hash)
  yield { event: 'begin', setup: wish.setup, verb: 'undo', run: run.number }
  try {
    for (const intent of batch.acts) {
      if (session.signal.aborted) throw interrupted('undo')
      if (yield* undoAct(run, intent, wish, batch)) batch.open.delete(intent)
      else batch.kept.add(intent)
    }
    yield* reloadAll(run, wish.kinds)
  } catch (error) {
    yield endRun(run, wish.setup, 'stopped')
    throw error
  }
  yield endRun(run, wish.setup, batch.kept.size === 0 ? 'complete' : 'conflict')
}

/** Gives false when the act was kept. */
async function* undoAct(
  run: Run,
  intent: IntentEntry,
  wish: UndoWish,
  batch: Batch,
): AsyncGenerator<SetupEvent, boolean> {
  const { host } = run.session
  const { id, secret, needs, notify } = intent
  let diff: readonly string[] = []
  const keep = function* (why: string): Generator<SetupEvent, boolean> {
    run.note({ t: 'conflict', of: refOf(intent), why })
    yield { event: 'conflict', id, why, diff }
    return false
  }
  try {
    const act = former(run.journal, wish.kinds, intent)
    const { use, params, before } = act
    const now = await use.read(host, params)
    diff = diffOf({ use, params, secret }, now, before)
    const held = holder(intent, batch, wish.force)
    if (held !== null) return yield* keep(held)
    const verdict = judge(act, now, wish.force)
    if (verdict === 'conflict') return yield* keep(CHANGED)
    if (verdict === 'restore') {
      const why = `as it was before run ${intent.run}`
      yield { event: 'act', id, why, diff }
      const undoes = refOf(intent)
      await carryOut(run, { use, params, from: now, to: before, intent: { id, why, secret, needs, notify, undoes } })
    }
    await use.tidy?.(host, params)
    run.note({ t: 'undone', of: refOf(intent) })
    yield verdict === 'restore' ? { event: 'done', id } : { event: 'same', id }
    return true
  } catch (error) {
    // One thing that can't be put back must not keep the others from it; a journal that can't be written must (and
    // does: the note of this conflict fails too).
    if (!ofTheHost(error)) throw error
    return yield* keep(reasonOf(error))
  }
}

async function* reloadAll(run: Run, kinds: UndoWish['kinds']): AsyncGenerator<SetupEvent> {
  for (const target of dueOf(run.journal).values()) {
    const use = kinds.get(target.kind)
    if (use) yield* reload(run, use, target)
  }
}

function refOf({ run, seq }: IntentEntry): { readonly run: number; readonly seq: number } {
  return { run, seq }
}
