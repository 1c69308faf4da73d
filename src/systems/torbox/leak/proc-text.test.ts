import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasDefaultRoute, reachableSockets } from './proc-text.ts'

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT   \n'
const V4 = 'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0  \n'
const NET = 'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0  \n'
const zero = '0'.repeat(32)
const V6 = `${zero} 00 ${zero} 00 fd000000000000000000000000000001 00000400 00000003 00000000 00000003     eth0\n`
const REJECT = `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo\n`

describe('the way out of this machine', () => {
  it('is a default route of either family; one that only refuses is none', () => {
    assert.equal(hasDefaultRoute(HEAD + V4 + NET, ''), true)
    assert.equal(hasDefaultRoute(HEAD + NET, REJECT), false)
    assert.equal(hasDefaultRoute('', V6 + REJECT), true)
    assert.equal(hasDefaultRoute('', ''), false)
  })
})

it('sockets are found at which somebody accepts or takes datagrams, with spaces in their names, each once', () => {
  const text = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000001: 00000002 00000000 00010000 0001 01 12345 /run/dbus/system_bus_socket
0000000000000002: 00000003 00000000 00000000 0001 03 12346 /run/dbus/system_bus_socket
0000000000000003: 00000002 00000000 00000000 0002 01    17 /run/systemd/notify
0000000000000004: 00000002 00000000 00010000 0001 01 12347 @/tmp/.X11-unix/X0
0000000000000005: 00000003 00000000 00000000 0001 03 12348
0000000000000006: 00000002 00000000 00010000 0001 01 12349 /tmp/a b/S.gpg-agent
0000000000000007: 00000003 00000000 00000000 0001 03 12350 /run/client
`
  assert.deepEqual(reachableSockets(text), [
    '/run/dbus/system_bus_socket',
    '/run/systemd/notify',
    '/tmp/a b/S.gpg-agent',
  ])
  assert.deepEqual(reachableSockets('rubbish\n\u0000'), [])
})
