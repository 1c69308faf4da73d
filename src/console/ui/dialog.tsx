import type { ComponentChildren, JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

interface Props {
  readonly label: string
  readonly class?: string
  /** Escape, a click outside, or done. */
  onClose(): void
  readonly children: ComponentChildren
}

/** A native modal dialog, open for as long as it is rendered. The browser keeps the focus inside and gives it back. */
export function Dialog({ label, class: kind = '', onClose, children }: Props): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  // Before the next key: what is typed right after Ctrl-K belongs to the dialog.
  useLayoutEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      class={`dialog ${kind}`}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      {children}
    </dialog>
  )
}
