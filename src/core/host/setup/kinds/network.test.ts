import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { needs } from '../../../../../test/peers.ts'
import { scratchHost, sh, type ScratchHost } from '../../../../../test/e2e/setup-host.ts'
import { NocError } from '../../../errors.ts'
import { same } from '../plan.ts'
import type { Json, Kind, NftTableParams } from '../types.ts'
import { address, bridge, networkNamespace, nftTable, sysctl, veth } from './index.ts'

const skip = needs({ root: true, programs: ['ip', 'nft', 'unshare', 'nsenter', 'bash'] })
const fails = (code: string) => (error: unknown) => error instanceof NocError && error.code === code

function inside(scratch: ScratchHost, ...argv: readonly string[]): string {
  return sh('nsenter', `--net=/run/netns/${scratch.name}`, '--', ...argv)
}

async function set<P extends Json, S extends Json>(kind: Kind<P, S>, { host }: ScratchHost, params: P): Promise<S> {
  const before = await kind.read(host, params)
  const to = await kind.want(params, before, host)
  await kind.check?.(host, params, to)
  await kind.write(host, params, to, before)
  return before
}

async function converged<P extends Json, S extends Json>(
  kind: Kind<P, S>,
  { host }: ScratchHost,
  params: P,
): Promise<boolean> {
  const now = await kind.read(host, params)
  return same(kind, now, await kind.want(params, now, host))
}

const TABLE: NftTableParams = {
  family: 'inet',
  name: 'noc_test',
  rules: `
    set seen { type ipv4_addr; flags dynamic,timeout; timeout 1h; }
    set fixed { type inet_service; elements = { ssh, 80,
      443 }
    }
    chain out { type filter hook output priority filter; policy accept;
      tcp dport @fixed counter accept comment "elements = {"
      ip daddr 127.0.0.0/8 add @seen { ip daddr } counter
    }`,
}

test('rules are the same however they are written, whatever was counted or learned since', { skip }, async (t) => {
  const scratch = scratchHost(t)
  await set(nftTable, scratch, TABLE)
  assert.ok(await converged(nftTable, scratch, TABLE))
  inside(scratch, 'bash', '-c', 'for i in 2 3 4 5 6 7 8 9; do echo > /dev/udp/127.0.0.$i/9; done')
  assert.match(inside(scratch, 'nft', 'list', 'ruleset'), /counter packets [1-9]/)
  assert.match(inside(scratch, 'nft', 'list', 'ruleset'), /127\.0\.0\.9 /)
  assert.ok(await converged(nftTable, scratch, TABLE), 'counters and learned elements are no change')
  inside(scratch, 'nft', 'add', 'element', 'inet', 'noc_test', 'fixed', '{ 8080 }')
  assert.equal(await converged(nftTable, scratch, TABLE), false, 'an element that somebody added is')
})

test('a table is replaced as a whole, others are left alone, and the former one comes back', { skip }, async (t) => {
  const scratch = scratchHost(t)
  inside(scratch, 'nft', 'add', 'table', 'inet', 'theirs')
  const first = { ...TABLE, rules: 'chain a { tcp dport 22 accept\n }' }
  await set(nftTable, scratch, first)
  const before = inside(scratch, 'nft', 'list', 'ruleset')
  const former = await set(nftTable, scratch, { ...TABLE, rules: 'chain b { drop\n }' })
  assert.doesNotMatch(inside(scratch, 'nft', 'list', 'ruleset'), /dport/)
  await nftTable.write(scratch.host, TABLE, former, null)
  assert.equal(inside(scratch, 'nft', 'list', 'ruleset'), before)
  await nftTable.write(scratch.host, TABLE, null, former)
  assert.equal(inside(scratch, 'nft', 'list', 'ruleset'), 'table inet theirs {\n}\n')
})

test('rules that nft does not take, and tables of others, are refused before anything is done', { skip }, async (t) => {
  const scratch = scratchHost(t)
  const wrong = { ...TABLE, rules: 'chain a { tcp dprot 22 accept\n }' }
  await assert.rejects(set(nftTable, scratch, wrong), /nft does not accept the table inet noc_test:[^]*dprot/)
  await assert.rejects(set(nftTable, scratch, { ...TABLE, name: 'filter' }), fails('NOC_SETUP_NFT_NAME'))
  const escape = { ...TABLE, rules: '}\ntable inet theirs {' }
  await set(nftTable, scratch, escape)
  assert.equal(inside(scratch, 'nft', 'list', 'ruleset'), 'table inet noc_test {\n}\n', 'only its own table is loaded')
})

