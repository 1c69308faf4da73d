/** The live screen: what it shows and what keys do. Pure; cli-live.ts connects it with a terminal. */
import { plain } from '#core/plain.ts'
import { cut, shorten } from '#core/tui/text.ts'
import type { Moment, Sample } from './sample.ts'
import { selectCpus, selectRows, SORTS, type Sort } from './select.ts'
import {
  answerLine,
  cpuColumnsThatFit,
  FEW_CPUS,
  figuresLine,
  findings,
  heat,
  list,
  wrap,
  type Style,
} from './text-view.ts'
import { answerOf } from './view.ts'

/** Which CPUs have columns: `few` when there are at most eight. */
export type CpuColumns = 'few' | 'all' | 'none'

/** What the user chose; flags set it at the start, keys change it. */
export interface ScreenState {
  readonly view: 'list' | 'heat' | 'findings' | 'help'
  readonly cpus: CpuColumns
  /** Ids; null: all. */
  readonly only: ReadonlySet<number> | null
  readonly sort: Sort
  readonly filter: RegExp | null
  /** What is typed after `/`; null when nothing is being typed. */
  readonly typed: string | null
  /** First row and first CPU column shown. */
  readonly top: number
  readonly left: number
  readonly frozen: boolean
  /** One line from the program: the end of a recording, a file that can't be read. */
  readonly notice: string
}

/** A drawn screen and the bounds that scrolling needs. */
export interface Drawn {
  readonly lines: readonly string[]
  /** Rows there are, rows that fit. */
  readonly rows: number
  readonly page: number
  /** CPU columns there are and fit. */
  readonly cpus: number
  readonly cpuPage: number
}

const HELP = [
  'up down pageup pagedown home end  scroll',
  'left right  processors',
  's      sort: rate, total, name, number',
  '/      filter by name, as one types',
  'a t    all processors, totals only',
  'h      heat map',
  'v      findings: evidence, commands',
  'space  freeze, go on',
  'esc    back to the list',
  'q      quit',
]

/** A filter as typed: names are matched anywhere, in either case. Null when it is no regular expression. */
export function parseFilter(typed: string): RegExp | null {
  try {
    return new RegExp(typed, 'i')
  } catch {
    return null
  }
}

function typing(state: ScreenState, typed: string, key: string): ScreenState {
  if (key === 'escape') return { ...state, typed: null, filter: null, top: 0 }
  if (key === 'enter') return { ...state, typed: null }
  const next =
    key === 'backspace' ? typed.slice(0, -1) : key === 'space' ? `${typed} ` : key.length === 1 ? typed + key : typed
  if (next === '') return { ...state, typed: next, filter: null, top: 0 }
  // What can't be a filter yet, `(` say, leaves the former one.
  return { ...state, typed: next, filter: parseFilter(next) ?? state.filter, top: 0 }
}

function toggled(state: ScreenState, view: ScreenState['view']): ScreenState {
  return { ...state, view: state.view === view ? 'list' : view, top: 0 }
}

/** What a key does; `drawn` is what the user sees while pressing it. */
export function pressed(state: ScreenState, key: string, drawn: Drawn): ScreenState {
  if (state.typed !== null) return typing(state, state.typed, key)
  const last = Math.max(0, drawn.rows - drawn.page)
  const to = (top: number): ScreenState => ({ ...state, top: Math.min(last, Math.max(0, top)) })
  const lastCpu = Math.max(0, drawn.cpus - drawn.cpuPage)
  const aside = (left: number): ScreenState => ({ ...state, left: Math.min(lastCpu, Math.max(0, left)) })
  const nextSort = SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length] ?? 'rate'
  const actions: Readonly<Record<string, () => ScreenState>> = {
    up: () => to(state.top - 1),
    k: () => to(state.top - 1),
    down: () => to(state.top + 1),
    j: () => to(state.top + 1),
    pageup: () => to(state.top - drawn.page),
    pagedown: () => to(state.top + drawn.page),
    home: () => to(0),
    end: () => to(last),
    left: () => aside(state.left - 1),
    right: () => aside(state.left + 1),
    space: () => ({ ...state, frozen: !state.frozen }),
    s: () => ({ ...state, sort: nextSort, top: 0 }),
    a: () => ({ ...state, view: 'list', cpus: state.cpus === 'all' ? 'few' : 'all', left: 0 }),
    t: () => ({ ...state, view: 'list', cpus: state.cpus === 'none' ? 'few' : 'none', left: 0 }),
    '/': () => ({ ...state, typed: '', view: state.view === 'heat' ? 'heat' : 'list' }),
    h: () => toggled(state, 'heat'),
    v: () => toggled(state, 'findings'),
    '?': () => toggled(state, 'help'),
    escape: () => ({ ...state, view: 'list', filter: null, top: 0 }),
  }
  return actions[key]?.() ?? state
}

