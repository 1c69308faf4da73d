import { existsSync } from 'node:fs'
import { stringify } from 'smol-toml'
import type { CommandContext, Input } from '#core/cli/command.ts'
import { defaultsText } from '#core/config/defaults.ts'
import { allTables, loadConfig, type Config } from '#core/config/load.ts'
import { configCandidates, processPaths } from '#core/config/paths.ts'
import { exitCode } from '#core/errors.ts'
import { systems } from '#systems/index.ts'

function asTables({ daemon, console, alerts, systems: own }: Config): Record<string, unknown> {
  return { daemon, console, alerts, ...own }
}

export async function check(_: Input, cx: CommandContext): Promise<number> {
  const file = cx.configFile()
  await loadConfig(file, systems)
  if (cx.json) cx.out.json({ file: file ?? null, valid: true })
  else cx.out.line(file === undefined ? 'No configuration file; the defaults are in force.' : `${file}: good.`)
  return exitCode.ok
}

export async function show(_: Input, cx: CommandContext): Promise<number> {
  const config = await loadConfig(cx.configFile(), systems)
  if (cx.json) cx.out.json({ file: config.file ?? null, config: asTables(config) })
  else cx.out.line(`# ${config.file ?? 'no file, all defaults'}\n\n${stringify(asTables(config))}`.trimEnd())
  return exitCode.ok
}

export async function path(_: Input, cx: CommandContext): Promise<number> {
  const file = cx.configFile()
  const data = await cx.dataDirectory()
  const candidates = configCandidates(processPaths()).map((c) => ({ file: c, exists: existsSync(c) }))
  if (cx.json) {
    cx.out.json({ file: file ?? null, candidates, data })
    return exitCode.ok
  }
  cx.out.line(`configuration  ${file ?? 'none, all defaults'}`)
  for (const candidate of candidates) {
    cx.out.line(`  looked at    ${candidate.file}${candidate.exists ? '' : '  (not there)'}`)
  }
  cx.out.line(`data           ${data}`)
  return exitCode.ok
}

export async function defaults(_: Input, cx: CommandContext): Promise<number> {
  const tables = await allTables(systems)
  if (cx.json) cx.out.json({ config: asTables(await loadConfig(undefined, systems)) })
  else cx.out.raw(defaultsText(tables))
  return exitCode.ok
}
