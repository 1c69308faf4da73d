import type { JSX } from 'preact'
import { useId, useRef } from 'preact/hooks'

/** One line of a menu. */
export interface MenuItem {
  readonly label: string
  run(): void
}

const GAP = 4

/** A button that opens a short list of acts; closes by itself, by Escape and by a click elsewhere. */
export function Menu({ label, items }: { readonly label: string; readonly items: readonly MenuItem[] }): JSX.Element {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const list = useRef<HTMLDivElement>(null)

  const place = (): void => {
    const at = button.current?.getBoundingClientRect()
    const menu = list.current
    if (!at || !menu) return
    const below = at.bottom + GAP + menu.offsetHeight < innerHeight
    menu.style.top = `${below ? at.bottom + GAP : at.top - GAP - menu.offsetHeight}px`
    menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - menu.offsetWidth - 8))}px`
    menu.querySelector('button')?.focus()
  }
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const all = [...(list.current?.querySelectorAll('button') ?? [])]
    const here = all.findIndex((one) => one === document.activeElement)
    all[(here + step + all.length) % all.length]?.focus()
  }

  return (
    <>
      <button type="button" class="button" ref={button} popovertarget={id} aria-haspopup="menu">
        {label}
        <span aria-hidden="true">▾</span>
      </button>
      <div
        id={id}
        class="menu"
        popover="auto"
        role="menu"
        aria-label={label}
        ref={list}
        onToggle={(event) => event.newState === 'open' && place()}
        onKeyDown={move}
      >
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            onClick={() => {
              list.current?.hidePopover()
              item.run()
            }}
          >
            {item.label}
          </button>
        ))}
      </div>
    </>
  )
}
