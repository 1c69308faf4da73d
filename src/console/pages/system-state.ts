/** How a system stands, as a mark and a word. Pure. */
import type { SystemState } from '#core/http/documents.ts'
import type { Severity } from '#core/verdict.ts'

/** Its mark: its own health, made worse by its open alerts. */
export function markOf({ health, severity }: SystemState): Severity | 'ok' | 'off' {
  if (health.state === 'off' || health.state === 'starting') return 'off'
  if (health.state === 'down' || severity === 'critical') return 'critical'
  return health.state === 'degraded' || severity === 'warning' ? 'warning' : 'ok'
}

/** The word beside the mark. */
export function wordOf(system: SystemState): string {
  const { state } = system.health
  if (state !== 'up') return state
  return { ok: 'up', warning: 'look', critical: 'bad', off: 'off' }[markOf(system)]
}
