import type { Alert } from '#core/alerts/types.ts'
import type { CommandContext, Input } from '#core/cli/command.ts'
import type { Output } from '#core/cli/output.ts'
import { exitCode, NocError } from '#core/errors.ts'
import type { AlertList } from '#core/http/documents.ts'
import { plain } from '#core/plain.ts'
import { clock } from '#core/units.ts'
import { ask } from '#core/http/client.ts'

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const DEFAULT_SILENCE = '8h'

/** `30m`, `8h`, `2d` in milliseconds; `0` is 0. */
function parseLength(text: string): number {
  const match = /^(\d{1,4})([mhd])$/.exec(text)
  if (text === '0') return 0
  if (match === null) {
    throw new NocError('NOC_USAGE_LENGTH', `--for takes a length like 30m, 8h or 2d, not "${text}"`, {
      exit: exitCode.usage,
    })
  }
  return Number(match[1]) * (UNITS_MS[match[2] ?? 'm'] ?? 0)
}

function idOf(input: Input): number {
  const id = Number(input.args[0])
  if (Number.isInteger(id) && id > 0) return id
  throw new NocError('NOC_USAGE_ALERT', `"${input.args[0]}" is not the number of an alert`, {
    exit: exitCode.usage,
    hint: '`noc alerts` shows the numbers',
  })
}

function stateOf(alert: Alert, now: number): string {
  if (alert.cleared !== null) return `over since ${clock(alert.cleared, now)}`
  if (alert.acknowledged !== null) return `acknowledged by ${alert.acknowledged.by}`
  if (alert.silencedUntil !== null && alert.silencedUntil > now)
    return `silent until ${clock(alert.silencedUntil, now)}`
  return 'open'
}

function print(out: Output, alerts: readonly Alert[], now: number): void {
  if (alerts.length === 0) out.line('Nothing waits for you.')
  for (const alert of alerts) {
    const ink = alert.cleared === null ? alert.severity : 'faint'
    const about = `${alert.system}, since ${clock(alert.since, now)}, ${stateOf(alert, now)}`
    out.line(`${out.ink(ink, `#${alert.id} ${alert.severity}`)}  ${out.ink('strong', alert.summary)}`)
    out.line(`    ${plain(about)}. ${plain(alert.fix)}`)
  }
}

export async function list(
  input: Input<{ all: { kind: 'switch'; brief: string } }>,
  cx: CommandContext,
): Promise<number> {
  const path = input.flags.all ? '/alerts?all=1' : '/alerts'
  const answer = await ask<AlertList>(await cx.dataDirectory(), path, cx.actor)
  if (cx.json) cx.out.json(answer)
  else print(cx.out, answer.alerts, Date.now())
  return answer.alerts.some((alert) => alert.cleared === null) ? exitCode.found : exitCode.ok
}

async function act(
  cx: CommandContext,
  path: string,
  body: object,
  said: (answer: { outcome?: string }) => string,
): Promise<number> {
  const answer = await ask<{ outcome?: string }>(await cx.dataDirectory(), path, cx.actor, body)
  if (cx.json) cx.out.json(answer)
  else cx.out.line(plain(said(answer)))
  return exitCode.ok
}

export async function acknowledge(input: Input, cx: CommandContext): Promise<number> {
  const id = idOf(input)
  return act(cx, `/alerts/${id}/acknowledge`, {}, () => `Alert ${id} is yours.`)
}

export async function silence(
  input: Input<{ for: { kind: 'text'; placeholder: string; brief: string } }>,
  cx: CommandContext,
): Promise<number> {
  const id = idOf(input)
  const length = parseLength(input.flags.for ?? DEFAULT_SILENCE)
  const until = length === 0 ? null : Date.now() + length
  const said =
    until === null ? `Alert ${id} is delivered again.` : `Alert ${id} is silent until ${clock(until, Date.now())}.`
  return act(cx, `/alerts/${id}/silence`, { until }, () => said)
}

export async function test(_: Input, cx: CommandContext): Promise<number> {
  return act(cx, '/alerts/test', {}, (answer) => answer.outcome ?? '')
}
