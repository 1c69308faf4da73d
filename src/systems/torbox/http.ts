import type { Route } from '#core/http/route.ts'
import {
  type IdentityBody,
  type LeakTestBody,
  circuitsSchema,
  identityBodySchema,
  identitySchema,
  leakTestBodySchema,
  startedSchema,
  viewSchema,
} from './schema.ts'
import type { CircuitsReport, TorboxView } from './wire.ts'

/** What the routes get from the running service. */
export interface HttpContext {
  report(): Promise<CircuitsReport>
  view(): Promise<TorboxView>
  /** False when one runs already. */
  startLeakTest(disruptive: boolean, actor: string): Promise<boolean>
  newIdentity(name: string, actor: string): Promise<{ readonly name: string; readonly address: string | null }>
}

/** The API of this system, below /api/torbox. */
export function routes(cx: HttpContext): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      summary: 'The boxes, what they do through Tor, and what was dropped',
      response: circuitsSchema,
      handle: () => cx.report(),
    },
    {
      method: 'GET',
      path: '/view',
      summary: 'The document of the page',
      response: viewSchema,
      handle: () => cx.view(),
    },
    {
      method: 'POST',
      path: '/leaktest',
      summary: 'Start the leak test; its report comes with the view',
      body: leakTestBodySchema,
      response: startedSchema,
      handle: async ({ body, actor }) => {
        const { disruptive = false } = body as LeakTestBody
        return { started: await cx.startLeakTest(disruptive, actor) }
      },
    },
    {
      method: 'POST',
      path: '/new-identity',
      summary: 'New circuits for one box; what it has open ends',
      body: identityBodySchema,
      response: identitySchema,
      handle: ({ body, actor }) => cx.newIdentity((body as IdentityBody).name, actor),
    },
  ]
}
