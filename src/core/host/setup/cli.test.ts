import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { needs } from '../../../../test/peers.ts'
import type { CommandContext } from '../../cli/command.ts'
import { NocError, exitCode } from '../../errors.ts'
import { plain } from '../../plain.ts'
import { type Verbs, verbs } from './cli.ts'
import { setupCommands } from './commands.ts'
import type { LogDocument, PlanDocument, WhyDocument } from './documents.ts'
import { type World, createWorld } from './fixtures/world.ts'
import type { Setup, Step } from './types.ts'

/** The verbs over a world, and what they said. */
interface Terminal {
  readonly world: World
  readonly verbs: Verbs
  /** stdout and stderr since the last call. */
  said(): { readonly out: string; readonly err: string }
  cx(rest?: Partial<CommandContext>): CommandContext
}

function terminal(t: TestContext, steps: (world: World) => readonly Step[]): Terminal {
  const world = createWorld(t)
  const kinds = [...world.wish().kinds.values()]
  const setup: Setup<null> = { name: 'test', summary: 'A test', kinds, steps: () => steps(world) }
  let [out, err] = ['', '']
  const write = (text: string): void => void (out += text)
  const cx: CommandContext = {
    out: {
      terminal: false,
      unicode: true,
      columns: () => 80,
      rows: () => 24,
      line: (text = '') => write(`${text}\n`),
      json: (document) => write(`${JSON.stringify(document)}\n`),
      note: (text) => void (err += `${text}\n`),
      ink: (_, text) => plain(text),
      raw: (text) => (write(String(text)), true),
    },
    stdin: process.stdin,
    signal: new AbortController().signal,
    json: false,
    configFile: () => undefined,
    config: <C>() => Promise.resolve(null as C),
    dataDirectory: () => Promise.resolve(world.session.data),
    actor: 'alice',
  }
  return {
    world,
    verbs: verbs(async () => setup, world.session.host),
    said: () => {
      const said = { out, err }
      out = err = ''
      return said
    },
    cx: (rest) => ({ ...cx, ...rest }),
  }
}

const none = { flags: { full: false }, args: [] }
const yes = { flags: { yes: true }, args: [] }
const undoYes = { flags: { yes: true, force: false }, args: [] }
const fails = (code: string, exit: number) => (error: unknown) =>
  error instanceof NocError && error.code === code && error.exit === exit

test('plan shows every change with its reason and exits with 1; when all is done it says so and exits with 0', async (t) => {
  const { verbs, cx, said, world } = terminal(t, (world) => [world.thing('a', 1), world.thing('b', 2)])
  assert.equal(await verbs.plan(none, cx()), exitCode.found)
  assert.match(
    said().out,
    /^2 changes to make; nothing was done yet\.\n\nthing:a\n {4}a is needed\n {4}- null\n {4}\+ 1\n/,
  )
  assert.deepEqual(world.acts, [])
  assert.equal(await verbs.apply(yes, cx()), exitCode.ok)
  assert.match(said().out, /^✓ thing:a a is needed\n✓ thing:b b is needed\nDone: 2 changes made\.\n.*undo 1/)
  assert.equal(await verbs.plan(none, cx()), exitCode.ok)
  assert.match(said().out, /^Nothing to do/)
})

test('a long difference is cut short in a plan, and whole with --full', async (t) => {
  const { verbs, cx, said } = terminal(t, (world) => [
    world.thing(
      'a',
      Array.from({ length: 40 }, (_, n) => n),
    ),
  ])
  await verbs.plan(none, cx())
  assert.match(said().out, /… \d+ more lines; plan --full has them all\n/)
  assert.equal(await verbs.plan({ flags: { full: true }, args: [] }, cx()), exitCode.found)
  assert.doesNotMatch(said().out, /more lines/)
})

test('without anybody to ask, apply and undo do nothing but with --yes', async (t) => {
  const { verbs, cx, world } = terminal(t, (world) => [world.thing('a', 1)])
  await assert.rejects(verbs.apply({ flags: { yes: false }, args: [] }, cx()), fails('NOC_USAGE_YES', 2))
  assert.deepEqual(world.acts, [])
  await verbs.apply(yes, cx())
  const undo = { flags: { yes: false, force: false }, args: [] }
  await assert.rejects(verbs.undo(undo, cx({ json: true })), fails('NOC_USAGE_YES', 2))
  assert.deepEqual(world.acts, ['a=1'])
})

