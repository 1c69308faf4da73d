import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { NocError } from '../../errors.ts'
import { apply } from './apply.ts'
import { type World, all, createWorld, told } from './fixtures/world.ts'
import { runs, standing } from './history.ts'
import { openJournal, type Journal } from './journal.ts'
import { makePlan } from './plan.ts'
import type { Plan, SetupEvent, Step } from './types.ts'
import { planUndo, undo } from './undo.ts'
import { verify } from './verify.ts'

function journalOf({ session }: World): Journal {
  return openJournal(session.data, 'test', { writable: false })
}

function planOf(world: World, steps: readonly Step[]): Promise<Plan> {
  return makePlan(world.session.host, 'test', steps, journalOf(world).entries)
}

async function applyAll(world: World, steps: readonly Step[]): Promise<readonly SetupEvent[]> {
  return all(apply(world.session, await planOf(world, steps)))
}

const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

test('a plan changes nothing, apply does what it says, and then there is nothing to do', async (t) => {
  const world = createWorld(t)
  const steps = [world.thing('a', 1), world.thing('b', 2)]
  const plan = await planOf(world, steps)
  assert.deepEqual(world.acts, [])
  assert.deepEqual(told(await all(apply(world.session, plan))), [
    'begin',
    'act thing:a',
    'done thing:a',
    'act thing:b',
    'done thing:b',
    'end',
  ])
  assert.deepEqual((await planOf(world, steps)).changes, [])
  assert.deepEqual(await applyAll(world, steps), [], 'an apply without a change leaves no run')
  assert.equal(runs(journalOf(world).entries).length, 1)
})

test('undo puts the former values back, newest first, and the journal says who did what', async (t) => {
  const world = createWorld(t)
  world.things.set('a', 'old')
  await applyAll(world, [world.thing('a', 'new'), world.thing('b', 2)])
  world.acts.length = 0
  await all(undo(world.session, world.wish()))
  assert.deepEqual(world.acts, ['b=null', 'a="old"'])
  assert.deepEqual(
    runs(journalOf(world).entries).map(({ run, verb, actor, outcome, standing }) => [
      run,
      verb,
      actor,
      outcome,
      standing,
    ]),
    [
      [2, 'undo', 'alice', 'complete', 0],
      [1, 'apply', 'alice', 'complete', 0],
    ],
  )
  assert.deepEqual(await all(undo(world.session, world.wish())), [], 'a second undo finds nothing')
})

test('steps come after what they need and what notifies them, whatever the order of the list', async (t) => {
  const world = createWorld(t)
  const daemon = world.daemon('d', { needs: [world.thing('user', 1)] })
  const config = world.thing('config', 1, { notify: [daemon] })
  await applyAll(world, [daemon, config])
  assert.deepEqual(world.acts, ['user=1', 'config=1', 'd=true'], 'started after its configuration, so not reloaded')
})

