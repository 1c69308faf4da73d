/** The commands of the map as a test types them, over the small signed network. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import * as v from 'valibot'
import type { CommandContext } from '#core/cli/command.ts'
import { NocError } from '#core/errors.ts'
import { type TormapConfig, tormapTable } from '#systems/tormap/config.ts'
import { tormap } from '#systems/tormap/index.ts'
import { notedCommand } from '../fixtures/noted-command.ts'
import { temporaryDirectory } from '../fixtures/store/temporary.ts'
import { type Network, directoryAt } from './network.ts'

/** What a command did. */
interface Ran {
  readonly code: number
  readonly text: string
  readonly notes: string
  readonly documents: readonly unknown[]
}

/** Commands over a data directory and files of their own. */
export interface Bench {
  readonly data: string
  /** Files of the first hour: consensus, certificates, descriptors, torrc. */
  file(name: 'consensus' | 'certs' | 'descriptors' | 'torrc' | 'later'): string
  run(line: string, ...more: readonly string[]): Promise<Ran>
  json(line: string, ...more: readonly string[]): Promise<{ readonly code: number; readonly document: unknown }>
}

/** Runs commands as the command line would, with a data directory of its own. */
export function commandLine(t: TestContext, network: Network, settings: Partial<TormapConfig> = {}): Bench {
  const data = temporaryDirectory(t)
  const file: Bench['file'] = (name) => join(data, name)
  const { consensus, certificates, descriptors } = directoryAt(network, 0)
  writeFileSync(file('consensus'), consensus)
  writeFileSync(file('certs'), Object.values(certificates).join(''))
  writeFileSync(file('descriptors'), Object.values(descriptors).join(''))
  writeFileSync(file('torrc'), `SocksPort 0\n${network.lines.join('\n')}\n`)
  writeFileSync(file('later'), directoryAt(network, 1, { relays: network.keys.length - 1 }).consensus)
  const config: TormapConfig = {
    ...v.parse(tormapTable.schema, { geo: 'none' }),
    authorities: network.lines,
    ...settings,
  }
  const execute = async (words: readonly string[], json: boolean): Promise<Ran> => {
    const { cx, out, notes, documents } = notedCommand({ config, dataDirectory: data, json })
    const code = await runWords(words, cx)
    return { code, text: out().trimEnd(), notes: notes().trimEnd(), documents }
  }
  const words = (line: string, more: readonly string[]): string[] => [...line.split(' ').filter(Boolean), ...more]
  return {
    data,
    file,
    run: (line, ...more) => execute(words(line, more), false),
    json: async (line, ...more) => {
      const { code, documents } = await execute(words(line, more), true)
      return { code, document: documents.at(-1) }
    },
  }
}

/** `stats --geo none FILE`: the command's own flags, parsed as simply as tests need it. */
async function runWords(words: readonly string[], cx: CommandContext): Promise<number> {
  const verb = words[0] !== undefined && words[0] in tormap.commands ? words[0] : ''
  const command = tormap.commands[verb]
  assert.ok(command)
  const rest = verb === '' ? [...words] : words.slice(1)
  const flags: Record<string, unknown> = {}
  for (const [name, flag] of Object.entries(command.flags)) {
    flags[name] = flag.kind === 'switch' ? false : flag.kind === 'text' && flag.repeat ? [] : undefined
  }
  const args: string[] = []
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const name = word.replace(/^--/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    const flag = word.startsWith('--') ? command.flags[name] : undefined
    if (flag === undefined) args.push(word)
    else if (flag.kind === 'switch') flags[name] = true
    else if (flag.kind === 'text' && flag.repeat) flags[name] = [...(flags[name] as string[]), rest.shift()]
    else flags[name] = flag.kind === 'number' ? Number(rest.shift()) : rest.shift()
  }
  const input = { flags, args } as Parameters<Awaited<ReturnType<typeof command.load>>>[0]
  return (await command.load())(input, cx)
}

/** For `assert.rejects`: an error with this code and exit code. */
export function fails(code: string, exit: number): (error: unknown) => boolean {
  return (error) => error instanceof NocError && error.code === code && error.exit === exit
}
