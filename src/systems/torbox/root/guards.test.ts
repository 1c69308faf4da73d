import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as v from 'valibot'
import type { Host } from '#core/host/setup/types.ts'
import { torboxTable } from '../config.ts'
import { addressFree, bridgeFree } from './guards.ts'

const config = v.parse(torboxTable.schema, {})
const lo = { ifname: 'lo', addr_info: [{ local: '127.0.0.1', prefixlen: 8 }] }
const own = { ifname: 'tornet', addr_info: [{ local: '10.100.100.1', prefixlen: 24 }] }

/** A host whose `ip` knows these. */
function host(interfaces: readonly object[], routes: readonly object[] = []): Host {
  return {
    root: '',
    netns: null,
    run: async (argv) => ({ code: 0, out: JSON.stringify(argv.includes('route') ? routes : interfaces), err: '' }),
  }
}

test('a machine that has none of the addresses, or has them by this very set-up, is fine', async () => {
  assert.equal(await addressFree(host([lo]), config), null)
  assert.equal(
    await addressFree(
      host(
        [lo, own],
        [
          { dst: 'default', dev: 'eth0' },
          { dst: '10.100.100.0/24', dev: 'tornet' },
        ],
      ),
      config,
    ),
    null,
  )
})

test('addresses in use are refused, with who has them and what to do', async () => {
  const eth0 = { ifname: 'eth0', addr_info: [{ local: '10.100.0.7', prefixlen: 16 }] }
  assert.match(
    (await addressFree(host([lo, eth0]), config)) ?? '',
    /eth0 has 10\.100\.0\.7\/16; choose others as "address"/,
  )
  const vpn = [{ dst: '10.0.0.0/8', dev: 'wg0' }]
  assert.match((await addressFree(host([lo], vpn), config)) ?? '', /a route to 10\.0\.0\.0\/8 by wg0/)
  assert.match((await addressFree(host([lo], [{ dst: '10.100.100.9', dev: 'tun0' }]), config)) ?? '', /by tun0/)
})

test("a bridge of somebody else's is left alone", async () => {
  assert.equal(await bridgeFree(host([lo]), config), null)
  assert.equal(await bridgeFree(host([lo, own, { ifname: 'tornet-7', master: 'tornet', addr_info: [] }]), config), null)
  const port = { ifname: 'eth1', master: 'tornet', addr_info: [] }
  assert.match((await bridgeFree(host([lo, own, port]), config)) ?? '', /eth1 is plugged into it/)
  const other = { ifname: 'tornet', addr_info: [{ local: '192.0.2.1', prefixlen: 24 }] }
  assert.match((await bridgeFree(host([lo, other]), config)) ?? '', /it has the address 192\.0\.2\.1\/24/)
})
