import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { needs } from '../../../../../test/peers.ts'
import { NocError } from '../../../errors.ts'
import { createHost } from '../host.ts'
import * as unit from '../service-systemd.ts'
import type { Host, ServiceParams } from '../types.ts'
import { service } from './index.ts'

const skip = needs({ programs: ['setpriv', 'setsid'] })
const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

/** A host without systemd; what runs on it ends with the test. */
function scratch(t: TestContext, params: ServiceParams): Host {
  const host = createHost({ root: mkdtempSync(join(tmpdir(), 'nocturne-service-')) })
  mkdirSync(join(host.root, 'run'))
  t.after(async () => {
    await service.write(host, params, { manager: 'process', command: null }, { manager: 'process', command: null })
    rmSync(host.root, { recursive: true, force: true })
  })
  return host
}

/** A program that writes `started` and its signals to a file below the root. */
function program(script: string): ServiceParams {
  return { name: 'test', exec: ['/bin/sh', '-c', script] }
}

async function start(host: Host, params: ServiceParams): Promise<void> {
  const now = await service.read(host, params)
  await service.write(host, params, await service.want(params, now, host), now)
}

const folder = (host: Host): string => join(host.root, 'run/noc-services/test')
const pidOf = (host: Host): number => Number(readFileSync(join(folder(host), 'pid'), 'utf8'))

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Waits until the program's output has this. */
async function says(host: Host, wanted: RegExp): Promise<string> {
  for (;;) {
    const log = existsSync(join(folder(host), 'log')) ? readFileSync(join(folder(host), 'log'), 'utf8') : ''
    if (wanted.test(log)) return log
    await setTimeout(20)
  }
}

/** Waits until no process has this id; a zombie that nobody has reaped yet is gone too. */
async function gone(pid: number): Promise<void> {
  const lives = (): boolean => {
    try {
      return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false
    }
  }
  while (lives()) await setTimeout(20)
}

test('a program runs, is known by its command line, stops, and leaves nothing', { skip }, async (t) => {
  const params = program('echo started $$; exec sleep 60')
  const host = scratch(t, params)
  await start(host, params)
  const child = Number(/started (\d+)/.exec(await says(host, /started \d+\n/))?.[1])
  assert.deepEqual(await service.read(host, params), await service.want(params, await service.read(host, params), host))
  await service.write(host, params, { manager: 'process', command: null }, await service.read(host, params))
  await gone(child)
  assert.deepEqual(await service.read(host, params), { manager: 'process', command: null })
  assert.equal(existsSync(join(host.root, 'run/noc-services')), false)
})

test(
  'of starts that overlap, as after a kill in the middle of one, only one keeps a program',
  { skip, timeout: 30_000 },
  async (t) => {
    const params = program('echo started; exec sleep 1000')
    const host = scratch(t, params)
    await Promise.all(Array.from({ length: 5 }, () => start(host, params)))
    const mine = (): number[] =>
      readdirSync('/proc')
        .map(Number)
        .filter((pid) => pid > 0 && commandLineOf(pid).includes(`\0noc-service\0${folder(host)}\0`))
    while (mine().length > 1) await setTimeout(20)
    await setTimeout(200)
    assert.deepEqual(mine(), [pidOf(host)])
    await service.write(host, params, { manager: 'process', command: null }, await service.read(host, params))
    assert.deepEqual(mine(), [])
  },
)

test('a program that ends is started again', { skip }, async (t) => {
  const params = program('echo $$; exec sleep 60')
  const host = scratch(t, params)
  await start(host, params)
  const first = Number(await says(host, /\d+\n/))
  process.kill(first, 'SIGKILL')
  await gone(first)
  await says(host, new RegExp(`^(?!${first}\n)\\d+\n`))
})

test('a reload is SIGHUP to the program itself, or a restart where that was asked for', { skip }, async (t) => {
  const params = program('trap "echo again" HUP; echo ready; while :; do sleep 0.05; done')
  const host = scratch(t, params)
  assert.equal(await service.reload?.(host, params), false, 'nothing runs yet')
  await start(host, params)
  await says(host, /ready/)
  assert.equal(await service.reload?.(host, params), true)
  await says(host, /again/)
  const before = pidOf(host)
  await service.reload?.(host, { ...params, onNotify: 'restart' })
  assert.notEqual(pidOf(host), before)
  assert.doesNotMatch(await says(host, /ready/), /again/)
})

test('another command line is another state, and replaces the program', { skip }, async (t) => {
  const params = program('echo one; exec sleep 60')
  const host = scratch(t, params)
  await start(host, params)
  const other = program('echo two; exec sleep 60')
  const now = await service.read(host, other)
  assert.notDeepEqual(now, await service.want(other, now, host))
  await start(host, other)
  await says(host, /two/)
})

test('when the supervisor is killed, the program goes with it', { skip }, async (t) => {
  const params = program('echo $$; exec sleep 60')
  const host = scratch(t, params)
  await start(host, params)
  const child = Number(await says(host, /\d+\n/))
  process.kill(pidOf(host), 'SIGKILL')
  await gone(child)
})

test('a pid that belongs to another program by now is not ours', { skip }, async (t) => {
  const params = program('exec sleep 60')
  const host = scratch(t, params)
  mkdirSync(folder(host), { recursive: true })
  for (const text of [`${process.pid}`, '1', '-1', '0', 'x', '', '999999999']) {
    writeFileSync(join(folder(host), 'pid'), text)
    assert.deepEqual(await service.read(host, params), { manager: 'process', command: null }, text)
  }
})

test('a name or program that could mean something else is refused', { skip }, async (t) => {
  const host = scratch(t, program(''))
  for (const name of ['../x', '-x', 'a b', '', 'a/b']) {
    await assert.rejects(service.read(host, { name, exec: ['/bin/true'] }), fails('NOC_SETUP_SERVICE'), name)
  }
  await assert.rejects(service.read(host, { name: 'x', exec: ['true'] }), fails('NOC_SETUP_SERVICE'))
  await assert.rejects(service.read(host, { name: 'tor@default' }), fails('NOC_SETUP_NO_SYSTEMD'))
})

test(
  'systemd accepts our unit without a word, whatever is in the command',
  {
    skip: needs({ programs: ['systemd-analyze'] }),
  },
  (t) => {
    const host = createHost({ root: mkdtempSync(join(tmpdir(), 'nocturne-unit-')), netns: 'box' })
    t.after(() => rmSync(host.root, { recursive: true, force: true }))
    const exec = ['/bin/echo', 'a b', '"quoted"', '$HOME', '%h', 'back\\slash', ';', "it's", 'plain']
    const { unit: text } = unit.want(host, { name: 'test', user: 'root', exec })
    const file = join(host.root, 'test.service')
    writeFileSync(file, text ?? '')
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' })
    assert.deepEqual([status, stderr.trim()], [0, ''])
    assert.match(
      text ?? '',
      /^ExecStart=\/bin\/echo "a b" "\\"quoted\\"" "\$\$HOME" "%%h" "back\\\\slash" ";" "it's" plain$/m,
    )
  },
)
