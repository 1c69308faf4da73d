import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import * as v from 'valibot'
import { NocError } from '../../errors.ts'
import type { Route } from '../../http/route.ts'
import type { LogDocument, PlanDocument, ProgressDocument, SetupList, UndoDocument } from './documents.ts'
import { type World, createWorld } from './fixtures/world.ts'
import { setupRoutes } from './routes.ts'
import type { Setup, Step } from './types.ts'

interface Api {
  readonly world: World
  readonly published: ProgressDocument[]
  get<T>(path: string, query?: Readonly<Record<string, string>>): Promise<T>
  post(path: string, body: object): Promise<{ readonly run: number | null }>
  /** Resolves when the run that goes on has ended. */
  ended(): Promise<ProgressDocument>
}

function api(t: TestContext, steps: (world: World) => readonly Step[]): Api {
  const world = createWorld(t)
  const kinds = [...world.wish().kinds.values()]
  const setup: Setup = { name: 'test', summary: 'A test', kinds, steps: () => steps(world) }
  const published: ProgressDocument[] = []
  const routes = setupRoutes({
    ...world.session,
    helper: '/nonexistent',
    setups: async () => [{ setup, config: null }],
    live: { watched: true, publish: (document) => void published.push(document as ProgressDocument) },
  })
  const find = (method: string, path: string): Route =>
    routes.find((route) => route.method === method && route.path === path) ?? assert.fail(`no ${method} ${path}`)
  const ask = async (route: Route, query: Readonly<Record<string, string>>, body: unknown): Promise<unknown> => {
    const parsed = route.body === undefined ? undefined : v.parse(route.body, body)
    const { signal } = world.session
    const answer = await route.handle({ params: { name: 'test' }, query, body: parsed, actor: 'console', signal })
    // What the OpenAPI document promises is what comes.
    assert.deepEqual(v.parse(route.response, answer), answer)
    return answer
  }
  return {
    world,
    published,
    get: async <T>(path: string, query = {}) => (await ask(find('GET', path), query, undefined)) as T,
    post: async (path, body) => (await ask(find('POST', path), {}, body)) as { run: number | null },
    async ended() {
      for (;;) {
        const last = published.at(-1)
        if (last && !last.running) return last
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
}

const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

test('the page lists set-ups, shows a plan, applies exactly that plan, and sees it go', async (t) => {
  const { world, get, post, ended } = api(t, (world) => [world.thing('a', 1), world.thing('b', 2)])
  const before = await get<SetupList>('/')
  assert.deepEqual(before.setups, [
    { name: 'test', summary: 'A test', pending: 2, error: null, standing: 0, last: null },
  ])
  const plan = await get<PlanDocument>('/:name/plan')
  assert.deepEqual(plan.changes.map(({ id, why, diff }) => [id, why, diff])[0], [
    'thing:a',
    'a is needed',
    ['- null', '+ 1'],
  ])
  assert.deepEqual(await post('/:name/apply', { hash: plan.hash }), { run: 1 })
  const { events, error } = await ended()
  assert.deepEqual([events.map(({ event }) => event), error], [['begin', 'act', 'done', 'act', 'done', 'end'], null])
  assert.equal(world.things.size, 2)
  const after = await get<SetupList>('/')
  assert.deepEqual(after.setups[0]?.last, {
    run: 1,
    verb: 'apply',
    actor: 'console',
    at: after.setups[0]?.last?.at,
    outcome: 'complete',
  })
  assert.deepEqual([after.setups[0]?.pending, after.setups[0]?.standing, after.progress?.running], [0, 2, false])
  assert.deepEqual(await post('/:name/apply', { hash: (await get<PlanDocument>('/:name/plan')).hash }), { run: null })
})

test('a plan or an undo that is not the one that was shown is refused', async (t) => {
  const { world, get, post, ended } = api(t, (world) => [world.thing('a', 1)])
  const { hash } = await get<PlanDocument>('/:name/plan')
  world.things.set('a', 'theirs')
  await assert.rejects(post('/:name/apply', { hash }), fails('NOC_SETUP_STALE'))
  await assert.rejects(post('/:name/apply', { hash: 'x' }), v.ValiError)
  await post('/:name/apply', { hash: (await get<PlanDocument>('/:name/plan')).hash })
  await ended()
  const undo = await get<UndoDocument>('/:name/undo')
  assert.deepEqual(
    undo.acts.map(({ id, verdict }) => [id, verdict]),
    [['thing:a', 'restore']],
  )
  world.things.set('a', 'theirs again')
  await assert.rejects(post('/:name/undo', { hash: undo.hash }), fails('NOC_SETUP_STALE'))
  assert.equal(world.things.get('a'), 'theirs again')
  const forced = await get<UndoDocument>('/:name/undo', { force: '1', run: '1' })
  assert.deepEqual(await post('/:name/undo', { hash: forced.hash, force: true, run: 1 }), { run: 2 })
  await ended()
  assert.equal(world.things.get('a'), 'theirs')
  const log = await get<LogDocument>('/:name/log')
  assert.deepEqual(
    log.runs.map(({ run, verb }) => [run, verb]),
    [
      [2, 'undo'],
      [1, 'apply'],
    ],
  )
})

test('a run that fails on its way is told to whoever watches', async (t) => {
  const { world, get, post, ended } = api(t, (world) => [world.thing('a', 1)])
  world.before(() => {
    throw new NocError('NOC_TEST', 'the disk is on fire', { hint: 'run' })
  })
  await post('/:name/apply', { hash: (await get<PlanDocument>('/:name/plan')).hash })
  const { events, error } = await ended()
  assert.deepEqual(error, { code: 'NOC_TEST', message: 'the disk is on fire', hint: 'run' })
  assert.equal(events.at(-1)?.event, 'end')
})

test('a set-up that can not be looked at does not hide the others', async (t) => {
  const { get } = api(t, (world) => {
    throw new NocError('NOC_TEST', `no ${world.things.size}`)
  })
  const { setups } = await get<SetupList>('/')
  assert.deepEqual(setups[0], {
    name: 'test',
    summary: 'A test',
    pending: null,
    error: 'no 0',
    standing: 0,
    last: null,
  })
})

test('a run number that is none, and a set-up that is none, are told', async (t) => {
  const { get } = api(t, (world) => [world.thing('a', 1)])
  await assert.rejects(get('/:name/log', { run: '-1' }), fails('NOC_HTTP_QUERY'))
  await assert.rejects(get('/:name/undo', { run: '7' }), fails('NOC_SETUP_RUN'))
})
