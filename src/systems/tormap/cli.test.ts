import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, before, describe, it } from 'node:test'
import { gzipSync, deflateSync } from 'node:zlib'
import * as v from 'valibot'
import type { CommandContext } from '#core/cli/command.ts'
import { NocError, exitCode } from '#core/errors.ts'
import { plain } from '#core/plain.ts'
import { temporaryDirectory } from '../../../test/fixtures/store/temporary.ts'
import { startDirServer } from '../../../test/tormap/dirport.ts'
import { HOUR_MS, type Network, START, directoryAt, makeNetwork } from '../../../test/tormap/network.ts'
import { type TormapConfig, tormapTable } from './config.ts'
import { trustedBy } from './fetch/sources.ts'
import { openHistory } from './history/store.ts'
import { tormap } from './index.ts'
import { mapOf } from './read.ts'

const RELAYS = 6
const HERE = new AbortController().signal

interface Ran {
  readonly code: number
  readonly text: string
  readonly notes: string
  readonly documents: readonly unknown[]
}

interface Bench {
  readonly data: string
  /** Files of the first hour: consensus, certificates, descriptors, torrc. */
  file(name: 'consensus' | 'certs' | 'descriptors' | 'torrc' | 'later'): string
  run(line: string, ...more: readonly string[]): Promise<Ran>
  json(line: string, ...more: readonly string[]): Promise<{ readonly code: number; readonly document: unknown }>
}

let network: Network

/** Runs commands as the command line would, with a data directory of its own. */
function bench(t: TestContext, settings: Partial<TormapConfig> = {}): Bench {
  const data = temporaryDirectory(t)
  const file: Bench['file'] = (name) => join(data, name)
  const { consensus, certificates, descriptors } = directoryAt(network, 0)
  writeFileSync(file('consensus'), consensus)
  writeFileSync(file('certs'), Object.values(certificates).join(''))
  writeFileSync(file('descriptors'), Object.values(descriptors).join(''))
  writeFileSync(file('torrc'), `SocksPort 0\n${network.lines.join('\n')}\n`)
  writeFileSync(file('later'), directoryAt(network, 1, { relays: RELAYS - 1 }).consensus)
  const config: TormapConfig = {
    ...v.parse(tormapTable.schema, { geo: 'none' }),
    authorities: network.lines,
    ...settings,
  }
  const execute = async (words: readonly string[], json: boolean): Promise<Ran> => {
    const lines: string[] = []
    const notes: string[] = []
    const documents: unknown[] = []
    const cx: CommandContext = {
      out: {
        terminal: false,
        unicode: true,
        columns: () => 80,
        rows: () => 24,
        line: (text = '') => void lines.push(text),
        json: (document) => void documents.push(JSON.parse(JSON.stringify(document))),
        note: (text) => void notes.push(text),
        ink: (_, text) => plain(text),
        raw: () => true,
      },
      stdin: process.stdin,
      signal: HERE,
      json,
      configFile: () => undefined,
      config: <C>() => Promise.resolve(config as C),
      dataDirectory: () => Promise.resolve(data),
      actor: 'tester',
    }
    const code = await runWords(words, cx)
    return { code, text: lines.join('\n'), notes: notes.join('\n'), documents }
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
    else flags[name] = rest.shift()
  }
  const input = { flags, args } as Parameters<Awaited<ReturnType<typeof command.load>>>[0]
  return (await command.load())(input, cx)
}

const fails = (code: string, exit: number) => (error: unknown) =>
  error instanceof NocError && error.code === code && error.exit === exit

