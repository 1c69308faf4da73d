import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as v from 'valibot'
import { ordered } from '#core/host/setup/order.ts'
import { type TorboxConfig, torboxTable } from './config.ts'
import { parseSocks } from './cli-user.ts'
import { torboxSetup } from './setup.ts'
import { controlSocket, ownTorrc, systemBlock } from './torrc.ts'

const config = (more: object = {}): TorboxConfig => v.parse(torboxTable.schema, more)
const ids = (more: object = {}): readonly string[] => ordered(torboxSetup.steps(config(more))).map(({ id }) => id)

test('rules come before the bridge, what closes the bridge before its address, the address before tor', () => {
  for (const tor of ['own', 'system']) {
    const order = ids({ tor })
    const at = (part: string): number => {
      const found = order.findIndex((id) => id.includes(part))
      return found < 0 ? assert.fail(`no step ${part}`) : found
    }
    const chain = ['package:', 'nft-table:inet', 'bridge:tornet', '.forwarding', 'address:', 'service:']
    assert.deepEqual(
      chain.map(at).toSorted((a, b) => a - b),
      chain.map(at),
      order.join(' '),
    )
    for (const part of ['route_localnet', 'disable_ipv6'])
      assert.ok(at('bridge:tornet') < at(part) && at(part) < at('address:'))
  }
})

test('every step says why, and nothing switches forwarding or route_localnet on', () => {
  for (const { why, id, params } of ordered(torboxSetup.steps(config()))) {
    assert.ok(why.length > 20, id)
    assert.doesNotMatch(JSON.stringify(params), /(forwarding|route_localnet|ip_forward)\D{0,12}1/)
  }
})

test("tor's ports are on the bridge alone, each box with its own circuits", () => {
  const torrc = ownTorrc(config({ address: '10.9.0.1/24', trans_port: 9999, tor_options: ['UseBridges 1'] }))
  assert.match(torrc, /^TransPort 10\.9\.0\.1:9999 IsolateClientAddr$/m)
  assert.match(torrc, /^DNSPort 10\.9\.0\.1:9053 IsolateClientAddr$/m)
  assert.match(torrc, /^SocksPort 10\.9\.0\.1:9050 IsolateClientAddr IsolateSOCKSAuth$/m)
  assert.match(torrc, /^UseBridges 1$/m)
  assert.doesNotMatch(torrc, /0\.0\.0\.0|^(Trans|DNS|Socks)Port \d+$/m)
  assert.doesNotMatch(systemBlock(config()), /DataDirectory|ControlSocket/)
})

test('the control socket is that of the chosen instance, unless another is named', () => {
  assert.equal(controlSocket(config()), '/var/lib/noc-torbox/data/control')
  assert.equal(controlSocket(config({ tor: 'system' })), '/run/tor/control')
  assert.equal(controlSocket(config({ control_socket: '/x' })), '/x')
})

test('a configuration that could write rules or torrc of its own is refused', () => {
  const wrong = [
    { bridge: 'tornet"' },
    { bridge: 'twelve_chars' },
    { bridge: '' },
    { address: '10.100.100.1' },
    { address: '10.100.100.1/30' },
    { address: 'fd00::1/64' },
    { virtual_network: '172.30.0.0/16\nControlPort 9051' },
    { tor_options: ['UseBridges 1\nControlPort 9051'] },
    { trans_port: 0 },
    { keep: ['network'] },
    { hide: ['relative'] },
  ]
  for (const one of wrong) assert.equal(v.safeParse(torboxTable.schema, one).success, false, JSON.stringify(one))
})

test('where SOCKS is may be a path or an address with a port', () => {
  assert.deepEqual(parseSocks('/run/tor/socks'), { unix: '/run/tor/socks' })
  assert.deepEqual(parseSocks('127.0.0.1:9050'), { host: '127.0.0.1', port: 9050 })
  assert.deepEqual(parseSocks('[::1]:9050'), { host: '::1', port: 9050 })
  for (const text of ['', '127.0.0.1', 'a:0', 'a:70000', ':9050']) assert.throws(() => parseSocks(text), text)
})
