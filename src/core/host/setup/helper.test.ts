import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NocError } from '../../errors.ts'
import { type SetupWork, type Wanted, workHere } from './configured.ts'
import { type World, createWorld } from './fixtures/world.ts'
import { answerOne, workByHelper } from './helper.ts'
import type { Setup, SetupEvent, Step } from './types.ts'

interface Helper {
  readonly world: World
  readonly path: string
  /** What ended a question before its end, so far. */
  readonly thrown: unknown[]
  /** A run of the plan as it is now. */
  wanted(change?: Partial<Wanted>): Promise<Wanted>
  /** The daemon's side. */
  readonly work: SetupWork
}

/** A helper as systemd has it: one answer a connection. */
async function helper(t: TestContext, steps: (world: World) => readonly Step[]): Promise<Helper> {
  const world = createWorld(t)
  const kinds = [...world.wish().kinds.values()]
  const setup: Setup = { name: 'test', summary: 'A test', kinds, steps: () => steps(world) }
  const here = (signal: AbortSignal): SetupWork => workHere({ ...world.session, signal }, { setup, config: null })
  const thrown: unknown[] = []
  const path = join(world.session.data, 'helper.sock')
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    answerOne({ work: (name, gone) => (name === 'test' ? here(gone) : null), input: socket, output: socket })
      .catch((error: unknown) => thrown.push(error))
      .finally(() => socket.end())
  })
  await once(server.listen(path), 'listening')
  t.after(() => server.close())
  const work = workByHelper(path, 'test', NEVER)
  return {
    world,
    path,
    thrown,
    work,
    async wanted(change = {}) {
      const { hash } = await work.plan()
      return { verb: 'apply', hash, run: null, force: false, actor: 'console', ...change }
    },
  }
}

const NEVER = new AbortController().signal

/** The events of a run, and the error that ended it. */
async function followed(
  events: AsyncGenerator<SetupEvent>,
): Promise<{ readonly events: SetupEvent[]; readonly error: unknown }> {
  const seen: SetupEvent[] = []
  try {
    for await (const event of events) seen.push(event)
    return { events: seen, error: null }
  } catch (error) {
    return { events: seen, error }
  }
}

const codeOf = (error: unknown): string => (error instanceof NocError ? error.code : String(error))

test('what is asked over the socket is answered as it would be here', async (t) => {
  const { world, work, wanted } = await helper(t, (world) => [world.thing('a', 1), world.thing('b', 2)])
  assert.deepEqual(
    (await work.plan()).changes.map(({ id, why }) => [id, why]),
    [
      ['thing:a', 'a is needed'],
      ['thing:b', 'b is needed'],
    ],
  )
  const { events, error } = await followed(work.run(await wanted({ actor: 'console (192.0.2.7)' })))
  assert.equal(error, null)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['begin', 'act', 'done', 'act', 'done', 'end'],
  )
  assert.equal(world.things.size, 2)
  const { last, pending } = await work.describe()
  assert.deepEqual([last?.verb, last?.actor, last?.outcome, pending], ['apply', 'console (192.0.2.7)', 'complete', 0])
  const { hash, acts } = await work.undoPlan({ run: null, force: false })
  assert.deepEqual(
    acts.map(({ id, verdict }) => [id, verdict]),
    [
      ['thing:b', 'restore'],
      ['thing:a', 'restore'],
    ],
  )
  assert.equal((await followed(work.run(await wanted({ verb: 'undo', hash })))).error, null)
  assert.equal(world.things.size, 0)
})

test('what refuses or ends a run comes over the socket in its own words', async (t) => {
  const { world, path, work, wanted, thrown } = await helper(t, (world) => [world.thing('a', 1), world.thing('b', 2)])
  const stale = await followed(work.run(await wanted({ hash: '0'.repeat(64) })))
  assert.deepEqual([stale.events, codeOf(stale.error)], [[], 'NOC_SETUP_STALE'])
  await assert.rejects(workByHelper(path, 'other', NEVER).plan(), (error) => codeOf(error) === 'NOC_SETUP_UNKNOWN')
  world.before((name) => {
    if (name === 'b') throw new NocError('NOC_TEST_B', 'b broke', { hint: 'mend b' })
  })
  const { events, error } = await followed(work.run(await wanted()))
  assert.equal(events.at(-1)?.event, 'end')
  assert.ok(error instanceof NocError)
  assert.deepEqual([error.code, error.message, error.hint], ['NOC_TEST_B', 'b broke', 'mend b'])
  assert.deepEqual(thrown.map(codeOf), ['NOC_SETUP_STALE', 'NOC_SETUP_UNKNOWN', 'NOC_TEST_B'])
})

test('a run ends between two steps when who asked is gone', async (t) => {
  // Within each step, long enough for the helper to hear of it.
  const guard = (): Promise<null> => sleep(200, null)
  const { world, path, wanted, thrown } = await helper(t, (world) => [
    world.thing('a', 1, { guard }),
    world.thing('b', 2),
  ])
  const stop = new AbortController()
  const going = workByHelper(path, 'test', stop.signal).run(await wanted())
  await assert.rejects(
    async () => {
      for await (const event of going) if (event.event === 'begin') stop.abort()
    },
    (error) => codeOf(error) === 'NOC_SETUP_HELPER',
  )
  while (thrown.length === 0) await sleep(5)
  assert.deepEqual(thrown.map(codeOf), ['NOC_SETUP_INTERRUPTED'])
  assert.deepEqual([...world.things.keys()], ['a'])
})

test('a question that is none is refused before anything is looked at', async (t) => {
  const { world, path, thrown } = await helper(t, (world) => [world.thing('a', 1)])
  const wrong = ['', 'no json\n', '{}\n', 'x'.repeat(5000), '{"ask":"run","setup":"test","verb":"rm","hash":""}\n']
  for (const text of wrong) {
    const socket = connect(path)
    socket.end(text)
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)
    assert.ok(text === '' || answer.includes('NOC_SETUP_QUESTION'), answer)
  }
  assert.deepEqual(
    thrown.map(codeOf),
    wrong.map(() => 'NOC_SETUP_QUESTION'),
  )
  assert.equal(world.things.size, 0)
})

test('a helper that is not there, says nonsense or dies is told as that', async (t) => {
  const { world, wanted } = await helper(t, (world) => [world.thing('a', 1)])
  const run = await wanted()
  const ask = async (path: string): Promise<string> =>
    codeOf((await followed(workByHelper(path, 'test', NEVER).run(run))).error)
  assert.equal(await ask('/nonexistent/helper.sock'), 'NOC_SETUP_HELPER')
  const begin = '{"event":{"event":"begin","setup":"test","verb":"apply","run":1}}\n'
  for (const [name, text] of Object.entries({ nonsense: 'x\n', dies: begin })) {
    const path = join(world.session.data, `${name}.sock`)
    const server = createServer((socket) => void socket.end(text))
    await once(server.listen(path), 'listening')
    t.after(() => server.close())
    assert.equal(await ask(path), 'NOC_SETUP_HELPER', name)
    await assert.rejects(workByHelper(path, 'test', NEVER).plan(), (error) => codeOf(error) === 'NOC_SETUP_HELPER')
  }
})
