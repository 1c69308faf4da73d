import type { ComponentChildren, JSX } from 'preact'
import type { Verdict } from '#core/verdict.ts'
import { prose, sentence } from '../format.ts'
import { Commands } from './copy.tsx'
import { Mark } from './mark.tsx'

interface Props {
  readonly verdict: Omit<Verdict, 'key'>
  /** Since when, by whom acknowledged: small, below. */
  readonly meta?: ComponentChildren
  /** Buttons at the right; at most one is primary, and it opens a plan. */
  readonly acts?: ComponentChildren
  /** Below, full width. */
  readonly children?: ComponentChildren
}

/** More commands than this are folded away. */
const SHOWN = 3

function CommandBlock({ lines }: { readonly lines: readonly string[] }): JSX.Element | null {
  if (lines.length <= SHOWN) return <Commands lines={lines} />
  return (
    <details>
      <summary>{lines.length} commands</summary>
      <Commands lines={lines} />
    </details>
  )
}

/** What is so, the evidence, the commands, and what can be done. */
export function Finding(props: Props): JSX.Element {
  const { verdict, meta, acts, children } = props
  const { severity, summary, evidence, fix, commands } = verdict
  return (
    <div class="finding">
      <Mark state={severity} />
      <div>
        <strong>{prose(summary)}</strong>
        <p>{sentence(evidence)}</p>
        {fix && <p>{sentence(fix)}</p>}
        {meta && <div class="meta">{meta}</div>}
      </div>
      {acts && <div class="acts">{acts}</div>}
      {(commands.length > 0 || children) && (
        <div class="more">
          <CommandBlock lines={commands} />
          {children}
        </div>
      )}
    </div>
  )
}