/** Places of the CPUs that may have columns. */
export function cpuPlaces(sample: Sample, choice: CpuColumns): readonly number[] {
  const { cpus } = sample.interrupts.counts
  return choice === 'all' || (choice === 'few' && cpus.length <= FEW_CPUS) ? cpus.map((_, place) => place) : []
}

interface Body {
  /** Stays at the top while the rest scrolls. */
  readonly header: readonly string[]
  readonly rows: number
  readonly cpus: number
  readonly cpuPage: number
  lines(from: number, to: number): readonly string[]
}

function textBody(lines: readonly string[]): Body {
  return { header: [], rows: lines.length, cpus: 0, cpuPage: 0, lines: (from, to) => lines.slice(from, to) }
}

function tableBody(state: ScreenState, moment: Moment, style: Style): Body {
  const sample = selectCpus(moment.sample, state.only)
  const rows = selectRows(sample.interrupts, state.filter, state.sort)
  const places = state.view === 'list' ? cpuPlaces(sample, state.cpus) : []
  const cpuPage = cpuColumnsThatFit(style.columns)
  const left = Math.min(state.left, Math.max(0, places.length - cpuPage))
  const cpus = places.slice(left, left + cpuPage)
  const draw = (shown: readonly number[]): readonly string[] =>
    state.view === 'heat'
      ? heat(moment, sample.interrupts, shown, style)
      : [...list(moment, sample.interrupts, { rows: shown, cpus, trend: true }, style)]
  const header = draw([])
  return {
    header,
    rows: rows.length,
    cpus: places.length,
    cpuPage,
    // Widths follow what is shown, so the header is drawn with its rows.
    lines: (from, to) => draw(rows.slice(from, to)),
  }
}

function bodyOf(state: ScreenState, moment: Moment, style: Style): Body {
  if (state.view === 'help') return textBody(HELP)
  if (state.view === 'findings') {
    return textBody(moment.verdicts.length > 0 ? findings(moment.verdicts, style) : ['Nothing found.'])
  }
  return tableBody(state, moment, style)
}

function footer(state: ScreenState, body: Body, top: number, page: number, style: Style): string {
  if (state.typed !== null) return `/${plain(state.typed)}${style.ink('faint', '   enter: keep, esc: all lines')}`
  const place = body.rows === 0 ? 'nothing to show' : `${top + 1}-${Math.min(body.rows, top + page)} of ${body.rows}`
  const parts = [
    state.notice,
    state.frozen ? 'FROZEN' : '',
    state.view === 'list' || state.view === 'heat' ? `by ${state.sort}` : state.view,
    state.filter ? `filter ${state.filter.source}` : '',
    body.cpus > body.cpuPage ? `${body.cpuPage} of ${body.cpus} CPUs` : '',
    place,
  ]
  const said = parts.filter((part) => part !== '').join(style.unicode ? ' · ' : ', ')
  const keys = ['q quit', '? help', 'v findings', 'h heat', '/ filter', 's sort', 'space freeze']
  const line = shorten(plain(said), style.columns)
  let help = ''
  for (const key of keys)
    if (line.length + help.length + key.length + 4 <= style.columns) help += `${help === '' ? '' : '  '}${key}`
  const gap = Math.max(2, style.columns - line.length - help.length)
  return (
    (state.frozen || state.notice !== '' ? style.ink('warning', line) : line) +
    ' '.repeat(gap) +
    style.ink('faint', help)
  )
}

function headerLines(moment: Moment, state: ScreenState, style: Style, rows: number): string[] {
  const answer = answerOf(moment.sample, moment.verdicts)
  const paragraph = wrap(answer.paragraph, style.columns)
  const room = state.view === 'findings' ? 0 : rows >= 20 ? 2 : rows >= 14 ? 1 : 0
  const shown = paragraph.slice(0, room)
  const cutOff = paragraph.length > room && room > 0
  if (cutOff) shown[room - 1] = `${cut(shown[room - 1] ?? '', style.columns - 4)} ...`
  const sentence = wrap(answer.sentence, style.columns - 8)
  return [
    answerLine({ ...answer, sentence: sentence[0] ?? '' }, style),
    ...sentence.slice(1).map((line) => `        ${style.ink('strong', line)}`),
    ...shown.map((line) => style.ink('faint', line)),
    figuresLine(moment, style),
    ...(rows >= 14 ? [''] : []),
  ]
}

/** The whole screen of `rows` lines. */
export function drawScreen(state: ScreenState, moment: Moment, style: Style, rows: number): Drawn {
  const head = headerLines(moment, state, style, rows)
  const body = bodyOf(state, moment, style)
  const page = Math.max(1, rows - head.length - body.header.length - 1)
  const top = Math.min(state.top, Math.max(0, body.rows - page))
  const lines = [...head, ...body.lines(top, top + page)]
  while (lines.length < rows - 1) lines.push('')
  lines.length = Math.max(0, rows - 1)
  lines.push(footer(state, body, top, page, style))
  return { lines, rows: body.rows, page, cpus: body.cpus, cpuPage: body.cpuPage }
}
