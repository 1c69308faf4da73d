/** What a journal means: which acts stand, what is still due. Pure. */
import type { Entry, Intent, Ref, Target } from './types.ts'

/** An intent with its place in the journal. */
export type IntentEntry = Entry<Intent>

const key = (ref: Ref): string => `${ref.run}.${ref.seq}`

/** Acts that have not been taken back, oldest first. Taking back an undo lets what it took back stand again. */
export function standing(entries: readonly Entry[]): readonly IntentEntry[] {
  const open = new Map<string, IntentEntry>()
  const all = new Map<string, IntentEntry>()
  for (const entry of entries) {
    if (entry.t === 'intent') {
      open.set(key(entry), entry)
      all.set(key(entry), entry)
    }
    if (entry.t !== 'undone') continue
    const back = all.get(key(entry.of))
    open.delete(key(entry.of))
    const again = back?.undoes ? all.get(key(back.undoes)) : undefined
    if (again) open.set(key(again), again)
  }
  return [...open.values()].toSorted((a, b) => a.run - b.run || a.seq - b.seq)
}

/** What must still read its configuration again: something that it depends on was changed, perhaps before a kill. */
export function due(entries: readonly Entry[]): readonly Target[] {
  const targets = new Map<string, Target>()
  for (const entry of entries) {
    if (entry.t === 'intent') for (const target of entry.notify) targets.set(target.id, target)
    if (entry.t === 'reloaded') targets.delete(entry.id)
  }
  return [...targets.values()]
}

/** The number of the next run. */
export function nextRun(entries: readonly Entry[]): number {
  return entries.reduce((most, entry) => Math.max(most, entry.run), 0) + 1
}

/** One apply or undo, for people. */
export interface RunSummary {
  readonly run: number
  readonly verb: 'apply' | 'undo'
  readonly actor: string
  /** ms since 1970. */
  readonly at: number
  /** `killed`: it never came to its end. */
  readonly outcome: 'complete' | 'conflict' | 'stopped' | 'killed'
  /** Acts of this run that stand. */
  readonly standing: number
  readonly acts: readonly IntentEntry[]
  /** Where it failed or found a conflict. */
  readonly troubles: readonly { readonly id: string; readonly why: string }[]
}

/** All runs, the newest first. */
export function runs(entries: readonly Entry[]): readonly RunSummary[] {
  const open = standing(entries)
  const begins = entries.filter((entry) => entry.t === 'begin')
  return begins.toReversed().map((begin) => {
    const own = entries.filter((entry) => entry.run === begin.run)
    const end = own.find((entry) => entry.t === 'end')
    const name = (of: Ref): string => {
      const intent = entries.find((entry) => entry.t === 'intent' && key(entry) === key(of))
      return intent?.t === 'intent' ? intent.id : key(of)
    }
    return {
      run: begin.run,
      verb: begin.verb,
      actor: begin.actor,
      at: begin.at,
      outcome: end?.outcome ?? 'killed',
      standing: open.filter((intent) => intent.run === begin.run && intent.undoes === null).length,
      acts: own.filter((entry) => entry.t === 'intent'),
      troubles: own.flatMap((entry) =>
        entry.t === 'failed' || entry.t === 'conflict' ? [{ id: name(entry.of), why: entry.why }] : [],
      ),
    }
  })
}