describe('noc tormap', { timeout: 60_000 }, () => {
  before(async () => {
    network = await makeNetwork(RELAYS)
  })

  it('counts: the document of stats has the promised shape', async (t) => {
    const { json, file } = bench(t)
    const input = `stats --consensus ${file('consensus')} --certs ${file('certs')}`
    assert.deepEqual(await json(`${input} --descriptors ${file('descriptors')}`), {
      code: exitCode.ok,
      document: {
        consensus: { flavour: 'ns', validAfter: START, freshUntil: START + HOUR_MS },
        verified: { state: 'good', good: 3, needed: 2, authorities: 3 },
        relays: RELAYS,
        observed: RELAYS,
        classes: { badExit: 0, authority: 0, exitFast: 0, exit: 3, stableFast: 0, stable: 3, named: 0, other: 0 },
        modern: { guard: 3, middle: 0, hsDir: 0, unmeasured: 0, newToday: 0, dualStack: 0 },
        placed: { city: 0, country: 0, unplaced: RELAYS },
      },
    })
  })

  it('says UNVERIFIED without certificates, and when too few authorities signed', async (t) => {
    const { run, json, file } = bench(t)
    const { text } = await run(`stats --consensus ${file('consensus')}`)
    assert.match(text, /^UNVERIFIED: 6 relays/)
    assert.match(text, /exit, fast +unknown\n(.*\n)+Fast or not is known of no relay/)
    const { signers } = { signers: network.authorities.slice(0, 1) }
    writeFileSync(file('later'), directoryAt(network, 0, { signers }).consensus)
    const { document } = await json(`stats --consensus ${file('later')} --certs ${file('certs')}`)
    const { verified } = document as { verified: { state: string; good: number } }
    assert.deepEqual([verified.state, verified.good], ['bad', 1])
  })

  it('reads packed files, folders of a tor and the annotations of archives alike', async (t) => {
    const { json, file, data } = bench(t)
    const { consensus, certificates } = directoryAt(network, 0)
    const folder = join(data, 'tor')
    mkdirSync(folder)
    writeFileSync(join(folder, 'cached-consensus'), consensus)
    writeFileSync(join(folder, 'cached-certs'), Object.values(certificates).join(''))
    const annotated = Buffer.concat([Buffer.from('@type network-status-consensus-3 1.0\n'), consensus])
    const expected = await json(`stats --consensus ${file('consensus')} --certs ${file('certs')}`)
    for (const bytes of [gzipSync(consensus), deflateSync(consensus), annotated]) {
      writeFileSync(file('later'), bytes)
      assert.deepEqual(await json(`stats --consensus ${file('later')} --certs ${file('certs')}`), expected)
    }
    assert.deepEqual(await json(`stats --consensus ${folder}`), expected)
    assert.deepEqual(await json(`stats --consensus ${join(folder, 'cached-consensus')}`), expected)
  })

  it('verifies: exit 0 when all is good, 1 when not, and names the file', async (t) => {
    const { run, json, file } = bench(t)
    const good = await run(`verify ${file('certs')} ${file('consensus')} ${file('descriptors')}`)
    assert.equal(good.code, exitCode.ok)
    assert.match(good.text, /Verified: 3 of 3 authorities signed it, 2 are needed/)
    const { consensus } = directoryAt(network, 0)
    const forged = Buffer.from(consensus)
    forged[forged.indexOf('Bandwidth=1000') + 10] = 0x39
    writeFileSync(file('later'), forged)
    const bad = await run(`verify ${file('consensus')} ${file('later')} --certs ${file('certs')}`)
    assert.equal(bad.code, exitCode.found)
    assert.match(bad.text, /NOT GOOD {2}\S*later/)
    const { code, document } = await json(`verify ${file('later')} --certs ${file('certs')}`)
    assert.deepEqual([code, (document as { good: boolean }).good], [exitCode.found, false])
    const alone = await run(`verify ${file('consensus')}`)
    assert.equal(alone.code, exitCode.found)
    assert.match(alone.text, /Name a file of certificates too/)
  })

  it('verifies nothing without saying so', async (t) => {
    const { run, file, data } = bench(t)
    const empty = join(data, 'empty')
    mkdirSync(empty)
    await assert.rejects(run(`verify ${empty}`), fails('NOC_TORMAP_FOLDER', exitCode.usage))
    writeFileSync(file('later'), gzipSync(directoryAt(network, 0).consensus).subarray(0, -20))
    await assert.rejects(run(`verify ${file('later')}`), (error) => {
      return error instanceof NocError && error.message.startsWith(`${file('later')} can't be unpacked`)
    })
  })

  it('judges a consensus at its own time, unless another is named', async (t) => {
    const { run, file } = bench(t)
    const verify = `verify --certs ${file('certs')} ${file('consensus')}`
    assert.equal((await run(verify)).code, exitCode.ok)
    assert.equal((await run(`${verify} --at 2026-11-01T12:59Z`)).code, exitCode.ok)
    assert.match((await run(`${verify} --at 2026-11-01T13:01Z`)).text, /valid until 2026-11-01 13:00/)
    await assert.rejects(run(`${verify} --at yesterday`), fails('NOC_TORMAP_TIME', exitCode.usage))
  })

  it('trusts the authorities that are named, as lines or in a torrc, and no others', async (t) => {
    const { run, file } = bench(t, { authorities: [] })
    const verify = `verify --certs ${file('certs')} ${file('consensus')}`
    assert.equal((await run(verify)).code, exitCode.found)
    assert.equal((await run(`${verify} --authorities ${file('torrc')}`)).code, exitCode.ok)
    const lines = network.lines.flatMap((line) => ['--authorities', line])
    assert.equal((await run(verify, ...lines)).code, exitCode.ok)
    await assert.rejects(
      run(`${verify} --authorities ${file('certs')}`),
      fails('NOC_TORMAP_AUTHORITIES', exitCode.usage),
    )
  })

  it('finds relays by words and qualifiers; exit 1 when there is none, 2 when the query makes no sense', async (t) => {
    const { run, json, file } = bench(t)
    const find = `find --consensus ${file('consensus')} --certs ${file('certs')} --descriptors ${file('descriptors')}`
    const { code, document } = await json(`${find} flag:exit contact:noc2@`)
    const { found, relays } = document as { found: number; relays: { nickname: string }[] }
    assert.deepEqual([code, found, relays.map(({ nickname }) => nickname)], [exitCode.ok, 1, ['relay2']])
    assert.equal((await run(`${find} nobody`)).code, exitCode.found)
    await assert.rejects(
      run(`${find} flag:nonsense`),
      (error) => error instanceof NocError && error.exit === exitCode.usage,
    )
  })

  it('tells what changed between two consensuses', async (t) => {
    const { json, run, file } = bench(t)
    const certs = ['--certs', file('certs')]
    const { code, document } = await json(`diff ${file('consensus')} ${file('later')}`, ...certs)
    const { relays, gone } = document as { relays: object; gone: { nickname: string }[] }
    assert.equal(code, exitCode.ok)
    assert.deepEqual([relays, gone.map(({ nickname }) => nickname)], [{ before: 6, after: 5 }, ['relay5']])
    assert.match((await run(`diff ${file('consensus')} ${file('later')}`, ...certs)).text, /6 relays, then 5 \(-1\)/)
  })

  it('takes hours of the history like files, by the time at which they were in force', async (t) => {
    const { json, run, data, file } = bench(t)
    await assert.rejects(run('diff 2026-11-01T10:00 2026-11-01T11:00'), fails('NOC_TORMAP_NO_HOUR', exitCode.usage))
    const history = await openHistory(join(data, 'tormap'), START)
    for (const [hour, relays] of [RELAYS, RELAYS - 1].entries()) {
      const { consensus, certificates } = directoryAt(network, hour, { relays })
      const documents = { certificates: Object.values(certificates).map((text) => Buffer.from(text)) }
      const options = { geo: null, asn: null, now: START + hour * HOUR_MS, trusted: trustedBy(network.lines, START) }
      const { map } = mapOf({ consensus, ...documents, microdescriptors: [], descriptors: [] }, options)
      await history.add(map)
    }
    history.close()
    const { document } = await json('diff 2026-11-01T10:59 2026-11-01T11:00')
    const { from, to, relays } = document as { from: number; to: number; relays: object }
    assert.deepEqual([from, to, relays], [START, START + HOUR_MS, { before: RELAYS, after: RELAYS - 1 }])
    const mixed = await run(`diff ${file('consensus')} 2026-11-01T11:30Z --certs ${file('certs')}`)
    assert.match(mixed.text, /6 relays, then 5 \(-1\)/)
    assert.match((await run('stats --consensus 2026-11-01T10:00Z')).text, /^6 relays .* 10:00 UTC\.\nVerified: 3 of 3/)
    for (const time of ['2026-11-01T09:59', '2026-11-01T14:00', '2026-12-01']) {
      await assert.rejects(run(`stats --consensus ${time}`), fails('NOC_TORMAP_NO_HOUR', exitCode.usage))
    }
  })

  it('says which file is no consensus, and what is missing, with the right exit code', async (t) => {
    const { run, file } = bench(t)
    await assert.rejects(run(`stats --consensus ${file('certs')}`), (error) => {
      assert.ok(error instanceof NocError)
      assert.ok(error.message.startsWith(file('certs')))
      return error.exit === exitCode.usage
    })
    await assert.rejects(run('stats --consensus /nonexistent'), fails('NOC_TORMAP_FILE', exitCode.usage))
    await assert.rejects(run('stats'), fails('NOC_TORMAP_NOTHING_FETCHED', exitCode.unable))
    await assert.rejects(run(''), fails('NOC_TORMAP_NOTHING_FETCHED', exitCode.unable))
  })

  it('contacts nobody in a dry run, and lists who would be', async (t) => {
    const server = await startDirServer(t, directoryAt(network, 0))
    const { run, json } = bench(t, { mirrors: [server.address] })
    assert.match((await run('fetch --dry-run')).text, new RegExp(`${server.address}.*Nobody was contacted`, 's'))
    assert.deepEqual(await json('fetch --dry-run'), {
      code: exitCode.ok,
      document: { contacts: [{ nickname: 'mirror', address: server.address, through: 'directly' }] },
    })
    assert.deepEqual(server.asked, [])
    await assert.rejects(run('fetch --mirror nonsense'), fails('NOC_TORMAP_ENDPOINT', exitCode.usage))
  })

  it('shows what was fetched, and what is wrong with it', async (t) => {
    // A network of this very hour: the command looks at the real clock.
    const hours = Math.floor((Date.now() - START) / HOUR_MS)
    const server = await startDirServer(t, directoryAt(network, hours))
    const { run, json } = bench(t, { mirrors: [server.address] })
    const fetched = await run('fetch')
    assert.equal(fetched.code, exitCode.ok)
    assert.match(fetched.notes, new RegExp(`Asking one after the other of: mirror \\(${server.address}\\)`))
    const shown = await run('')
    assert.equal(shown.code, exitCode.ok)
    assert.match(shown.text, /^6 relays in the ns consensus of .* UTC\.\nVerified: 3 of 3/)
    const { code, document } = await json(
      '',
      '--at',
      new Date(START + (hours + 4) * HOUR_MS).toISOString().slice(0, 16),
    )
    assert.equal(code, exitCode.found)
    assert.equal((document as { hour: { verified: { state: string } } }).hour.verified.state, 'bad')
    assert.match((await run('find nickname:relay1')).text, /relay1/)
    await assert.rejects(run('diff'), fails('NOC_TORMAP_NO_PREVIOUS', exitCode.unable))
  })
})
