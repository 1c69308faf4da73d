import type { JSX } from 'preact'

/** The sign of the house. */
export function Moon(): JSX.Element {
  return (
    <svg viewBox="0 0 18 18" aria-hidden="true">
      <path d="M13.8 11.9A6.6 6.6 0 0 1 6.1 4.2 6.6 6.6 0 1 0 13.8 11.9Z" />
    </svg>
  )
}

const PATHS = {
  dark: 'M12.5 9.8A5 5 0 0 1 6.2 3.5a5 5 0 1 0 6.3 6.3Z',
  light:
    'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13',
  auto: 'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM8 2.5v11M8 5h4.6M8 8h5.5M8 11h4.6',
  menu: 'M2 4h12M2 8h12M2 12h12',
} as const

/** A line drawing of 16 x 16. */
export function Icon({ name }: { readonly name: keyof typeof PATHS }): JSX.Element {
  return (
    <svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
