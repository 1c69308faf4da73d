import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NocError } from '../../../errors.ts'
import { createHost } from '../host.ts'
import type { Host, Json, Kind } from '../types.ts'
import { directory, file, fileBlock, persistedSysctl, torrcBlock } from './index.ts'
import { needs } from '../../../../../test/peers.ts'

function scratch(t: TestContext): Host {
  const root = mkdtempSync(join(tmpdir(), 'nocturne-files-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'etc'))
  return createHost({ root })
}

const on = (host: Host, path: string): string => join(host.root, path)
const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

/** What apply does, without its journal; gives the way back. */
async function set<P extends Json, S extends Json>(
  kind: Kind<P, S>,
  host: Host,
  params: P,
): Promise<() => Promise<void>> {
  const before = await kind.read(host, params)
  const to = await kind.want(params, before, host)
  await kind.check?.(host, params, to)
  await kind.write(host, params, to, before)
  assert.deepEqual(await kind.want(params, await kind.read(host, params), host), to)
  return async () => kind.write(host, params, before, await kind.read(host, params))
}

test('a file gets its content and mode, and the former ones come back', async (t) => {
  const host = scratch(t)
  writeFileSync(on(host, '/etc/a'), 'old')
  chmodSync(on(host, '/etc/a'), 0o640)
  const undo = await set(file, host, { path: '/etc/a', content: 'new\n', mode: '0600' })
  assert.equal(readFileSync(on(host, '/etc/a'), 'utf8'), 'new\n')
  assert.equal(statSync(on(host, '/etc/a')).mode & 0o7777, 0o600)
  await undo()
  assert.equal(readFileSync(on(host, '/etc/a'), 'utf8'), 'old')
  assert.equal(statSync(on(host, '/etc/a')).mode & 0o7777, 0o640)
})

test('a new file is gone after undo, and nothing else is left beside it', async (t) => {
  const host = scratch(t)
  await (
    await set(file, host, persistedSysctlIn('/etc'))
  )()
  assert.deepEqual(readdirSync(on(host, '/etc')), [])
})

function persistedSysctlIn(folder: string): ReturnType<typeof persistedSysctl> {
  const params = persistedSysctl('test', { 'net.ipv4.ip_forward': '1' })
  return { ...params, path: params.path.replace('/etc/sysctl.d', folder) }
}

test('a link, a folder, a device or bytes that are no text are never replaced', async (t) => {
  const host = scratch(t)
  symlinkSync('/etc/passwd', on(host, '/etc/link'))
  mkdirSync(on(host, '/etc/folder'))
  writeFileSync(on(host, '/etc/bytes'), Buffer.from([0xff, 0xfe]))
  for (const path of ['/etc/link', '/etc/folder', '/etc/bytes']) {
    await assert.rejects(file.read(host, { path, content: '' }), NocError, path)
    await assert.rejects(fileBlock.read(host, { path, name: 'x', content: '' }), NocError, path)
  }
})

test('a path that leads elsewhere, a mode or an owner that is none is told', async (t) => {
  const host = scratch(t)
  for (const path of ['etc/a', '/etc/../a', '/etc//a', '/etc/\0']) {
    await assert.rejects(file.read(host, { path, content: '' }), fails('NOC_SETUP_PATH'), path)
  }
  await assert.rejects(set(file, host, { path: '/etc/a', content: '', mode: 'rw' }), fails('NOC_SETUP_MODE'))
  await assert.rejects(
    set(file, host, { path: '/etc/a', content: '', owner: 'nobody-here:x' }),
    fails('NOC_SETUP_OWNER'),
  )
  await assert.rejects(set(file, host, { path: '/nowhere/a', content: '' }), fails('NOC_SETUP_NO_DIRECTORY'))
})

test('content that its program does not accept is never installed, and the program is quoted', async (t) => {
  const host = scratch(t)
  writeFileSync(on(host, '/etc/a'), 'old')
  const check = ['sh', '-c', 'echo "$1: line 1 is wrong" >&2; grep good "$1"', 'sh', '{}']
  await assert.rejects(set(file, host, { path: '/etc/a', content: 'bad', check }), (error) => {
    assert.ok(error instanceof NocError)
    assert.match(error.message, /sh does not accept \/etc\/a:\n\/etc\/a: line 1 is wrong/)
    return true
  })
  assert.equal(readFileSync(on(host, '/etc/a'), 'utf8'), 'old')
  await set(file, host, { path: '/etc/a', content: 'good', check })
})

test('a link that somebody put where the next content is written is not followed', async (t) => {
  const host = scratch(t)
  writeFileSync(on(host, '/victim'), 'untouched')
  symlinkSync(on(host, '/victim'), on(host, '/etc/.a.noc-new'))
  await set(file, host, { path: '/etc/a', content: 'new' })
  assert.equal(readFileSync(on(host, '/victim'), 'utf8'), 'untouched')
})

test('what a killed write left is tidied away', async (t) => {
  const host = scratch(t)
  writeFileSync(on(host, '/etc/.a.noc-new'), 'half')
  mkdirSync(on(host, '/etc/.b.noc-new'))
  await file.tidy?.(host, { path: '/etc/a', content: '' })
  await directory.tidy?.(host, { path: '/etc/b' })
  assert.deepEqual(readdirSync(on(host, '/etc')), [])
})

test('a block keeps the mode of the file around it', async (t) => {
  const host = scratch(t)
  writeFileSync(on(host, '/etc/a'), 'theirs\n')
  chmodSync(on(host, '/etc/a'), 0o600)
  const undo = await set(fileBlock, host, { path: '/etc/a', name: 'x', content: 'ours', comment: ';' })
  assert.equal(readFileSync(on(host, '/etc/a'), 'utf8'), 'theirs\n; >>> noc:x\nours\n; <<< noc:x\n')
  assert.equal(statSync(on(host, '/etc/a')).mode & 0o777, 0o600)
  await undo()
  assert.equal(readFileSync(on(host, '/etc/a'), 'utf8'), 'theirs\n')
})

test('a folder with something in it stays, unless it was to be thrown away with it', async (t) => {
  const host = scratch(t)
  const undo = await set(directory, host, { path: '/etc/kept', mode: '0700' })
  writeFileSync(on(host, '/etc/kept/theirs'), '')
  await assert.rejects(undo(), fails('NOC_SETUP_NOT_EMPTY'))
  const undoDisposable = await set(directory, host, { path: '/etc/spool', disposable: true })
  writeFileSync(on(host, '/etc/spool/ours'), '')
  await undoDisposable()
  assert.deepEqual(readdirSync(on(host, '/etc')), ['kept'])
})

test('a folder that was there only gets its former mode back', async (t) => {
  const host = scratch(t)
  mkdirSync(on(host, '/etc/a'), { mode: 0o755 })
  const undo = await set(directory, host, { path: '/etc/a', mode: '0700', disposable: true })
  writeFileSync(on(host, '/etc/a/theirs'), '')
  await undo()
  assert.equal(statSync(on(host, '/etc/a')).mode & 0o777, 0o755)
  assert.deepEqual(readdirSync(on(host, '/etc/a')), ['theirs'])
})

test('a torrc that tor would not start with is refused', { skip: needs({ programs: ['tor'] }) }, async (t) => {
  const host = scratch(t)
  writeFileSync(on(host, '/etc/torrc'), 'SocksPort 0\n')
  const params = { path: '/etc/torrc', name: 'x', content: 'TransPort 10.0.0.1:9040' }
  await assert.rejects(set(torrcBlock, host, { ...params, content: 'TransPotr 1' }), /Unknown option 'TransPotr'/)
  assert.equal(readFileSync(on(host, '/etc/torrc'), 'utf8'), 'SocksPort 0\n')
  await (
    await set(torrcBlock, host, params)
  )()
  assert.equal(readFileSync(on(host, '/etc/torrc'), 'utf8'), 'SocksPort 0\n')
})
