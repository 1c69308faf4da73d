import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Keep } from '../config.ts'
import type { Kept } from './script.ts'
import { type HostLook, boundSockets, boxView, hiddenVariables, nsswitch } from './view.ts'

// /proc/net/unix of a desktop: connected ends without a path, abstract names, listeners, datagrams, a path with spaces.
const SOCKETS = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000003 00000000 00000000 0001 03 21093
0000000000000000: 00000002 00000000 00010000 0001 01 19841 @/tmp/.X11-unix/X0
0000000000000000: 00000002 00000000 00010000 0001 01 19842 /tmp/.X11-unix/X0
0000000000000000: 00000002 00000000 00010000 0001 01 21011 /run/user/1000/bus
0000000000000000: 00000002 00000000 00000000 0002 01 10003 /dev/log
0000000000000000: 00000002 00000000 00010000 0001 01 30001 /people/ann/.ssh/cm-git@host.example:22
0000000000000000: 00000002 00000000 00010000 0001 01 30002 /people/ann/my sockets/editor
0000000000000000: 00000003 00000000 00000000 0001 03 30003 /people/ann/my sockets/editor
0000000000000000: 00000002 00000000 00010000 0001 01 30004 /people/ann/.gnupg/S.gpg-agent
0000000000000000: 00000002 00000000 00010000 0001 01 30005 /tmp/work/daemon.sock
0000000000000000: 00000002 00000000 00010000 0001 01 30006 public/pickup
`
const ENV = {
  HOME: '/people/ann',
  DISPLAY: ':0.0',
  XAUTHORITY: '/run/user/1000/xauth',
  WAYLAND_DISPLAY: 'wayland-1',
  XDG_RUNTIME_DIR: '/run/user/1000',
  DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/user/1000/bus,guid=ab',
  SSH_AUTH_SOCK: '/tmp/ssh-x/agent.7',
}
const FILES: Readonly<Record<string, Kept['kind']>> = {
  '/run/current-system': 'link',
  '/run/user/1000/bus': 'file',
  '/run/user/1000/xauth': 'file',
  '/run/user/1000/wayland-1': 'file',
  '/run/user/1000/pulse': 'directory',
  '/run/dbus/system_bus_socket': 'file',
  '/tmp/.X11-unix/X0': 'file',
  '/tmp/ssh-x/agent.7': 'file',
  '/tmp/work': 'directory',
  '/people/ann/.mozilla': 'directory',
  '/people/ann/notes': 'file',
  '/run/secret': 'directory',
}

function look(change: Partial<HostLook> = {}): HostLook {
  return {
    env: ENV,
    uid: 1000,
    directory: '/people/ann',
    keep: [],
    hide: [],
    unixSockets: SOCKETS,
    nsswitch: 'passwd: files systemd\nhosts: mymachines resolve [!UNAVAIL=return] files\nnetworks: files\n',
    realPath: (path) => (path === '/etc/resolv.conf' ? '/run/systemd/resolve/stub-resolv.conf' : path),
    kindOf: (path) => FILES[path] ?? null,
    linkOf: () => '/nix/store/system',
    ...change,
  }
}
const paths = (kept: readonly Kept[]): string[] => kept.map(({ path }) => path)

describe('the view from a box', () => {
  it('has no way out that is not wanted: no directory of sockets, no socket anywhere else', () => {
    const view = boxView(look())
    assert.deepEqual(view.hidden, ['/run', '/tmp'])
    assert.deepEqual(view.sockets, [
      '/dev/log',
      '/people/ann/.ssh/cm-git@host.example:22',
      '/people/ann/my sockets/editor',
      '/people/ann/.gnupg/S.gpg-agent',
    ])
    assert.deepEqual(view.kept, [{ path: '/run/current-system', kind: 'link', to: '/nix/store/system' }])
    for (const name of [
      'DBUS_SESSION_BUS_ADDRESS',
      'DISPLAY',
      'SSH_AUTH_SOCK',
      'SSH_CONNECTION',
      'https_proxy',
      'TMUX',
    ]) {
      assert.ok(view.variables.includes(name), name)
    }
  })

  it('has the ways out that are wanted, each alone', () => {
    const expected: Readonly<Record<Keep, readonly string[]>> = {
      dbus: ['/run/user/1000/bus', '/run/dbus/system_bus_socket'],
      x11: ['/tmp/.X11-unix/X0', '/run/user/1000/xauth'],
      wayland: ['/run/user/1000/wayland-1'],
      audio: ['/run/user/1000/pulse'],
      agents: ['/tmp/ssh-x/agent.7'],
    }
    for (const [way, wanted] of Object.entries(expected)) {
      const keep = [way as Keep]
      assert.deepEqual(paths(boxView(look({ keep })).kept).slice(1), wanted, way)
      const others = hiddenVariables([]).filter((name) => !hiddenVariables(keep).includes(name))
      assert.ok(others.length > 0, way)
    }
    assert.ok(!boxView(look({ keep: ['agents'] })).sockets.includes('/people/ann/.gnupg/S.gpg-agent'))
    assert.ok(!hiddenVariables(['x11']).includes('DISPLAY'))
  })

  it('has the directory under /tmp in which one stands, but not the sockets in it', () => {
    const view = boxView(look({ directory: '/tmp/work' }))
    assert.deepEqual(paths(view.kept).slice(1), ['/tmp/work'])
    assert.ok(view.sockets.includes('/tmp/work/daemon.sock'))
    assert.deepEqual(paths(boxView(look({ directory: '/tmp' })).kept).slice(1), [])
  })

  it('does not have what is to be hidden beyond that', () => {
    const view = boxView(look({ hide: ['/people/ann/.mozilla', '/people/ann/notes', '/run/secret', '/nowhere'] }))
    assert.deepEqual(view.hidden, ['/run', '/tmp', '/people/ann/.mozilla'])
    assert.deepEqual(view.files.at(-1), ['/people/ann/notes', ''])
  })

  it('asks our resolver for names and nobody else, wherever resolv.conf leads', () => {
    const files = new Map(boxView(look()).files)
    assert.equal(files.get('/run/systemd/resolve/stub-resolv.conf'), 'nameserver 127.0.0.1\n')
    assert.match(files.get('/etc/hosts') ?? '', /^127\.0\.0\.1 localhost$/m)
    assert.match(files.get('/etc/nsswitch.conf') ?? '', /^hosts: files dns$/m)
    assert.equal(boxView(look({ nsswitch: null })).files.length, 2)
  })
})

describe('what the host says', () => {
  it('of its sockets: paths only, each once, spaces included, relative ones not', () => {
    assert.ok(boundSockets(SOCKETS).includes('/people/ann/my sockets/editor'))
    assert.equal(new Set(boundSockets(SOCKETS)).size, boundSockets(SOCKETS).length)
    assert.ok(boundSockets(SOCKETS).every((path) => path.startsWith('/')))
    assert.deepEqual(boundSockets(''), [])
  })

  it('of its names: all but those of hosts stays', () => {
    assert.equal(nsswitch('passwd: files\n  hosts: a\nhosts: b\n# c\n'), 'hosts: files dns\npasswd: files\n# c\n')
  })
})
