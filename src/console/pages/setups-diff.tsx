import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { visible } from '../format.ts'

/** Lines that are shown before the rest is asked for. */
const SHOWN = 8

/** Stands for a tab, which would be shown as a control character. */
const TAB = '    '

function kindOf(line: string): string {
  return line.startsWith('+') ? 'came' : line.startsWith('-') ? 'went' : ''
}

/** What goes (`-`), comes (`+`) and stays; long ones are folded. */
export function Diff({ lines }: { readonly lines: readonly string[] }): JSX.Element | null {
  const all = useSignal(false)
  if (lines.length === 0) return null
  const shown = all.value || lines.length <= SHOWN + 2 ? lines : lines.slice(0, SHOWN)
  return (
    <div class="diff">
      <pre tabIndex={0} aria-label="Difference">
        {shown.map((line, index) => (
          // Lines have no name, and never change places.
          <span key={index} class={kindOf(line)}>
            {visible(line.replaceAll('\t', TAB)) || ' '}
          </span>
        ))}
      </pre>
      {shown.length < lines.length && (
        <button type="button" class="button small" onClick={() => (all.value = true)}>
          {lines.length - shown.length} more lines
        </button>
      )}
    </div>
  )
}
