import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { libc } from '#core/host/libc.ts'
import { cgroupPath, inodeIn, parsePasswd, unitOf } from './owners-text.ts'
import { type OwnerBook, type OwnerPaths, ownerBook } from './owners.ts'
import { socketOf } from './fixtures/sockets.ts'
import type { Socket } from './socket.ts'

interface Machine extends OwnerPaths {
  process(pid: number, comm: string, links: readonly string[], cgroup?: string): void
  kill(pid: number): void
}

/** A machine of files: /proc with links as the kernel writes them. */
function machine(t: TestContext): Machine {
  const root = mkdtempSync(join(tmpdir(), 'noc-owners-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const paths = { proc: join(root, 'proc'), cgroups: join(root, 'cgroup'), passwd: join(root, 'passwd') }
  chmodSync(root, 0o755)
  mkdirSync(paths.proc)
  mkdirSync(paths.cgroups)
  writeFileSync(paths.passwd, 'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n')
  return {
    ...paths,
    process: (pid, comm, links, cgroup = '0::/system.slice/apache2.service\n') => {
      const folder = join(paths.proc, String(pid))
      mkdirSync(join(folder, 'fd'), { recursive: true })
      writeFileSync(join(folder, 'comm'), `${comm}\n`)
      writeFileSync(join(folder, 'cgroup'), cgroup)
      for (const [fd, link] of links.entries()) symlinkSync(link, join(folder, 'fd', String(fd)))
    },
    kill: (pid) => rmSync(join(paths.proc, String(pid)), { recursive: true }),
  }
}

function book(paths: OwnerPaths, c = libc()): { book: OwnerBook; time: { now: number } } {
  const time = { now: 0 }
  return { time, book: ownerBook(paths, { now: () => time.now, monotonic: () => time.now }, c) }
}

const withInode = (inode: number, over: Partial<Socket> = {}): Socket => socketOf({ inode, ...over })

test('a socket is traced to its process, unit and user', async (t) => {
  const m = machine(t)
  m.process(7, 'apache2', ['/dev/null', 'socket:[501]', 'pipe:[9]', 'socket:[502]'])
  const without = await book(m, Promise.resolve(null)).book.look([withInode(501), withInode(502)])
  assert.deepEqual(
    [501, 502].map((inode) => without.owner(withInode(inode))?.pid),
    [7, 7],
  )
  const owners = await book(m).book.look([withInode(501), withInode(777)])
  assert.deepEqual(owners.owner(withInode(501)), { pid: 7, process: 'apache2', unit: 'apache2.service' })
  assert.equal(owners.owner(withInode(777)), null)
  assert.equal(owners.unit(withInode(501)), 'apache2.service')
  assert.deepEqual([owners.user(33), owners.user(4321)], ['www-data', '4321'])
})

test('descriptors with large gaps between them are found too', async (t) => {
  const m = machine(t)
  m.process(7, 'apache2', ['socket:[501]'])
  symlinkSync('socket:[502]', join(m.proc, '7/fd/100000'))
  const owners = await book(m).book.look([withInode(501), withInode(502)])
  assert.deepEqual(
    [501, 502].map((inode) => owners.owner(withInode(inode))?.pid),
    [7, 7],
  )
})

test('a socket that several processes hold belongs to the first of them', async (t) => {
  const m = machine(t)
  m.process(30, 'child', ['socket:[501]'])
  m.process(4, 'parent', ['socket:[501]'])
  const owners = await book(m).book.look([withInode(501)])
  assert.equal(owners.owner(withInode(501))?.process, 'parent')
})

test('process names come through raw, whatever is in them', async (t) => {
  const m = machine(t)
  m.process(7, '\u001b[31m<b>x\nöä', ['socket:[501]'])
  const owners = await book(m).book.look([withInode(501)])
  assert.equal(owners.owner(withInode(501))?.process, '\u001b[31m<b>x\nöä')
})

test('files of a process that are empty or gone leave a question mark, not an error', async (t) => {
  const m = machine(t)
  m.process(7, 'x', ['socket:[501]'], '')
  rmSync(join(m.proc, '7/comm'))
  const owners = await book(m).book.look([withInode(501)])
  assert.deepEqual(owners.owner(withInode(501)), { pid: 7, process: '?', unit: null })
})

test('owners are remembered while their sockets last, and forgotten later', async (t) => {
  const m = machine(t)
  m.process(7, 'apache2', ['socket:[501]'])
  const { book: owners } = book(m)
  await owners.look([withInode(501)])
  m.kill(7)
  assert.equal((await owners.look([withInode(501)])).owner(withInode(501))?.pid, 7)
  const many = Array.from({ length: 1000 }, (_, n) => withInode(600 + n))
  await owners.look(many)
  await owners.look([])
  assert.equal((await owners.look([withInode(501)])).owner(withInode(501)), null)
})

test('a socket that nobody holds is not searched for at every look, but again after a while', async (t) => {
  const m = machine(t)
  m.process(6, 'sshd', ['socket:[1]'])
  const { book: owners, time } = book(m)
  await owners.look([withInode(501)])
  m.process(7, 'late', ['socket:[501]'])
  time.now += 30_000
  assert.equal((await owners.look([withInode(501)])).owner(withInode(501)), null)
  time.now += 31_000
  assert.equal((await owners.look([withInode(501)])).owner(withInode(501))?.process, 'late')
})

test('without a visible process the unit comes from the control group of the socket', async (t) => {
  const m = machine(t)
  mkdirSync(join(m.cgroups, 'system.slice/nginx.service'), { recursive: true })
  const id = statSync(join(m.cgroups, 'system.slice/nginx.service')).ino
  const owners = await book(m).book.look([])
  assert.equal(owners.unit(withInode(0, { cgroup: id })), 'nginx.service')
  assert.equal(owners.unit(withInode(0, { cgroup: statSync(m.cgroups).ino })), null)
  assert.equal(owners.unit(withInode(0, { cgroup: 1 })), null)
  assert.equal(owners.unit(withInode(0, { cgroup: '/system.slice/cron.service' })), 'cron.service')
})

/** Does the work as a user who is not root. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  // Loaded before: as another user we may not be able to read our own packages.
  await libc()
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(65_534)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}

test('processes that are closed to us are counted, so that the answer can say so', async (t) => {
  const m = machine(t)
  m.process(7, 'secret', ['socket:[501]'])
  chmodSync(join(m.proc, '7/fd'), 0)
  const owners = await asNobody(() => book(m).book.look([withInode(501)]))
  assert.deepEqual([owners.hidden, owners.owner(withInode(501))], [1, null])
})

test('without procfs and passwd nothing is known and nothing breaks', async (t) => {
  const m = machine(t)
  const nowhere = { proc: join(m.proc, 'no'), cgroups: join(m.proc, 'no'), passwd: join(m.proc, 'no') }
  const owners = await book(nowhere).book.look([withInode(501, { cgroup: 5 })])
  assert.deepEqual([owners.owner(withInode(501)), owners.unit(withInode(501, { cgroup: 5 }))], [null, null])
  assert.equal(owners.user(0), '0')
})

test('links, groups and users are read as the kernel and passwd(5) write them', () => {
  const link = (text: string): number | null => inodeIn(Buffer.from(text), text.length)
  const wrong = ['socket:[x]', 'socket:[]', 'socket:[12', 'socket:12]', 'pipe:[12]', '', `socket:[${'9'.repeat(30)}]`]
  assert.deepEqual([link('socket:[12]'), ...wrong.map(link)], [12, ...wrong.map(() => null)])
  assert.equal(inodeIn(Buffer.from('socket:[12]'), -1), null)
  const units = {
    '/system.slice/apache2.service': 'apache2.service',
    '/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope': 'app-x.scope',
    '/system.slice/docker-abc.scope/init': 'docker-abc.scope',
    '/kubepods/besteffort/pod1/abc': 'abc',
    '/': null,
  }
  for (const [path, unit] of Object.entries(units)) assert.equal(unitOf(path), unit, path)
  assert.equal(cgroupPath('0::/system.slice/a.service\n'), '/system.slice/a.service')
  assert.equal(cgroupPath('9:name=systemd:/system.slice/b.service\n4:memory:/x\n0::/\n'), '/system.slice/b.service')
  assert.equal(cgroupPath('0::/\n'), '/')
  assert.equal(cgroupPath(''), null)
  assert.deepEqual([...parsePasswd('a:x:1:1\nb:x:1:1\n\nc\nd:x:y:1\n')], [[1, 'a']])
})
