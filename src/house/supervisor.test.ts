import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Logger } from '#core/log/logger.ts'
import type { Service, System, SystemContext } from '#core/system.ts'
import { createSupervisor } from './supervisor.ts'

const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }

/** A system whose service writes what happens to it into `story`. */
function lamp(
  id: string,
  story: string[],
  start: (cx: SystemContext) => Promise<void> = () => Promise.resolve(),
): System {
  const create = (cx: SystemContext): Service => ({
    routes: [],
    start: async () => {
      story.push(`${id} starts with ${JSON.stringify(cx.config)}`)
      await start(cx)
    },
    stop: () => {
      story.push(`${id} stops`)
      return Promise.resolve()
    },
    health: () => ({ state: 'up' }),
    glance: () => ({ sentence: 'On.', stats: [] }),
  })
  return {
    id,
    title: id,
    summary: id,
    wing: 'watch',
    commands: {},
    config: () => Promise.reject(new Error('not read here')),
    service: () => Promise.resolve({ create }),
  }
}

const contextFor = (_: System, config: unknown, signal: AbortSignal): SystemContext =>
  ({ config, signal }) as unknown as SystemContext

describe('the supervisor', () => {
  it('starts in order; one that fails says why, is stopped, and leaves the others up', async () => {
    const story: string[] = []
    const systems = [lamp('a', story), lamp('b', story, () => Promise.reject(new Error('no bulb'))), lamp('c', story)]
    const supervisor = createSupervisor(systems, contextFor, log)
    await supervisor.apply(
      new Map([
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ]),
    )
    assert.deepEqual(story, ['a starts with 1', 'b starts with 2', 'b stops', 'c starts with 3'])
    const [a, b, c] = systems.map((s) => supervisor.state(s))
    assert.deepEqual(b, { health: { state: 'down', why: 'no bulb' }, glance: null })
    assert.deepEqual([a?.health.state, c?.health.state], ['up', 'up'])
    assert.deepEqual(
      supervisor.mounts().map((m) => m.at),
      ['/a', '/c'],
    )
  })

  it('on a new configuration restarts what changed, tries again what failed, and leaves the rest alone', async () => {
    const story: string[] = []
    let bulb = false
    const b = lamp('b', story, () => (bulb ? Promise.resolve() : Promise.reject(new Error('no bulb'))))
    const systems = [lamp('a', story), b, lamp('c', story), lamp('d', story)]
    const supervisor = createSupervisor(systems, contextFor, log)
    await supervisor.apply(
      new Map([
        ['a', 1],
        ['b', 1],
        ['c', 1],
        ['d', 1],
      ]),
    )
    story.length = 0
    bulb = true
    await supervisor.apply(
      new Map([
        ['a', 1],
        ['b', 1],
        ['c', 2],
      ]),
    )
    assert.deepEqual(story.toSorted(), ['b starts with 1', 'c starts with 2', 'c stops', 'd stops'])
    assert.equal(supervisor.state(b).health.state, 'up')
    assert.equal(supervisor.state(systems[3] ?? b).health.state, 'off')
  })

  it('aborts the signal of a system before it stops it', async () => {
    const story: string[] = []
    let aborted = false
    const a = lamp('a', story, (cx) => {
      cx.signal.addEventListener('abort', () => (aborted = story.length === 1))
      return Promise.resolve()
    })
    const supervisor = createSupervisor([a], contextFor, log)
    await supervisor.apply(new Map([['a', 1]]))
    await supervisor.stop()
    assert.ok(aborted)
    assert.deepEqual(story, ['a starts with 1', 'a stops'])
  })
})