test(
  'a value of the kernel is found by either spelling, also of a device with a dot in its name',
  { skip },
  async (t) => {
    const scratch = scratchHost(t)
    inside(scratch, 'ip', 'link', 'add', 'name', 'br.7', 'type', 'bridge')
    for (const key of ['net/ipv4/conf/br.7/forwarding', 'net.ipv4.conf.br/7.forwarding']) {
      const before = await set(sysctl, scratch, { key, value: '1' })
      assert.ok(await converged(sysctl, scratch, { key, value: ' 1 ' }))
      await sysctl.write(scratch.host, { key, value: '1' }, before, '1')
      assert.equal(await sysctl.read(scratch.host, { key, value: '' }), before)
    }
    assert.equal(await sysctl.read(scratch.host, { key: 'net.ipv4.conf.nowhere.forwarding', value: '1' }), null)
    for (const key of ['net.ipv4..x', '../../etc/passwd', 'net/ipv4/../../x', 'a b', '']) {
      await assert.rejects(sysctl.read(scratch.host, { key, value: '' }), fails('NOC_SETUP_SYSCTL'), key)
    }
    const several = { key: 'net.ipv4.ip_local_port_range', value: '20000 30000' }
    await set(sysctl, scratch, several)
    assert.ok(await converged(sysctl, scratch, several))
  },
)

test('a device of another sort is never taken for ours', { skip }, async (t) => {
  const scratch = scratchHost(t)
  inside(scratch, 'ip', 'link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'b')
  await assert.rejects(set(bridge, scratch, { name: 'a' }), /it is no bridge but veth/)
  await assert.rejects(set(bridge, scratch, { name: 'lo' }), fails('NOC_SETUP_DEVICE_SORT'))
  await assert.rejects(set(veth, scratch, { name: 'a', peer: 'c' }), fails('NOC_SETUP_VETH'))
  for (const name of ['-help', 'a b', 'a/b', 'sixteen-letters!', '..', '']) {
    await assert.rejects(set(bridge, scratch, { name }), fails('NOC_SETUP_DEVICE'), name)
  }
})

test('a cable that a kill left half made is ours to take away', { skip }, async (t) => {
  const scratch = scratchHost(t)
  const params = { name: 'a', peer: 'b' }
  inside(scratch, 'ip', 'link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'b')
  const now = await veth.read(scratch.host, params)
  const after = await veth.want(params, null, scratch.host)
  assert.equal(veth.between?.(now, null, after), 'ours')
  await set(veth, scratch, params)
  assert.ok(await converged(veth, scratch, params))
})

test('ports of a bridge that are isolated do not reach each other', { skip }, async (t) => {
  const scratch = scratchHost(t)
  await set(bridge, scratch, { name: 'br' })
  for (const [index, isolated] of [true, true, false].entries()) {
    const netns = `${scratch.name}${index}`
    await set(networkNamespace, scratch, { name: netns })
    await set(veth, scratch, { name: `v${index}`, peer: 'eth0', peerNetns: netns, master: 'br', isolated })
    await set(address, scratch, { device: 'eth0', address: `10.9.9.${index + 1}/24`, netns })
  }
  // Whether the address of the other one can be found (ARP).
  const reaches = async (from: number, to: number): Promise<boolean> => {
    const [netns, other] = [`${scratch.name}${from}`, `10.9.9.${to + 1}`]
    sh('ip', 'netns', 'exec', netns, 'bash', '-c', `echo > /dev/udp/${other}/9`)
    for (;;) {
      const neighbour = sh('ip', '-n', netns, 'neighbour', 'show', other)
      if (/lladdr|FAILED/.test(neighbour)) return /lladdr/.test(neighbour)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  assert.deepEqual([await reaches(0, 1), await reaches(0, 2)], [false, true])
})

test('an IPv6 address is the same however it is written', { skip }, async (t) => {
  const scratch = scratchHost(t)
  await set(address, scratch, { device: 'lo', address: 'FD00:0:0::1/64' })
  assert.ok(await converged(address, scratch, { device: 'lo', address: 'fd00::1/64' }))
  assert.equal(await address.read(scratch.host, { device: 'nowhere', address: '10.0.0.1/8' }), false)
  for (const wrong of ['10.0.0.1', 'x/8', '10.0.0.1/y', '']) {
    await assert.rejects(
      address.read(scratch.host, { device: 'lo', address: wrong }),
      fails('NOC_SETUP_ADDRESS'),
      wrong,
    )
  }
})

test('a namespace in which something still runs is kept', { skip }, async (t) => {
  const scratch = scratchHost(t)
  const name = `${scratch.name}b`
  await set(networkNamespace, scratch, { name })
  const child = spawn('ip', ['netns', 'exec', name, 'sh', '-c', 'echo; exec sleep 60'])
  await once(child.stdout, 'data')
  await assert.rejects(networkNamespace.write(scratch.host, { name }, null, 'there'), fails('NOC_SETUP_NETNS_BUSY'))
  child.kill('SIGKILL')
  await once(child, 'close')
  await networkNamespace.write(scratch.host, { name }, null, 'there')
  assert.equal(await networkNamespace.read(scratch.host, { name }), null)
})
