import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandContext, Input } from '#core/cli/command.ts'
import type { Ink, Output } from '#core/cli/output.ts'
import { exitCode, NocError, systemErrorCode } from '#core/errors.ts'
import type { SystemState, Tonight } from '#core/http/documents.ts'
import { plain, stopped } from '#core/plain.ts'
import { pad } from '#core/tui/text.ts'
import { clock, duration, text } from '#core/units.ts'
import { ask, NOT_RUNNING } from '#core/http/client.ts'
import { TOKEN_NAME } from './token.ts'

/** The word and the ink of a system's state: a finding outweighs its health. */
function stateOf(system: SystemState): { readonly word: string; readonly ink: Ink } {
  const { state } = system.health
  if (state === 'down') return { word: 'down', ink: 'critical' }
  if (system.severity === 'critical') return { word: 'bad', ink: 'critical' }
  if (state === 'degraded' || system.severity === 'warning') return { word: 'look', ink: 'warning' }
  return { word: state, ink: state === 'up' ? 'ok' : 'faint' }
}

function sentence(system: SystemState): string {
  if ('why' in system.health) return [system.health.why, system.health.fix ?? ''].map(stopped).join(' ').trim()
  return system.glance?.sentence ?? ''
}

function print(out: Output, tonight: Tonight): void {
  const { answer } = tonight
  const ink = answer.severity === 'ok' ? 'ok' : answer.severity
  out.line(out.ink('strong', answer.sentence))
  if (answer.paragraph !== '') out.line(plain(answer.paragraph))
  for (const finding of tonight.findings) {
    out.line()
    out.line(`${out.ink(ink, `#${finding.id}`)} ${out.ink('strong', finding.summary)}`)
    out.line(`   ${plain(finding.evidence)}`)
    out.line(`   since ${clock(finding.since, tonight.at)}. ${plain(finding.fix)}`)
    for (const line of finding.commands.slice(0, 3)) out.line(`   $ ${plain(line)}`)
    if (finding.commands.length > 3) out.line(`   ... ${finding.commands.length - 3} more: noc ${finding.system}`)
  }
  out.line()
  for (const system of tonight.systems) {
    const { word, ink } = stateOf(system)
    out.line(`${pad(system.id, 14)}${pad(out.ink(ink, word), 10)}${plain(sentence(system))}`)
  }
  out.line()
  const cost = `${(tonight.cost.cpu * 100).toFixed(1)} % of a core, ${(tonight.cost.memory / 2 ** 20).toFixed(0)} MiB`
  out.line(out.ink('faint', `${tonight.host}, daemon up ${text(duration(tonight.at - tonight.started))}, ${cost}`))
}

export async function status(_: Input, cx: CommandContext): Promise<number> {
  const directory = await cx.dataDirectory()
  try {
    const tonight = await ask<Tonight>(directory, '/tonight', cx.actor)
    if (cx.json) cx.out.json(tonight)
    else print(cx.out, tonight)
    return tonight.answer.severity === 'ok' ? exitCode.ok : exitCode.found
  } catch (error) {
    if (!(error instanceof NocError && error.code === NOT_RUNNING && cx.json)) throw error
    cx.out.json({ running: false, data: directory })
    return exitCode.found
  }
}

export async function token(_: Input, cx: CommandContext): Promise<number> {
  const file = join(await cx.dataDirectory(), TOKEN_NAME)
  try {
    const value = (await readFile(file, 'utf8')).trim()
    if (cx.json) cx.out.json({ token: value })
    else cx.out.line(value)
    return exitCode.ok
  } catch (error) {
    const missing = systemErrorCode(error) === 'ENOENT'
    throw new NocError(
      'NOC_TOKEN_UNREADABLE',
      missing ? `no daemon has left a token in ${file}` : `${file} cannot be read`,
      {
        hint: missing ? 'start it: noc up' : 'ask as the user who runs the daemon, or as root',
        cause: error,
      },
    )
  }
}
