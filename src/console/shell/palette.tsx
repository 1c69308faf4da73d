import { signal, useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { CommandList } from '#core/http/documents.ts'
import { testDelivery } from '../pages/alert-acts.tsx'
import { read } from '../state/api.ts'
import { tonight } from '../state/feeds.ts'
import { copy } from '../state/notice.ts'
import { go } from '../state/router.ts'
import { setTheme } from '../state/theme.ts'
import { Dialog } from '../ui/dialog.tsx'
import { fuzzyFilter } from './fuzzy.ts'
import { openShortcuts, overlay } from './overlays.ts'
import { homeEntries, systemEntry } from './rail.tsx'
import { pages } from '../../systems/pages.ts'

interface Item {
  readonly group: 'Pages' | 'Actions' | 'Commands, to copy'
  readonly label: string
  readonly note: string
  run(): void
}

/** Rows of the palette that are drawn; more are found by typing. */
const SHOWN = 60

const actions: readonly Item[] = [
  { group: 'Actions', label: 'Theme: dark', note: '', run: () => setTheme('dark') },
  { group: 'Actions', label: 'Theme: light', note: '', run: () => setTheme('light') },
  { group: 'Actions', label: 'Theme: auto', note: 'as the system', run: () => setTheme('auto') },
  { group: 'Actions', label: 'Test alert delivery', note: 'needs the token', run: () => void testDelivery() },
  { group: 'Actions', label: 'Shortcuts', note: '?', run: openShortcuts },
]

function pageItems(): Item[] {
  const document = tonight.document.value
  const systems = (document?.systems ?? []).filter((system) => pages[system.id])
  return [...homeEntries(document), ...systems.map(systemEntry)].map((entry) => ({
    group: 'Pages',
    label: entry.label,
    note: entry.count > 0 ? `${entry.count} open` : entry.word,
    run: () => go(entry.href),
  }))
}

function commandItem({ line, summary }: CommandList['commands'][number]): Item {
  return { group: 'Commands, to copy', label: line, note: summary, run: () => void copy(line) }
}

/** Read when the palette opens for the first time; they change only with the daemon. */
const commands: Signal<readonly Item[]> = signal([])

function useCommands(): readonly Item[] {
  useEffect(() => {
    if (commands.value.length > 0) return
    read<CommandList>('/api/commands').then(
      (list) => (commands.value = list.commands.map(commandItem)),
      // Without commands the palette still has pages and actions.
      () => undefined,
    )
  }, [])
  return commands.value
}

interface RowsProps {
  readonly items: readonly Item[]
  readonly at: number
  /** Groups have titles only while nothing is looked for. */
  readonly grouped: boolean
  onPoint(index: number): void
  onPick(item: Item): void
}

function Rows({ items, at, grouped, onPoint, onPick }: RowsProps): JSX.Element {
  return (
    <>
      {items.flatMap((item, index) => [
        ...(grouped && item.group !== items[index - 1]?.group
          ? [
              <li key={item.group} class="group" role="presentation">
                {item.group}
              </li>,
            ]
          : []),
        <li
          key={`${item.group} ${item.label}`}
          id={`pick-${index}`}
          role="option"
          aria-selected={index === at}
          onPointerMove={() => onPoint(index)}
          onClick={() => onPick(item)}
        >
          <span class={item.group.startsWith('Commands') ? 'mono' : ''}>{item.label}</span>
          <small>{item.note}</small>
        </li>,
      ])}
      {items.length === 0 && <li class="group">Nothing fits.</li>}
    </>
  )
}

/** Ctrl-K: pages, actions, and every command line to copy. */
export function Palette(): JSX.Element {
  const query = useSignal('')
  const at = useSignal(0)
  const list = useRef<HTMLUListElement>(null)
  const items = [...pageItems(), ...actions, ...useCommands()]
  const matches = (): readonly Item[] =>
    fuzzyFilter(items, (item) => `${item.label} ${item.note}`, query.value).slice(0, SHOWN)
  const found = matches()
  const close = (): void => void (overlay.value = null)
  const pick = (item: Item): void => {
    close()
    item.run()
  }
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    // Enter may come before what was typed is drawn.
    const chosen = matches()[at.value]
    if (step !== undefined) {
      at.value = (at.value + step + found.length) % Math.max(1, found.length)
      list.current?.querySelector(`#pick-${at.value}`)?.scrollIntoView({ block: 'nearest' })
    } else if (event.key === 'Enter' && chosen) pick(chosen)
    else return
    event.preventDefault()
  }
  return (
    <Dialog label="Search and commands" class="palette" onClose={close}>
      <input
        type="text"
        role="combobox"
        aria-label="Search pages, actions and commands"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`pick-${at.value}`}
        placeholder="Go to, do, or copy a command"
        spellcheck={false}
        autocomplete="off"
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value
          at.value = 0
        }}
        onKeyDown={onKey}
      />
      <ul ref={list} id="palette-list" role="listbox" aria-label="Found">
        <Rows
          items={found}
          at={at.value}
          grouped={query.value.trim() === ''}
          onPoint={(index) => (at.value = index)}
          onPick={pick}
        />
      </ul>
      <footer aria-hidden="true">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> choose
        </span>
        <span>
          <kbd>Enter</kbd> {found[at.value]?.group.startsWith('Commands') ? 'copy' : 'open'}
        </span>
        <span>
          <kbd>Esc</kbd> close
        </span>
      </footer>
    </Dialog>
  )
}
