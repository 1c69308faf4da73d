import { NocError, exitCode } from '#core/errors.ts'
import type { Route, RouteRequest } from '#core/http/route.ts'
import { carryOut, checkRight, type ClosePlan, closedText, describePlan, planClose } from './close.ts'
import { parseRemote, parseState } from './filter.ts'
import type { Look, LookRequest } from './look.ts'
import { KEYS } from './groups.ts'
import { MACHINE } from './owners.ts'
import { PROBE_TIMEOUT_MS, probe } from './probe.ts'
import {
  type CloseBody,
  type ProbeBody,
  closeBodySchema,
  closeResultSchema,
  probeBodySchema,
  probeResultSchema,
  snapshotSchema,
  viewSchema,
} from './schema.ts'
import { NO_SESSION } from './session.ts'
import type { CloseResult, ConnectionsSnapshot, ConnectionsView } from './wire.ts'

/** What the routes get from the running service. */
export interface HttpContext {
  snapshot(): Promise<ConnectionsSnapshot>
  view(): Promise<ConnectionsView>
  /** A fresh look, beside the service's own. */
  look(request: LookRequest): Promise<Look>
  /** Keeps who did what. */
  record(text: string): void
  now(): number
}

/** Plans that are kept for whoever asked, the oldest goes first; and for how long, in milliseconds. */
const MAX_PLANS = 20
const PLAN_MS = 10 * 60_000

/** The API of this system, below /api/connections. */
export function routes(cx: HttpContext): readonly Route[] {
  const plans = new Map<string, { readonly plan: ClosePlan; readonly at: number }>()
  return [
    {
      method: 'GET',
      path: '/',
      summary: 'All connections by group, and what is stuck',
      response: snapshotSchema,
      handle: () => cx.snapshot(),
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
      path: '/probe',
      summary: 'Ask a remote whether it answers; makes outbound connections',
      body: probeBodySchema,
      response: probeResultSchema,
      handle: ({ body, signal }) => {
        const { host, port, parallel } = body as ProbeBody
        return probe({ host, port, parallel: parallel ?? 1, timeoutMs: PROBE_TIMEOUT_MS, signal })
      },
    },
    {
      method: 'POST',
      path: '/close',
      summary: 'Without a plan: show which connections would be closed. With that plan: close exactly these',
      body: closeBodySchema,
      response: closeResultSchema,
      handle: (request) => close(request, cx, plans),
    },
  ]
}

async function close(
  { body, actor, signal }: RouteRequest,
  cx: HttpContext,
  plans: Map<string, { readonly plan: ClosePlan; readonly at: number }>,
): Promise<CloseResult> {
  const { remote, process, state, port, plan: id } = body as CloseBody
  for (const [key, { at }] of plans) if (cx.now() - at > PLAN_MS) plans.delete(key)
  if (id === undefined) {
    const filter = {
      remote: parseRemote(remote),
      process: process ?? null,
      state: state === undefined ? null : parseState(state),
      port: port ?? null,
    }
    const plan = planClose(await cx.look({ by: KEYS, filter, signal }), NO_SESSION)
    plans.set(plan.id, { plan, at: cx.now() })
    for (const key of [...plans.keys()].slice(0, -MAX_PLANS)) plans.delete(key)
    return describePlan(plan)
  }
  const kept = plans.get(id)
  if (kept === undefined) {
    throw new NocError('NOC_CONNECTIONS_PLAN', 'This plan is not known, or too old.', {
      hint: 'Ask for a new one without `plan`.',
      exit: exitCode.usage,
    })
  }
  checkRight(MACHINE.proc)
  plans.delete(id)
  const result = await carryOut(kept.plan, signal)
  cx.record(closedText(actor, kept.plan, result))
  return result
}
