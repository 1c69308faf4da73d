import type { JSX } from 'preact'
import { nextTheme, theme } from '../state/theme.ts'
import { Icon } from './icons.tsx'

/** Says which theme is on; a click takes the next. */
export function ThemeButton(): JSX.Element {
  const label = `Theme: ${theme.value}`
  return (
    <button type="button" class="icon" title={label} aria-label={label} onClick={nextTheme}>
      <Icon name={theme.value} />
    </button>
  )
}