test('steps that wait for each other, or want two things of one, are a mistake that is told', async (t) => {
  const world = createWorld(t)
  const daemon = world.daemon('d', { needs: [world.thing('c', 1)] })
  await assert.rejects(planOf(world, [world.thing('c', 1), world.thing('c', 2)]), /different things of thing:c/)
  const circle = world.thing('c', 1, { notify: [daemon], needs: [daemon] })
  await assert.rejects(planOf(world, [circle]), /wait for each other/)
  await assert.rejects(planOf(world, [world.thing('x', 1, { notify: [world.thing('y', 1)] })]), /can't be reloaded/)
})

test('a daemon is reloaded once after all its causes, and again on undo', async (t) => {
  const world = createWorld(t)
  world.things.set('d', true)
  const daemon = world.daemon('d')
  const steps = [world.thing('a', 1, { notify: [daemon] }), world.thing('b', 1, { notify: [daemon] }), daemon]
  const plan = await planOf(world, steps)
  assert.deepEqual(plan.changes.map(({ step, changed, reload }) => [step.id, changed, reload]).at(-1), [
    'daemon:d',
    false,
    true,
  ])
  await all(apply(world.session, plan))
  assert.deepEqual(world.acts, ['a=1', 'b=1', 'reload d'])
  world.acts.length = 0
  await all(undo(world.session, world.wish()))
  assert.deepEqual(world.acts, ['b=null', 'a=null', 'reload d'])
})

test('a reload that a kill cut off is still due: the next plan has it, and so has undo', async (t) => {
  for (const verb of ['apply', 'undo'] as const) {
    const world = createWorld(t)
    world.things.set('d', true)
    const steps = [world.thing('a', 1, { notify: [world.daemon('d')] })]
    const plan = await planOf(world, steps)
    const killed = apply({ ...world.session, point: (at) => assert.notEqual(at, 'reload') }, plan)
    await assert.rejects(all(killed))
    assert.deepEqual(world.acts, ['a=1'])
    if (verb === 'apply') assert.deepEqual(told(await applyAll(world, steps)), ['begin', 'reload daemon:d', 'end'])
    else await all(undo(world.session, world.wish()))
    assert.equal(world.acts.at(-1), 'reload d')
    assert.deepEqual((await planOf(world, verb === 'apply' ? steps : [])).changes, [])
  }
})

test('an apply whose plan is no longer true does nothing', async (t) => {
  const world = createWorld(t)
  const plan = await planOf(world, [world.thing('a', 1), world.thing('b', 1)])
  world.things.set('b', 'somebody was here')
  await assert.rejects(all(apply(world.session, plan)), fails('NOC_SETUP_STALE'))
  assert.deepEqual(world.acts, [])
})

test('a state that moves while apply runs stops it before that step, and undo takes the rest back', async (t) => {
  const world = createWorld(t)
  const plan = await planOf(world, [world.thing('a', 1), world.thing('b', 1)])
  world.before((name) => void (name === 'a' && world.things.set('b', 'somebody was here')))
  await assert.rejects(all(apply(world.session, plan)), fails('NOC_SETUP_STALE'))
  assert.deepEqual(world.acts, ['a=1'])
  await all(undo(world.session, world.wish()))
  assert.deepEqual([...world.things], [['b', 'somebody was here']])
})

test('a state that moves because of an earlier step of the run is looked at again, and its former value kept', async (t) => {
  const world = createWorld(t)
  const device = world.thing('device', 1)
  world.before((name) => void (name === 'device' && !world.things.has('device') && world.things.set('value', 7)))
  await applyAll(world, [world.thing('value', 0, { needs: [device] })])
  assert.equal(world.things.get('value'), 0)
  await all(undo(world.session, world.wish()))
  assert.equal(world.things.get('value'), 7)
})

test('a step that fails stops apply; what was done until then stands and can be undone', async (t) => {
  const world = createWorld(t)
  const steps = [world.thing('a', 1), world.thing('b', 1), world.thing('c', 1)]
  world.before((name) => {
    if (name === 'b') throw new NocError('NOC_TEST', 'no')
  })
  const plan = await planOf(world, steps)
  const events: SetupEvent[] = []
  await assert.rejects(async () => {
    for await (const event of apply(world.session, plan)) events.push(event)
  }, fails('NOC_TEST'))
  assert.deepEqual(events.at(-1), { event: 'end', setup: 'test', run: 1, outcome: 'stopped' })
  assert.deepEqual(runs(journalOf(world).entries)[0]?.troubles, [{ id: 'thing:b', why: 'no' }])
  world.before(() => undefined)
  assert.deepEqual(told(await all(undo(world.session, world.wish()))), [
    'begin',
    'same thing:b',
    'act thing:a',
    'done thing:a',
    'end',
  ])
  assert.equal(world.things.size, 0)
})

test('a write that says it worked, and did not, is an error', async (t) => {
  const world = createWorld(t)
  const plan = await planOf(world, [world.thing('a', 1)])
  const { set } = world.things
  world.things.set = (name) => set.call(world.things, name, 'something else')
  await assert.rejects(all(apply(world.session, plan)), fails('NOC_SETUP_NO_EFFECT'))
})

test('a guard refuses in the plan and before the act; nothing is done', async (t) => {
  const world = createWorld(t)
  const steps = [world.thing('a', 1), world.thing('b', 1, { guard: async () => 'it would cut your session' })]
  assert.equal((await planOf(world, steps)).changes[1]?.refused, 'it would cut your session')
  await assert.rejects(applyAll(world, steps), fails('NOC_SETUP_REFUSED'))
  assert.deepEqual(world.acts, [])
  const late = [
    world.thing('a', 1),
    world.thing('b', 1, { guard: async () => (world.things.has('a') ? 'too late' : null) }),
  ]
  await assert.rejects(applyAll(world, late), fails('NOC_SETUP_REFUSED'))
  assert.deepEqual(world.acts, ['a=1'])
})

test('what others changed since is a conflict: kept and told, the rest is undone, force overwrites', async (t) => {
  const world = createWorld(t)
  await applyAll(world, [world.thing('a', 1), world.thing('b', 1), world.thing('c', 1)])
  world.things.set('b', 'theirs')
  const shown = await planUndo(world.session.host, journalOf(world), world.wish())
  assert.deepEqual(
    shown.items.map(({ intent, verdict }) => [intent.id, verdict]),
    [
      ['thing:c', 'restore'],
      ['thing:b', 'conflict'],
      ['thing:a', 'restore'],
    ],
  )
  const events = await all(undo(world.session, world.wish({ hash: shown.hash })))
  assert.deepEqual([...world.things], [['b', 'theirs']])
  assert.deepEqual(events.at(-1), { event: 'end', setup: 'test', run: 2, outcome: 'conflict' })
  assert.deepEqual(
    standing(journalOf(world).entries)
      .map(({ id, run }) => [id, run])
      .at(0),
    ['thing:b', 1],
  )
  await all(undo(world.session, world.wish({ force: true })))
  assert.equal(world.things.size, 0)
  await all(undo(world.session, world.wish({ run: 3 })))
  assert.equal(world.things.get('b'), 'theirs', 'what force overwrote is in the journal, and comes back')
})

test('what a kept thing stands on is kept too', async (t) => {
  const world = createWorld(t)
  const bridge = world.thing('bridge', 1)
  const address = world.thing('address', 1, { needs: [bridge] })
  await applyAll(world, [bridge, address, world.thing('other', 1)])
  world.things.set('address', 'theirs')
  const events = await all(undo(world.session, world.wish()))
  assert.deepEqual([...world.things.keys()], ['bridge', 'address'])
  const conflicts = events.flatMap((event) => (event.event === 'conflict' ? [event.why] : []))
  assert.deepEqual(conflicts, ['changed by someone else since; kept', 'thing:address was kept and needs it'])
})

test('one run of several can be undone alone; undoing an undo brings its changes back', async (t) => {
  const world = createWorld(t)
  await applyAll(world, [world.thing('a', 1)])
  await applyAll(world, [world.thing('a', 1), world.thing('b', 1)])
  await all(undo(world.session, world.wish({ run: 1 })))
  assert.deepEqual([...world.things], [['b', 1]])
  await all(undo(world.session, world.wish({ run: 3 })))
  assert.deepEqual(world.things.get('a'), 1)
  await all(undo(world.session, world.wish()))
  assert.equal(world.things.size, 0)
  await assert.rejects(all(undo(world.session, world.wish({ run: 99 }))), fails('NOC_SETUP_RUN'))
})

test('a change on which a later run stands is kept, even when its former value is there by chance', async (t) => {
  const world = createWorld(t)
  await applyAll(world, [world.thing('a', 1)])
  await applyAll(world, [world.thing('a', null)])
  const events = await all(undo(world.session, world.wish({ run: 1, force: true })))
  assert.ok(events.some((event) => event.event === 'conflict' && /run 2 changed it again/.test(event.why)))
  await all(undo(world.session, world.wish()))
  assert.equal(world.things.size, 0)
})

test('several changes of one thing are taken back one after the other, and the undo plan knows', async (t) => {
  const world = createWorld(t)
  for (const value of [1, 2, 3]) await applyAll(world, [world.thing('a', value)])
  const shown = await planUndo(world.session.host, journalOf(world), world.wish())
  assert.deepEqual(
    shown.items.map(({ verdict }) => verdict),
    ['restore', 'restore', 'restore'],
  )
  await all(undo(world.session, world.wish()))
  assert.equal(world.things.size, 0)
})

test('an undo that was shown and is no longer true does nothing', async (t) => {
  const world = createWorld(t)
  await applyAll(world, [world.thing('a', 1)])
  const { hash } = await planUndo(world.session.host, journalOf(world), world.wish())
  world.things.set('a', 'theirs')
  await assert.rejects(all(undo(world.session, world.wish({ hash, force: true }))), fails('NOC_SETUP_STALE'))
  assert.equal(world.things.get('a'), 'theirs')
})

test('a kind that this version does not know is kept and told, the rest is undone', async (t) => {
  const world = createWorld(t)
  await applyAll(world, [world.thing('a', 1), world.daemon('d')])
  const kinds = new Map([...world.wish().kinds].filter(([name]) => name === 'thing'))
  const events = await all(undo(world.session, world.wish({ kinds })))
  assert.ok(events.some((event) => event.event === 'conflict' && /knows no kind "daemon"/.test(event.why)))
  assert.deepEqual([...world.things], [['d', true]])
})

test('two runs at once: the second is refused, and can go on when the first has ended', async (t) => {
  const world = createWorld(t)
  const first = apply(world.session, await planOf(world, [world.thing('a', 1)]))
  assert.equal((await first.next()).value?.event, 'begin')
  const second = await planOf(world, [world.thing('b', 1)])
  await assert.rejects(all(apply(world.session, second)), fails('NOC_SETUP_BUSY'))
  await assert.rejects(all(undo(world.session, world.wish())), fails('NOC_SETUP_BUSY'))
  await all(first)
  await all(apply(world.session, second))
  assert.deepEqual(world.acts, ['a=1', 'b=1'])
})

test('Ctrl-C stops between two steps, never within one', async (t) => {
  const world = createWorld(t)
  const stop = new AbortController()
  world.before(() => stop.abort())
  const plan = await planOf(world, [world.thing('a', 1), world.thing('b', 1)])
  await assert.rejects(all(apply({ ...world.session, signal: stop.signal }, plan)), fails('NOC_SETUP_INTERRUPTED'))
  assert.deepEqual(world.acts, ['a=1'])
  assert.equal(runs(journalOf(world).entries)[0]?.outcome, 'stopped')
  await all(undo(world.session, world.wish()))
  assert.equal(world.things.size, 0)
})

test('a consumer that goes away frees the lock', async (t) => {
  const world = createWorld(t)
  for await (const event of apply(world.session, await planOf(world, [world.thing('a', 1)]))) {
    if (event.event === 'begin') break
  }
  await applyAll(world, [world.thing('a', 1)])
  assert.equal(world.things.get('a'), 1)
})

test('a secret stands neither in plan, events nor journal; undo restores it all the same', async (t) => {
  const world = createWorld(t)
  world.things.set('key', 'hunter1')
  const steps = [world.thing('key', 'hunter2', { secret: true })]
  const events = JSON.stringify(await applyAll(world, steps))
  const journal = readFileSync(join(world.session.data, 'setups', 'test.jsonl'), 'utf8')
  assert.doesNotMatch(events + journal, /hunter/)
  await all(undo(world.session, world.wish()))
  assert.equal(world.things.get('key'), 'hunter1')
})

test('verify tells what differs and what the probes saw; a probe that breaks is a no', async (t) => {
  const world = createWorld(t)
  const probe = (ok: boolean) => ({ says: 'it works', run: async () => ({ ok, saw: ok ? 'a packet' : 'nothing' }) })
  const broken = { says: 'it works', run: () => Promise.reject(new Error('no route')) }
  const steps = [
    world.thing('a', 1, { probe: probe(true) }),
    world.thing('b', 1, { probe: probe(false) }),
    world.thing('c', 1, { probe: broken }),
  ]
  await applyAll(world, steps)
  world.things.set('a', 2)
  const events = await all(verify(world.session.host, await planOf(world, steps), world.session.signal))
  assert.deepEqual(
    events.map((event) => (event.event === 'probe' ? [event.id, event.ok, event.saw] : [])),
    [
      ['thing:a', false, '- 2'],
      ['thing:a', true, 'a packet'],
      ['thing:b', false, 'nothing'],
      ['thing:c', false, 'no route'],
    ],
  )
})

test('whatever is applied and undone in whatever order, undoing all brings everything back', async (t) => {
  const name = fc.constantFrom('a', 'b', 'c')
  const act = fc.oneof(
    fc.record({ verb: fc.constant('apply' as const), wants: fc.dictionary(name, fc.jsonValue({ maxDepth: 1 })) }),
    fc.record({ verb: fc.constant('undo' as const), run: fc.nat(6) }),
    fc.record({ verb: fc.constant('kill' as const), wants: fc.dictionary(name, fc.nat(9)), after: fc.nat(12) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 6 }), async (acts) => {
      const world = createWorld(t)
      world.things.set('a', 'old')
      for (const one of acts) {
        if (one.verb === 'undo') await all(undo(world.session, world.wish({ run: one.run }))).catch(() => undefined)
        else {
          const steps = Object.entries(one.wants).map(([key, value]) =>
            world.thing(key, JSON.parse(JSON.stringify(value))),
          )
          let left = one.verb === 'kill' ? one.after : Infinity
          const point = (): void => assert.ok((left -= 1) >= 0)
          await all(apply({ ...world.session, point }, await planOf(world, steps))).catch(() => undefined)
        }
      }
      await all(undo(world.session, world.wish({ force: true })))
      assert.deepEqual([...world.things], [['a', 'old']])
    }),
    { numRuns: 60 },
  )
})
