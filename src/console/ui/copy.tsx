import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { visible } from '../format.ts'
import { copy } from '../state/notice.ts'

/** How long the button says that it worked, ms. */
const SHOWN = 1500

/** Copies `text`; the button keeps its width. */
export function Copy({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }): JSX.Element {
  const done = useSignal(false)
  const press = async (): Promise<void> => {
    if (!(await copy(text))) return
    done.value = true
    setTimeout(() => (done.value = false), SHOWN)
  }
  return (
    <button type="button" class="button small" onClick={() => void press()}>
      <span class="swap">
        <span hidden={done.value}>{label}</span>
        <span hidden={!done.value}>Copied</span>
      </span>
    </button>
  )
}

/** The command that gives the same in a terminal; every page ends with one. */
export function CliLine({ command }: { readonly command: string }): JSX.Element {
  return (
    <div class="cli" role="group" aria-label="The same in a terminal">
      <b aria-hidden="true">$</b>
      <span tabIndex={0}>{command}</span>
      <Copy text={command} />
    </div>
  )
}

/** Exact commands, ready to copy. */
export function Commands({ lines }: { readonly lines: readonly string[] }): JSX.Element | null {
  if (lines.length === 0) return null
  // What is shown is what is pasted: a hidden escape sequence never reaches a terminal from here.
  const text = lines.map(visible).join('\n')
  return (
    <div class="commands">
      <pre tabIndex={0} aria-label="Commands">
        {text}
      </pre>
      <Copy text={text} label={lines.length > 1 ? `Copy ${lines.length} lines` : 'Copy'} />
    </div>
  )
}
