/** What a set-up does when the machine does not play along. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NocError } from '#core/errors.ts'
import { apply } from '#core/host/setup/apply.ts'
import { runs, standing } from '#core/host/setup/history.ts'
import { openJournal } from '#core/host/setup/journal.ts'
import { file, sysctl } from '#core/host/setup/kinds/index.ts'
import { makePlan } from '#core/host/setup/plan.ts'
import { type Setup, type SetupEvent, step } from '#core/host/setup/types.ts'
import { needs } from '../peers.ts'
import { perform } from './setup-child.ts'
import { type ScratchHost, scratchHost, sh } from './setup-host.ts'

const skip = needs({ root: true, programs: ['ip', 'nft', 'nsenter', 'mount'] })
const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

const setup: Setup<null> = {
  name: 'trouble',
  summary: 'Some files',
  steps: () => [
    step(sysctl, { key: 'net.ipv4.ip_default_ttl', value: '63' }, { why: 'Before the files.' }),
    ...['a', 'b', 'c'].map((name) =>
      step(file, { path: `/etc/${name}`, content: `${name} `.repeat(2500) }, { why: 'A file of some size.' }),
    ),
  ],
}

/** A file system of its own at `folder`. */
function disk(folder: string, ...options: readonly string[]): void {
  mkdirSync(folder, { recursive: true })
  sh('mount', '-t', 'tmpfs', '-o', options.join(','), 'nocturne-test', folder)
}

/** Fills it but for some pages of 4 KiB. */
function fill(folder: string, pages: number): void {
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(join(folder, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - pages * 4096)))
}

const empty = (folder: string): void => rmSync(join(folder, 'filler'))

function prepared(t: TestContext): ScratchHost {
  const scratch = scratchHost(t, (path) => path === '/etc/filler')
  mkdirSync(join(scratch.host.root, 'etc'))
  return scratch
}

async function converged({ host }: ScratchHost): Promise<boolean> {
  return (await makePlan(host, setup.name, setup.steps(null), [])).changes.length === 0
}

test('a disk that gets full under the files stops apply in words, and undo brings all back', { skip }, async (t) => {
  const scratch = prepared(t)
  const etc = join(scratch.host.root, 'etc')
  disk(etc, 'size=64k')
  const before = scratch.snapshot()
  for (let pages = 0; pages < 6; pages += 1) {
    fill(etc, pages)
    await assert.rejects(perform(scratch.session, setup, null, 'apply'), (error) => {
      assert.ok(error instanceof NocError)
      assert.equal(error.code, 'NOC_SETUP_DISK_FULL')
      assert.match(error.message, /^The disk that holds \/etc\/[abc] is full\.$/)
      return true
    })
    await perform(scratch.session, setup, null, 'undo')
    assert.deepEqual(scratch.snapshot(), before, `${pages} pages were free`)
    empty(etc)
  }
  await perform(scratch.session, setup, null, 'apply')
  assert.ok(await converged(scratch))
})

test('a disk that gets full under the journal stops apply; undo works once there is space', { skip }, async (t) => {
  const scratch = prepared(t)
  disk(scratch.data, 'size=128k')
  const before = scratch.snapshot()
  let stopped = 0
  for (let pages = 0; pages < 14; pages += 1) {
    fill(scratch.data, pages)
    const failed = await perform(scratch.session, setup, null, 'apply').then(
      () => false,
      (error: unknown) => fails('NOC_SETUP_DISK_FULL')(error) || assert.fail(String(error)),
    )
    if (failed) stopped += 1
    else assert.ok(await converged(scratch))
    // Either it works at once, or it says why not.
    await perform(scratch.session, setup, null, 'undo').catch((error: unknown) => {
      assert.ok(fails('NOC_SETUP_DISK_FULL')(error), String(error))
    })
    empty(scratch.data)
    await perform(scratch.session, setup, null, 'undo')
    assert.deepEqual(scratch.snapshot(), before, `${pages} pages were free`)
    assert.deepEqual(
      standing(openJournal(scratch.data, setup.name, { writable: false }).entries).filter(({ undoes }) => !undoes),
      [],
    )
  }
  assert.ok(stopped > 2 && stopped < 14, `${stopped} were stopped`)
})