test('undo says what it does; conflicts are kept, told, and exit with 1', async (t) => {
  const { verbs, cx, said, world } = terminal(t, (world) => [world.thing('a', 1), world.thing('b', 2)])
  await verbs.apply(yes, cx())
  world.things.set('a', 'theirs')
  said()
  assert.equal(await verbs.undo(undoYes, cx()), exitCode.found)
  const { out } = said()
  assert.match(
    out,
    /^✓ thing:b as it was before run 1\n! thing:a changed by someone else since; kept\n1 change kept.*\n.*undo --force/,
  )
  assert.equal(await verbs.undo({ flags: { yes: true, force: true }, args: [] }, cx()), exitCode.ok)
  assert.match(said().out, /Done: all is as it was before/)
  assert.equal(await verbs.undo(undoYes, cx()), exitCode.ok)
  assert.equal(said().out, 'Nothing to undo.\n')
})

test('an apply that stops says how to go on and how to go back, and so does the next plan', async (t) => {
  const { verbs, cx, said, world } = terminal(t, (world) => [world.thing('a', 1), world.thing('b', 2)])
  world.before((name) => {
    if (name === 'b') throw new NocError('NOC_TEST', 'the disk is on fire')
  })
  await assert.rejects(verbs.apply(yes, cx()), fails('NOC_TEST', 3))
  assert.match(said().err, /Run 1 stopped after 1 change: `noc test apply` goes on, `noc test undo 1` takes them back/)
  await verbs.plan(none, cx())
  assert.match(said().err, /Run 1 was cut short/)
})

test('Ctrl-C leaves a journal that can be undone, and says how', async (t) => {
  const { verbs, cx, said, world } = terminal(t, (world) => [world.thing('a', 1), world.thing('b', 2)])
  const stop = new AbortController()
  world.before(() => stop.abort())
  await assert.rejects(verbs.apply(yes, cx({ signal: stop.signal })), fails('NOC_SETUP_INTERRUPTED', 130))
  assert.match(said().err, /undo 1/)
  world.before(() => undefined)
  await verbs.undo(undoYes, cx())
  assert.equal(world.things.size, 0)
})

test('--json: a plan, a log and reasons are one document; a run is one event a line', async (t) => {
  const { verbs, cx, said } = terminal(t, (world) => [
    world.thing('a', 1, {
      source: 'a.manual(1)',
      probe: { says: 'a works', run: async () => ({ ok: true, saw: 'it' }) },
    }),
  ])
  const json = cx({ json: true })
  const lines = (): readonly unknown[] =>
    said()
      .out.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
  await verbs.plan(none, json)
  const [plan] = lines() as readonly PlanDocument[]
  assert.deepEqual(plan?.changes[0]?.diff, ['- null', '+ 1'])
  await verbs.apply(yes, json)
  assert.deepEqual(
    lines().map((event) => (event as { event: string }).event),
    ['begin', 'act', 'done', 'end'],
  )
  assert.equal(await verbs.verify(none, json), exitCode.ok)
  assert.deepEqual(lines(), [{ event: 'probe', id: 'thing:a', says: 'a works', ok: true, saw: 'it' }])
  await verbs.why(none, json)
  const [why] = lines() as readonly WhyDocument[]
  assert.deepEqual([why?.steps[0]?.source, why?.steps[0]?.probe], ['a.manual(1)', 'a works'])
  await verbs.log(none, json)
  const [log] = lines() as readonly LogDocument[]
  assert.deepEqual([log?.runs[0]?.actor, log?.runs[0]?.acts[0]?.diff], ['alice', ['- null', '+ 1']])
})

test('log lists the runs, and one run with what was there before', async (t) => {
  const { verbs, cx, said, world } = terminal(t, (world) => [world.thing('a', 1)])
  await verbs.log(none, cx())
  assert.equal(said().out, 'Nothing was ever changed by this set-up.\n')
  world.things.set('a', 'old')
  await verbs.apply(yes, cx())
  await verbs.undo(undoYes, cx())
  said()
  await verbs.log(none, cx())
  assert.match(said().out, /^RUN .*\n2 .* alice +undo +complete +1 +0\n1 .* alice +apply +complete +1 +0\n$/)
  await verbs.log({ flags: {}, args: ['1'] }, cx())
  assert.match(said().out, /^run 1: apply, .* by alice, complete\n\nthing:a\n {4}a is needed\n {4}- "old"\n {4}\+ 1\n/)
  await assert.rejects(verbs.log({ flags: {}, args: ['9'] }, cx()), fails('NOC_SETUP_RUN', 2))
  await assert.rejects(verbs.log({ flags: {}, args: ['x'] }, cx()), fails('NOC_USAGE_RUN', 2))
})

