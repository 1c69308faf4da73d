/** Kills a set-up everywhere: after it, undo must bring back the whole state, whatever the point. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { TestContext } from 'node:test'
import { build } from 'esbuild'
import { openJournal } from '#core/host/setup/journal.ts'
import { standing } from '#core/host/setup/history.ts'
import { makePlan } from '#core/host/setup/plan.ts'
import type { Setup } from '#core/host/setup/types.ts'
import type { needs } from '../peers.ts'
import { type Order, perform, ticking } from './setup-child.ts'
import { type Ignore, type ScratchHost, scratchHost } from './setup-host.ts'

/** A set-up to be killed; a child process must be able to load it, hence the module. */
export interface CrashCase<C> {
  /** The file that exports it. */
  readonly module: string
  /** Under this name. */
  readonly name: string
  /** Its configuration on a scratch host. */
  config(scratch: ScratchHost): C
  /** What must be there before. */
  prepare?(scratch: ScratchHost): void
  readonly ignore?: Ignore
}

/** What a machine must have for `crashEverywhere`. */
export const CRASH_NEEDS: Parameters<typeof needs>[0] = {
  root: true,
  programs: ['ip', 'nft', 'tor', 'unshare', 'nsenter', 'apt-get', 'dpkg-deb', 'useradd', 'setpriv', 'setsid'],
}

const root = join(import.meta.dirname, '../..')

/** One file, so that a child starts in a tenth of a second. */
async function bundleChild(t: TestContext, { module, name }: CrashCase<unknown>): Promise<string> {
  // Below node_modules, so that what is not bundled is found from there.
  const folder = join(root, 'node_modules/.cache/nocturne')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `crash-${process.pid}-${name}.mjs`)
  t.after(() => rmSync(file, { force: true }))
  const entry = `import { ${name} as setup } from ${JSON.stringify(module)}
    import { main } from ${JSON.stringify(join(import.meta.dirname, 'setup-child.ts'))}
    await main(setup)`
  const stdin = { contents: entry, resolveDir: root, loader: 'ts' as const }
  await build({
    stdin,
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
  return file
}

async function killedAt<C>(file: string, order: Order<C>): Promise<void> {
  const child = spawn(process.execPath, [file, JSON.stringify(order)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL', `${order.verb} was to be killed at ${order.tick}, but ended with ${code}: ${said}`)
}

/** A host on which one set-up is applied, killed and undone again and again. */
interface Lane<C> {
  readonly scratch: ScratchHost
  run(verb: 'apply' | 'undo'): Promise<void>
  /** Runs to the end; gives the number of ticks. */
  ticks(verb: 'apply' | 'undo'): Promise<number>
  /** Runs in a child process that is killed. */
  kill(verb: 'apply' | 'undo', tick: number): Promise<void>
  /** All is as it was at the start. */
  asBefore(when: string): Promise<void>
  /** Apply has nothing more to do. */
  converged(when: string): Promise<void>
  readonly config: C
}

function keyOf(line: string): string | undefined {
  return line.split(':', 1)[0]
}

async function createLane<C>(t: TestContext, crash: CrashCase<C>, setup: Setup<C>, file: string): Promise<Lane<C>> {
  const scratch = scratchHost(t, crash.ignore)
  crash.prepare?.(scratch)
  const { session, host, data } = scratch
  const config = crash.config(scratch)
  const before = scratch.snapshot()
  const keys = new Set(before.map(keyOf))
  const run = async (verb: 'apply' | 'undo'): Promise<void> => {
    const events = await perform(session, setup, config, verb)
    assert.deepEqual(
      events.filter(({ event }) => event === 'conflict'),
      [],
    )
  }
  // The first time apt fetches its lists, modules are loaded ...: what counts is the second time.
  await run('apply')
  await run('undo')
  return {
    scratch,
    config,
    run,
    async ticks(verb) {
      let ticks = 0
      const counting = ticking(session, (tick) => (ticks = tick))
      await perform(counting, setup, config, verb)
      return ticks
    },
    kill: (verb, tick) => killedAt(file, { root: host.root, netns: host.netns, data, config, verb, tick }),
    async asBefore(when) {
      const compare = (): { readonly lost: readonly string[]; readonly left: readonly string[] } => {
        // Keys may have come with a module of the kernel; no value may have changed.
        const after = scratch.snapshot().filter((line) => !line.startsWith('/proc/sys/') || keys.has(keyOf(line)))
        const lost = before.filter((line) => !after.includes(line))
        return { lost, left: after.filter((line) => !before.includes(line)) }
      }
      let found = compare()
      // A program that the killed process had started may still be ending.
      for (let tries = 0; tries < ENDING_TRIES && found.left.length > 0; tries += 1) {
        await setTimeout(ENDING_MS)
        found = compare()
      }
      const { lost, left } = found
      assert.deepEqual({ lost, left }, { lost: [], left: [] }, `${when}: ${[...lost, ...left].join('; ')}`)
      const { entries } = openJournal(data, setup.name, { writable: false })
      assert.deepEqual(
        standing(entries).filter(({ undoes }) => undoes === null),
        [],
        when,
      )
    },
    async converged(when) {
      const plan = await makePlan(host, setup.name, setup.steps(config), [])
      assert.deepEqual(
        plan.changes.map(({ step }) => step.id),
        [],
        when,
      )
    },
  }
}

/** How often, and after how many ms, it is looked again whether what was left behind has ended. */
const ENDING_TRIES = 20
const ENDING_MS = 250

/** Lanes that share the work: most of it is waiting for the kernel. */
const LANES = 2

/**
 * For every point of apply and of undo: a child process is killed there, and undo (by another process) brings the
 * whole state back; an apply after the kill goes on to the end. Returns the number of points.
 */
export async function crashEverywhere<C>(t: TestContext, crash: CrashCase<C>): Promise<number> {
  const loaded = (await import(pathToFileURL(crash.module).href)) as Readonly<Record<string, Setup<C>>>
  const setup = loaded[crash.name]
  assert.ok(setup, `${crash.module} exports ${crash.name}`)
  const file = await bundleChild(t, crash)
  const lanes = await Promise.all(Array.from({ length: LANES }, () => createLane(t, crash, setup, file)))
  const [first] = lanes
  assert.ok(first)
  const applyPoints = await first.ticks('apply')
  await first.converged('a second plan after apply')
  const undoPoints = await first.ticks('undo')
  await first.asBefore('apply and undo')
  const share = async (lane: Lane<C>, number: number): Promise<void> => {
    for (let tick = 1 + number; tick <= applyPoints; tick += LANES) {
      await lane.kill('apply', tick)
      await lane.run('undo')
      await lane.asBefore(`apply killed at ${tick} of ${applyPoints}, then undo`)
    }
    for (let tick = 1 + number; tick <= undoPoints; tick += LANES) {
      const start = ((tick - 1) % applyPoints) + 1
      await lane.kill('apply', start)
      await lane.run('apply')
      await lane.converged(`apply killed at ${start} of ${applyPoints}, then applied again`)
      await lane.kill('undo', tick)
      await lane.run('undo')
      await lane.asBefore(`apply killed at ${start}, applied again, undo killed at ${tick} of ${undoPoints}, then undo`)
    }
  }
  await Promise.all(lanes.map(share))
  return applyPoints + undoPoints
}