test('a file system that is read-only is told; the journal stands and undo works later', { skip }, async (t) => {
  const scratch = prepared(t)
  const etc = join(scratch.host.root, 'etc')
  disk(etc, 'size=1m')
  const before = scratch.snapshot()
  sh('mount', '-o', 'remount,ro', etc)
  await assert.rejects(perform(scratch.session, setup, null, 'apply'), fails('NOC_SETUP_READ_ONLY'))
  await perform(scratch.session, setup, null, 'undo')
  assert.deepEqual(scratch.snapshot(), before)
  sh('mount', '-o', 'remount,rw', etc)
  await perform(scratch.session, setup, null, 'apply')
  sh('mount', '-o', 'remount,ro', etc)
  const events = await perform(scratch.session, setup, null, 'undo')
  const kept = events.flatMap((event) => (event.event === 'conflict' ? [event.why] : []))
  assert.equal(kept.length, 3)
  for (const why of kept) assert.match(why, /mounted read-only/)
  sh('mount', '-o', 'remount,rw', etc)
  await perform(scratch.session, setup, null, 'undo')
  assert.deepEqual(scratch.snapshot(), before)
})

test('a journal that can not be written keeps everything from being done', { skip }, async (t) => {
  const scratch = prepared(t)
  disk(scratch.data, 'size=1m')
  const before = scratch.snapshot()
  sh('mount', '-o', 'remount,ro', scratch.data)
  await assert.rejects(perform(scratch.session, setup, null, 'apply'), fails('NOC_SETUP_READ_ONLY'))
  assert.deepEqual(scratch.snapshot(), before)
  sh('mount', '-o', 'remount,rw', scratch.data)
  await perform(scratch.session, setup, null, 'apply')
  sh('mount', '-o', 'remount,ro', scratch.data)
  await assert.rejects(perform(scratch.session, setup, null, 'undo'), fails('NOC_SETUP_READ_ONLY'))
  assert.ok(await converged(scratch))
})

test(
  'a machine that starts again has lost its devices and values; undo takes back what is left',
  { skip },
  async (t) => {
    const scratch = prepared(t)
    const before = scratch.snapshot()
    await perform(scratch.session, setup, null, 'apply')
    // What a restart does to the network: all of it is new.
    sh('ip', 'netns', 'delete', scratch.name)
    sh('ip', 'netns', 'add', scratch.name)
    sh('ip', '-n', scratch.name, 'link', 'set', 'lo', 'up')
    const events = await perform(scratch.session, setup, null, 'undo')
    assert.deepEqual(events.at(-1), { event: 'end', setup: 'trouble', run: 2, outcome: 'complete' })
    assert.deepEqual(scratch.snapshot(), before)
  },
)

test('what others did meanwhile to a real file stops a stale plan and is a conflict on undo', { skip }, async (t) => {
  const scratch = prepared(t)
  const plan = await makePlan(scratch.host, setup.name, setup.steps(null), [])
  scratch.put('/etc/b', 'theirs')
  const stale = async (): Promise<void> => {
    for await (const event of apply(scratch.session, plan)) assert.fail(event.event)
  }
  await assert.rejects(stale(), fails('NOC_SETUP_STALE'))
  await perform(scratch.session, setup, null, 'apply')
  scratch.put('/etc/b', 'theirs again')
  const events: readonly SetupEvent[] = await perform(scratch.session, setup, null, 'undo')
  assert.deepEqual(
    events.flatMap((event) => (event.event === 'conflict' ? [event.id] : [])),
    ['file:/etc/b'],
  )
  assert.equal(readFileSync(join(scratch.host.root, 'etc/b'), 'utf8'), 'theirs again')
  const [last] = runs(openJournal(scratch.data, setup.name, { writable: false }).entries)
  assert.deepEqual([last?.outcome, last?.standing], ['conflict', 0])
})
