/** The JSON API of this system, below /api/interrupts. */
import type { Route } from '#core/http/route.ts'
import { sampleSchema, viewSchema } from './schema.ts'
import type { InterruptsSample, InterruptsView } from './wire.ts'

/** What the routes show; both throw a NocError while there is no sample. */
export interface Latest {
  sample(): InterruptsSample
  view(): InterruptsView
}

/** Routes over the newest sample. */
export function createRoutes(latest: Latest): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      summary: 'The newest sample: every interrupt line with its counts and rates by CPU, and the verdicts',
      response: sampleSchema,
      handle: () => latest.sample(),
    },
    {
      method: 'GET',
      path: '/view',
      summary:
        'What the page shows: the answer, a heat map folded to at most 64 columns, the busiest lines, the verdicts',
      response: viewSchema,
      handle: () => latest.view(),
    },
  ]
}
