import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { asApiError, type ApiError } from '../../console/state/api.ts'
import { Problem } from '../../console/ui/page-parts.tsx'
import { nearest } from './page-hours.tsx'
import type { Atlas } from './page-state.tsx'

interface Props {
  readonly atlas: Atlas
  /** Which hour is in the files. */
  readonly of: string
}

/** The map in other formats. */
export function Exports({ atlas, of }: Props): JSX.Element | null {
  const { source } = atlas
  const saving = useSignal<string | null>(null)
  const problem = useSignal<ApiError | null>(null)
  const at = nearest(atlas.list.value, atlas.at.value)
  const links = at === null ? [] : source.exports(at)
  if (links.length === 0) return null
  const take = async (event: MouseEvent, href: string): Promise<void> => {
    if (!source.save) return
    event.preventDefault()
    if (saving.peek() !== null) return
    saving.value = href
    problem.value = null
    try {
      await source.save(href)
    } catch (error) {
      problem.value = asApiError(error)
    }
    saving.value = null
  }
  return (
    <>
      <nav class="exports" aria-label="Take it with you">
        <span>{of} as</span>
        {links.map(({ label, href }) => (
          <a
            key={href}
            class="button small"
            href={href}
            download=""
            aria-busy={saving.value === href}
            onClick={(event) => void take(event, href)}
          >
            {label}
          </a>
        ))}
      </nav>
      {problem.value && <Problem error={problem.value} />}
    </>
  )
}
