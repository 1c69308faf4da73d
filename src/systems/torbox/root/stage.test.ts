import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BoxView } from '../user/script.ts'
import { stage } from './stage.ts'

const AT = '/run/nocturne/torbox/boxes/a/stage'

const view: BoxView = {
  hidden: ['/run', '/tmp'],
  kept: [
    { path: '/run/user/1000/bus', kind: 'file' },
    { path: '/run/current-system', kind: 'link', to: '/nix/system' },
    { path: '/tmp/work', kind: 'directory' },
  ],
  made: [
    ['/tmp', '1777'],
    ['/run/user/1000', '700'],
  ],
  sockets: ['/home/a user/.gnupg/S.gpg-agent'],
  files: [
    ['/etc/resolv.conf', 'nameserver 10.0.0.1\n'],
    ['/run/systemd/resolve/stub-resolv.conf', 'nameserver 10.0.0.1\n'],
  ],
  variables: [],
  directory: '/',
}

/** The table as mount(8) reads it. */
function mounts(fstab: string): readonly { readonly what: string; readonly where: string; readonly options: string }[] {
  const plain = (text = ''): string =>
    text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  return fstab
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [what, where, , options = ''] = line.split(' ')
      return { what: plain(what), where: plain(where), options }
    })
}

test('what is kept is taken along before its directory is hidden, and the place of the stage is hidden last', () => {
  const order = mounts(stage(view, AT).fstab).map(({ where }) => where)
  const before = (a: string, b: string): void =>
    assert.ok(order.includes(a) && order.indexOf(a) < order.indexOf(b), `${a} before ${b}`)
  before(`${AT}/run/user/1000/bus`, '/run')
  before(`${AT}/tmp/work`, '/tmp')
  before('/tmp', '/run')
  before('/etc/resolv.conf', '/run')
})

test('sockets are covered, links and files in hidden directories are made, not mounted', () => {
  const { entries, fstab, covers } = stage(view, AT)
  assert.deepEqual(mounts(covers).find(({ where }) => where.endsWith('S.gpg-agent'))?.what, '/dev/null')
  assert.deepEqual(
    mounts(fstab).filter(({ where }) => /current-system|stub-resolv/.test(where)),
    [],
  )
  assert.deepEqual(
    entries.find(({ path }) => path === '/run/current-system'),
    { path: '/run/current-system', kind: 'link', to: '/nix/system' },
  )
  assert.ok(
    entries.some((entry) => entry.path.endsWith('stub-resolv.conf') && entry.kind === 'file' && entry.content !== ''),
  )
})

test("a folder that is the user's alone is given to the user", () => {
  const folders = stage(view, AT).entries.filter((entry) => entry.kind === 'directory')
  assert.deepEqual(
    folders.filter(({ owned }) => owned).map(({ path, mode }) => [path, mode]),
    [['/run/user/1000', 0o700]],
  )
})

test('no path can become two fields or a line of its own', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', ' ', '\t', '\n', '#', '\\', '040', 'é'), minLength: 1 }),
      (name) => {
        const path = `/home/${name}`
        const table = mounts(stage({ ...view, sockets: [path] }, AT).covers)
        assert.ok(
          table.some(({ where, what, options }) => where === path && what === '/dev/null' && options === 'bind'),
        )
      },
    ),
  )
})
