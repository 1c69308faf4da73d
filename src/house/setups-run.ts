import type { CommandContext, Input } from '#core/cli/command.ts'
import type { Ink } from '#core/cli/output.ts'
import { systemClock } from '#core/clock.ts'
import { loadConfig } from '#core/config/load.ts'
import { exitCode } from '#core/errors.ts'
import { type ConfiguredSetup, workHere } from '#core/host/setup/configured.ts'
import type { SetupDocument } from '#core/host/setup/documents.ts'
import { type HelperOptions, answerOne } from '#core/host/setup/helper.ts'
import { createHost } from '#core/host/setup/host.ts'
import { type SetupState, stateOf } from '#core/host/setup/state.ts'
import { type Cell, table } from '#core/tui/table.ts'
import { clock, count } from '#core/units.ts'
import { systems } from '#systems/index.ts'
import { configuredSetups } from './configured-setups.ts'

async function setupsOf(cx: CommandContext): Promise<readonly ConfiguredSetup[]> {
  return configuredSetups(await loadConfig(cx.configFile(), systems))
}

async function placeOf(cx: CommandContext): Promise<Parameters<typeof workHere>[0]> {
  return { host: createHost({}), data: await cx.dataDirectory(), clock: systemClock, signal: cx.signal }
}

const INKS: Readonly<Record<SetupState, Ink>> = {
  applied: 'ok',
  'as wanted': 'ok',
  drifted: 'warning',
  'cut short': 'warning',
  unknown: 'warning',
  'not applied': 'faint',
}

/** The state, and behind it what waits or why it is not known. */
function stateText(setup: SetupDocument): string {
  const state = stateOf(setup)
  if (state === 'unknown') return `${state}: ${setup.error ?? 'could not be found out'}`
  return state === 'drifted' ? `${state}: ${count(setup.pending ?? 0)} to make` : state
}

function lastRun({ last }: SetupDocument, now: number): string {
  return last === null ? '' : `${last.verb} by ${last.actor}, ${clock(last.at, now)}, ${last.outcome}`
}

export async function list(_: Input, cx: CommandContext): Promise<number> {
  const place = await placeOf(cx)
  const setups: SetupDocument[] = []
  for (const one of await setupsOf(cx)) setups.push(await workHere(place, one).describe())
  const now = systemClock.now()
  if (cx.json) cx.out.json({ setups })
  else {
    const columns = [{ title: 'SET-UP' }, { title: 'STATE', shrink: 16 }, { title: 'LAST', shrink: 16 }]
    const rows = setups.map((setup): Cell[] => {
      return [setup.name, { text: stateText(setup), ink: INKS[stateOf(setup)] }, lastRun(setup, now)]
    })
    for (const line of table(columns, rows, { columns: cx.out.columns(), ink: (ink, text) => cx.out.ink(ink, text) }))
      cx.out.line(line)
  }
  return setups.map(stateOf).some((state) => state === 'drifted' || state === 'cut short')
    ? exitCode.found
    : exitCode.ok
}

export async function helper(_: Input, cx: CommandContext): Promise<number> {
  const output = process.stdout
  // A closed pipe ends other commands at once; a run ends between two steps.
  output.removeAllListeners('error')
  const [place, setups] = [await placeOf(cx), await setupsOf(cx)]
  const work: HelperOptions['work'] = (name, gone) => {
    const one = setups.find(({ setup }) => setup.name === name)
    return one === undefined ? null : workHere({ ...place, signal: AbortSignal.any([place.signal, gone]) }, one)
  }
  try {
    await answerOne({ work, input: cx.stdin, output })
    return exitCode.ok
  } finally {
    // Who asked waits for us to end, and keeps it open until then.
    cx.stdin.destroy()
  }
}