test('why finds steps by a part of their name, and says when there is none', async (t) => {
  const { verbs, cx, said } = terminal(t, (world) => [world.thing('alpha', 1), world.thing('alphabet', 1)])
  await verbs.why({ flags: {}, args: ['bet'] }, cx())
  assert.equal(said().out, 'thing:alphabet\n    alphabet is needed\n\n')
  await verbs.why({ flags: {}, args: ['thing:alpha'] }, cx())
  assert.equal(said().out, 'thing:alpha\n    alpha is needed\n\n', 'a whole name is that step alone')
  await assert.rejects(verbs.why({ flags: {}, args: ['omega'] }, cx()), fails('NOC_SETUP_STEP', 2))
})

test('a refused change is shown with its reason and keeps everything from being done', async (t) => {
  const { verbs, cx, said, world } = terminal(t, (world) => [
    world.thing('a', 1),
    world.thing('b', 1, { guard: async () => 'it would cut your ssh session' }),
  ])
  assert.equal(await verbs.plan(none, cx()), exitCode.found)
  assert.match(said().out, /refused: it would cut your ssh session/)
  await assert.rejects(verbs.apply(yes, cx()), fails('NOC_SETUP_REFUSED', 1))
  assert.deepEqual(world.acts, [])
})

test('what comes from the machine reaches a terminal without its control characters', async (t) => {
  const hostile = '\u001b]0;owned\u0007\u001b[2J\u009b1mx\u202e\n'
  const steps = (world: World): readonly Step[] => [world.thing('a', 1), world.thing(`n${hostile}`, hostile)]
  const { verbs, cx, said, world } = terminal(t, steps)
  world.things.set('a', hostile)
  await verbs.plan(none, cx())
  await verbs.apply(yes, cx())
  await verbs.why(none, cx())
  await verbs.log(none, cx())
  await verbs.log({ flags: {}, args: ['1'] }, cx())
  await verbs.undo(undoYes, cx())
  assert.doesNotMatch(said().out.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u202e]/)
})

const askProgram = fileURLToPath(new URL('fixtures/ask-program.ts', import.meta.url))

/** Answers the question on a pseudo-terminal; gives the exit code and whether the file was made. */
async function answered(t: TestContext, keys: string): Promise<readonly [code: number | null, made: boolean]> {
  const folder = mkdtempSync(join(tmpdir(), 'nocturne-ask-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const line = `'${process.execPath}' --import tsx '${askProgram}' '${folder}'`
  const child = spawn('script', ['-qefc', line, '/dev/null'], { timeout: 30_000 })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const before = shown.includes('[y/N] ')
    shown += text
    if (!before && shown.includes('[y/N] ')) child.stdin.write(keys)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  assert.match(shown, /1 change to make[^]*Make 1 change\? \[y\/N\] /)
  return [code, existsSync(join(folder, 'root/made'))]
}

test(
  'on a terminal apply asks: y does it, anything else, Ctrl-D and Ctrl-C do not',
  { skip: needs({ programs: ['script'] }) },
  async (t) => {
    assert.deepEqual(await answered(t, 'y\r'), [exitCode.ok, true])
    assert.deepEqual(await answered(t, '\r'), [exitCode.found, false])
    assert.deepEqual(await answered(t, '\u0004'), [exitCode.found, false])
    assert.deepEqual(await answered(t, '\u0003'), [exitCode.interrupted, false])
  },
)

test('every verb can be loaded, and shows the command as it is typed', async () => {
  const commands = setupCommands('torbox', () => Promise.reject(new Error('not now')))
  assert.deepEqual(Object.keys(commands), ['plan', 'apply', 'verify', 'undo', 'why', 'log'])
  for (const [verb, { examples, load }] of Object.entries(commands)) {
    assert.equal(typeof (await load()), 'function')
    for (const [line] of examples) assert.ok(line.startsWith(`torbox ${verb}`))
  }
})
