/** The console pages of the systems that have one, by id. Loaded when they are opened. */
import type { FunctionComponent } from 'preact'

/** What a system's page.tsx exports. */
export interface SystemPage {
  readonly Page: FunctionComponent
}

export const pages: Readonly<Record<string, (() => Promise<SystemPage>) | undefined>> = {
  interrupts: () => import('./interrupts/page.tsx'),
  connections: () => import('./connections/page.tsx'),
  torbox: () => import('./torbox/page.tsx'),
  tormap: () => import('./tormap/page.tsx'),
}
