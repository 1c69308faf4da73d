import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { libc, linux } from './libc.ts'
import { notify, unixAddress } from './sd-notify.ts'

/** Listens as a service manager does; returns what came. */
async function manager(t: TestContext, path: string): Promise<() => string> {
  const c = await libc()
  assert.ok(c, 'koffi loads')
  const fd = c.socket(linux.AF_UNIX, linux.SOCK_DGRAM | linux.SOCK_CLOEXEC, 0)
  t.after(() => c.close(fd))
  const address = unixAddress(path)
  assert.equal(c.bind(fd, address, address.length), 0)
  const buffer = Buffer.alloc(1000)
  return () => {
    const size = c.recv(fd, buffer, buffer.length, linux.MSG_DONTWAIT)
    assert.ok(size >= 0)
    return buffer.toString('utf8', 0, size)
  }
}

test('the service manager hears our state on a path', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'noc-notify-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const received = await manager(t, join(folder, 'socket'))
  await notify('READY=1\nSTATUS=2 systems up', { NOTIFY_SOCKET: join(folder, 'socket') })
  assert.equal(received(), 'READY=1\nSTATUS=2 systems up')
})

test('the service manager hears our state in the abstract namespace', async (t) => {
  const name = `@noc-test-${process.pid}`
  const received = await manager(t, name)
  await notify('WATCHDOG=1', { NOTIFY_SOCKET: name })
  assert.equal(received(), 'WATCHDOG=1')
})

test('without a service manager, or with one that is gone, nothing happens', async () => {
  await notify('READY=1', {})
  await notify('READY=1', { NOTIFY_SOCKET: '' })
  await notify('READY=1', { NOTIFY_SOCKET: '/nonexistent/socket' })
})
