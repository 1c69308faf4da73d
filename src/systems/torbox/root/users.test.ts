import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NocError } from '#core/errors.ts'
import { asFirejailUser, asUser, findUser, parseUser, userEnvironment } from './users.ts'

test('users come from the machine, by name or by number', async () => {
  assert.deepEqual(await findUser('root'), await findUser('0'))
  assert.equal((await findUser('root')).uid, 0)
  await assert.rejects(findUser('noc-no-such-user'), (error) => error instanceof NocError && error.exit === 2)
})

test('a line of passwd with empty fields is a user, anything else is not', () => {
  assert.deepEqual(parseUser('a:x:1000:100:::\n'), { name: 'a', uid: 1000, gid: 100, home: '/', shell: '/bin/sh' })
  for (const line of ['', ':x:1:1:::', 'a:x::1:::', 'a:x:1:b:::', 'a:x:-1:1:::'])
    assert.equal(parseUser(line), null, line)
})

test('nobody keeps a right over networks and mounts, and nothing can be gained', () => {
  const user = { name: 'a', uid: 1000, gid: 100, home: '/home/a', shell: '/bin/sh' }
  const root = { ...user, name: 'root', uid: 0, gid: 0 }
  assert.ok(asUser(user).includes('--bounding-set=-all'))
  assert.ok(asUser(user).includes('--reuid=1000'))
  for (const one of [user, root]) assert.ok(asUser(one).includes('--no-new-privs'))
  assert.match(asUser(root).join(' '), /--bounding-set=-all,\+chown,/)
  assert.doesNotMatch(asUser(root).join(' '), /net_admin|net_raw|sys_admin|sys_ptrace|sys_module|mknod/)
  // Firejail is set-uid: it needs to gain rights to take more away.
  assert.ok(!asFirejailUser(user).includes('--no-new-privs'))
})

test('the environment is that of the user, and no longer that of who called sudo', () => {
  const user = { name: 'a', uid: 1000, gid: 100, home: '/home/a', shell: '/bin/sh' }
  const env = userEnvironment({ HOME: '/root', LANG: 'C', XDG_RUNTIME_DIR: '/run/user/0', SUDO_USER: 'a' }, user)
  assert.deepEqual(env, {
    HOME: '/home/a',
    USER: 'a',
    LOGNAME: 'a',
    SHELL: '/bin/sh',
    LANG: 'C',
    XDG_RUNTIME_DIR: '/run/user/1000',
  })
})
