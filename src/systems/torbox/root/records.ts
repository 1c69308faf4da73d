/** Which boxes there are: a directory each, made by whoever starts the box; its first process adds who it is. */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NocError, exitCode, systemErrorCode } from '#core/errors.ts'
import type { Keep } from '../config.ts'
import { type Seat, inTurn } from './network.ts'
import { type ProcessId, alive, parseStat } from './processes.ts'

/** Where boxes are written down; only root may look. */
export const REGISTRY = '/run/nocturne/torbox'

/** What is known of a box from its beginning. */
export interface RootBoxRecord {
  readonly name: string
  readonly seat: Seat
  /** Who its program runs as. */
  readonly user: string
  readonly command: readonly string[]
  readonly firejail: boolean
  /** What it was let through to. */
  readonly keep: readonly Keep[]
  /** ms since 1970. */
  readonly since: number
  /** The noc that started it; the box ends with it. */
  readonly starter: ProcessId
}

/** A box as it is now. `stale`: it ended without being cleared away, since its starter was killed. */
export interface RootBox extends RootBoxRecord {
  readonly state: 'starting' | 'running' | 'stale'
  /** Its first process, as this machine counts; null before there is one. */
  readonly init: ProcessId | null
  readonly directory: string
}

/** The registry below a directory; tests have their own. */
export interface Registry {
  list(): readonly RootBox[]
  find(name: string): RootBox | null
  /**
   * Makes the directory of a new box, with a seat that nobody has; a taken name gets a number when `numbered`.
   * Two that do this at the same time get two names and two seats.
   */
  claim(wish: Omit<RootBoxRecord, 'seat'>, all: readonly Seat[], numbered: boolean): RootBox
  /** Gives the box another seat that nobody has; the old one is free afterwards. `starter`: who does it. */
  reseat(box: RootBox, starter: ProcessId, all: readonly Seat[]): RootBox
  /** Forgets a box; not one that has its name by now. */
  release(box: RootBox): void
  /** Removes what those left who were killed while they claimed. */
  sweep(): void
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/
/** Most boxes of one command that get a number. */
const MOST_NUMBERED = 1000

/** Refuses names that could be taken for a path or an option. */
export function checkName(name: string): void {
  if (NAME.test(name)) return
  throw new NocError('NOC_TORBOX_NAME', `"${name}" can't name a box: up to 32 letters, digits, dots, dashes.`, {
    exit: exitCode.usage,
  })
}

/** The registry in `base`. */
export function createRegistry(base: string = REGISTRY): Registry {
  const boxes = join(base, 'boxes')
  const seats = join(base, 'seats')

  const read = (name: string): RootBox | null => {
    const directory = join(boxes, name)
    const record = recordIn(directory)
    if (record === null) return null
    const init = parseStat(readOr(join(directory, 'init'), ''))
    const lives = alive(init ?? record.starter)
    const state = lives ? (init === null ? 'starting' : 'running') : 'stale'
    return { ...record, state, init: init && { pid: init.pid, started: init.started }, directory }
  }
  const list = (): readonly RootBox[] =>
    entries(boxes)
      .filter((name) => NAME.test(name))
      .map(read)
      .filter((box) => box !== null)
      .toSorted((a, b) => a.since - b.since)
  const takeSeat = (starter: ProcessId, all: readonly Seat[]): Seat => {
    const last = join(base, 'last')
    for (const seat of inTurn(all, readOr(last, null))) {
      if (!exclusively(join(seats, seat.address), ownerText(starter))) continue
      writeFileSync(last, seat.address)
      return seat
    }
    throw new NocError('NOC_TORBOX_FULL', `All ${all.length} addresses of the bridge have a box.`, {
      hint: '`noc torbox ls` shows them, `noc torbox stop NAME` ends one.',
    })
  }
  const freeSeat = ({ address }: Seat): void => rmSync(join(seats, address), { force: true })
  return {
    list,
    find: (name) => (NAME.test(name) ? read(name) : null),
    claim(wish, all, numbered) {
      checkName(wish.name)
      prepare([base, boxes, seats])
      const seat = takeSeat(wish.starter, all)
      try {
        return { ...takeName(boxes, { ...wish, seat }, numbered), state: 'starting', init: null }
      } catch (error) {
        freeSeat(seat)
        throw error
      }
    },
    reseat(box, starter, all) {
      const seat = takeSeat(starter, all)
      const record = recordIn(box.directory)
      if (record !== null) writeRecord(box.directory, { ...record, seat })
      freeSeat(box.seat)
      return { ...box, seat }
    },
    release(box) {
      const now = read(box.name)
      if (now === null || ownerText(now.starter) !== ownerText(box.starter)) return
      rmSync(box.directory, { recursive: true, force: true })
      freeSeat(now.seat)
    },
    sweep() {
      const used = new Set(list().map(({ seat }) => seat.address))
      for (const address of entries(seats)) {
        if (!used.has(address) && !ownerLives(readOr(join(seats, address), ''))) freeSeat({ address, port: '' })
      }
      for (const name of entries(boxes)) {
        if (!NAME.test(name) && !ownerLives(name.slice(1))) rmSync(join(boxes, name), { recursive: true, force: true })
      }
    },
  }
}

/** Makes the directory beside, then gives it its name: nobody sees one that is half made. */
function takeName(
  boxes: string,
  wish: RootBoxRecord,
  numbered: boolean,
): RootBoxRecord & { readonly directory: string } {
  const fresh = join(boxes, `.${ownerText(wish.starter)}`)
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { mode: 0o700 })
  for (let number = 1; number <= (numbered ? MOST_NUMBERED : 1); number += 1) {
    const name = number === 1 ? wish.name : `${wish.name}-${number}`
    const directory = join(boxes, name)
    writeRecord(fresh, { ...wish, name })
    if (renamed(fresh, directory)) return { ...wish, name, directory }
  }
  rmSync(fresh, { recursive: true, force: true })
  throw new NocError('NOC_TORBOX_NAME_TAKEN', `There is a box named ${wish.name} already.`, {
    hint: `\`noc torbox join ${wish.name} -- CMD\` runs something in it; \`noc torbox stop ${wish.name}\` ends it.`,
    exit: exitCode.usage,
  })
}

/** Names a process in files: one that lives, or one that is gone for good. */
function ownerText({ pid, started }: ProcessId): string {
  return `${pid}.${started}`
}

function ownerLives(text: string): boolean {
  const [pid = NaN, started = NaN] = text.split('.').map(Number)
  return alive({ pid, started })
}

function recordIn(directory: string): RootBoxRecord | null {
  const text = readOr(join(directory, 'box.json'), null)
  return text === null ? null : (JSON.parse(text) as RootBoxRecord)
}

function writeRecord(directory: string, record: RootBoxRecord): void {
  writeFileSync(join(directory, 'box.json.new'), JSON.stringify(record), { mode: 0o600 })
  renameSync(join(directory, 'box.json.new'), join(directory, 'box.json'))
}

function prepare(folders: readonly string[]): void {
  try {
    for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new NocError('NOC_TORBOX_REGISTRY', `Boxes can't be written down in ${folders[0] ?? ''}.`, { cause: error })
  }
}

function readOr<T>(file: string, otherwise: T): string | T {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return otherwise
    throw error
  }
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** False when there is one of that name. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(systemErrorCode(error) ?? '')) return false
    throw error
  }
}

/** False when it is there. */
function exclusively(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw error
  }
}
