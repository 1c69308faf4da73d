import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
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
  readonly group: 'Pages' | 'Acts' | 'Commands, to copy'
  readonly label: string
  readonly note: string
  run(): void
}

/** Rows of the palette that are drawn; more are found by typing. */
const SHOWN = 60

const acts: readonly Item[] = [
  { group: 'Acts', label: 'Theme: dark', note: '', run: () => setTheme('dark') },
  { group: 'Acts', label: 'Theme: light', note: '', run: () => setTheme('light') },
  { group: 'Acts', label: 'Theme: auto', note: 'as the system', run: () => setTheme('auto') },
  { group: 'Acts', label: 'Test alert delivery', note: 'needs the token', run: () => void testDelivery() },
  { group: 'Acts', label: 'Shortcuts', note: '?', run: openShortcuts },
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

function useCommands(): readonly Item[] {
  const list = useSignal<readonly Item[]>([])
  useEffect(() => {
    const stop = new AbortController()
    read<CommandList>('/api/commands', stop.signal).then(
      ({ commands }) => (list.value = commands.map(commandItem)),
      // Without commands the palette still has pages and acts.
      () => undefined,
    )
    return () => stop.abort()
  }, [])
  return list.value
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

/** Ctrl-K: pages, acts, and every command line to copy. */
export function Palette(): JSX.Element {
  const query = useSignal('')
  const at = useSignal(0)
  const list = useRef<HTMLUListElement>(null)
  const commands = useCommands()
  const here = pageItems()
  const items = useMemo(() => [...here, ...acts, ...commands], [commands, here.length])
  const found = fuzzyFilter(items, (item) => `${item.label} ${item.note}`, query.value).slice(0, SHOWN)
  const close = (): void => void (overlay.value = null)
  const pick = (item: Item): void => {
    close()
    item.run()
  }
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const chosen = found[at.value]
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
        aria-label="Search pages, acts and commands"
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
