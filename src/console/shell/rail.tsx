import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import type { SystemState, Tonight } from '#core/http/documents.ts'
import type { Wing } from '#core/glance.ts'
import { pages } from '../../systems/pages.ts'
import { pageMark } from '../pages/setups-state.ts'
import { setupList } from '../pages/setups.tsx'
import { markOf, wordOf } from '../pages/system-state.ts'
import { tonight } from '../state/feeds.ts'
import { path } from '../state/router.ts'
import { Mark, type State } from '../ui/mark.tsx'
import { Icon, Moon } from './icons.tsx'
import { openPalette, openShortcuts } from './overlays.ts'

const WINGS: readonly (readonly [Wing, string])[] = [
  ['watch', 'Watch'],
  ['serve', 'Serve'],
  ['protect', 'Protect'],
  ['world', 'World'],
]

interface Entry {
  readonly href: string
  readonly label: string
  readonly mark: State
  readonly word: string
  readonly count: number
}

/** The state of the alerts page: the worst that nobody acknowledged. */
function alertEntry(document: Tonight | null): Entry {
  const waiting = document?.findings.filter((alert) => alert.acknowledged === null) ?? []
  const worst = waiting.some((alert) => alert.severity === 'critical')
    ? 'critical'
    : waiting.length > 0
      ? 'warning'
      : 'ok'
  return {
    href: '/alerts',
    label: 'Alerts',
    mark: document ? worst : 'off',
    word: waiting.length > 0 ? 'open' : 'none open',
    count: waiting.length,
  }
}

/** The state of the set-ups page, once it was looked at: finding out takes programs on the host. */
function setupsEntry(): Entry {
  const list = setupList.value
  const { mark, word } = list ? pageMark(list) : { mark: 'off' as const, word: 'not looked at yet' }
  return { href: '/setups', label: 'Set-ups', mark, word, count: 0 }
}

/** Pages that belong to no system. */
export function homeEntries(document: Tonight | null): readonly Entry[] {
  const severity = document?.answer.severity
  const word =
    severity === undefined ? 'unknown' : severity === 'ok' ? 'quiet' : severity === 'warning' ? 'look' : 'bad'
  return [{ href: '/', label: 'Tonight', mark: severity ?? 'off', word, count: 0 }, alertEntry(document), setupsEntry()]
}

/** The page of a system. */
export function systemEntry(system: SystemState): Entry {
  return { href: `/${system.id}`, label: system.id, mark: markOf(system), word: wordOf(system), count: system.alerts }
}

function NavLink({ entry, onGo }: { readonly entry: Entry; onGo?: (() => void) | undefined }): JSX.Element {
  const here = path.value === entry.href
  return (
    <a class="nav" href={entry.href} aria-current={here ? 'page' : undefined} onClick={() => onGo?.()}>
      <Mark state={entry.mark} word={entry.word} />
      {entry.label}
      {entry.count > 0 && (
        <span class="count">
          {entry.count}
          <span class="vh"> open</span>
        </span>
      )}
    </a>
  )
}

function Wings({ onGo }: { onGo?: () => void }): JSX.Element {
  const document = tonight.document.value
  const systems = (document?.systems ?? []).filter((system) => pages[system.id])
  return (
    <div class="wings">
      <div class="wing">
        {homeEntries(document).map((entry) => (
          <NavLink key={entry.href} entry={entry} onGo={onGo} />
        ))}
      </div>
      {WINGS.map(([wing, title]) => {
        const members = systems.filter((system) => system.wing === wing)
        if (members.length === 0) return null
        return (
          <div class="wing" key={wing}>
            <h2>{title}</h2>
            {members.map((system) => (
              <NavLink key={system.id} entry={systemEntry(system)} onGo={onGo} />
            ))}
          </div>
        )
      })}
    </div>
  )
}

/** The list of pages at the left, each with its state. */
export function Rail(): JSX.Element {
  return (
    <nav class="rail" aria-label="Pages">
      <a class="brand" href="/">
        <Moon />
        Nocturne
      </a>
      <Wings />
    </nav>
  )
}

function currentEntry(document: Tonight | null): Entry | undefined {
  const system = document?.systems.find((one) => `/${one.id}` === path.value)
  return system ? systemEntry(system) : homeEntries(document).find((entry) => entry.href === path.value)
}

/** On a narrow screen: one bar with the page's name, and the list behind a button. */
export function Bar(): JSX.Element {
  const sheet = useRef<HTMLDivElement>(null)
  const close = (): void => sheet.current?.hidePopover()
  const here = currentEntry(tonight.document.value)
  const then = (run: () => void) => (): void => {
    close()
    run()
  }
  return (
    <header class="bar">
      <a class="brand" href="/">
        <Moon />
        Nocturne
      </a>
      <button type="button" class="menu-button" popovertarget="menu-sheet">
        {here && <Mark state={here.mark} word={here.word} />}
        {here?.label ?? 'Pages'}
        <Icon name="menu" />
      </button>
      <div id="menu-sheet" class="menu-sheet" popover="auto" ref={sheet}>
        <nav aria-label="Pages">
          <Wings onGo={close} />
        </nav>
        <div class="sheet-acts">
          <button type="button" class="button" onClick={then(openPalette)}>
            Search and commands
          </button>
          <button type="button" class="button" onClick={then(openShortcuts)}>
            Shortcuts
          </button>
        </div>
      </div>
    </header>
  )
}
