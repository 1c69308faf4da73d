/** Set-ups that together use every kind of resource, for the tests of the engine. */
import {
  address,
  bridge,
  debianPackage,
  directory,
  file,
  fileBlock,
  networkNamespace,
  nftTable,
  persistedSysctl,
  service,
  sysctl,
  torrcBlock,
  user,
  veth,
} from '#core/host/setup/kinds/index.ts'
import { type Setup, type Step, step } from '#core/host/setup/types.ts'

/** `name`: the scratch host's. */
export type EveryKindConfig = { readonly name: string }

const RULES = `
  chain steer {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "tornet" tcp dport ssh counter redirect to :9040
  }
  set seen { type ipv4_addr; flags dynamic, timeout; timeout 1h; }
`

function networkSteps({ name }: EveryKindConfig): readonly Step[] {
  const box = `${name}b`
  const rules = step(nftTable, { family: 'inet', name: 'noc_test', rules: RULES }, { why: 'Before the bridge.' })
  const tornet = step(bridge, { name: 'tornet' }, { why: 'Boxes are plugged in here.', needs: [rules] })
  const gateway = { device: 'tornet', address: '10.100.100.1/24' }
  const forwarding = { key: 'net.ipv4.conf.tornet.forwarding', value: '1' }
  const space = step(networkNamespace, { name: box }, { why: 'A box.' })
  const cable = step(
    veth,
    { name: 'vbox', peer: 'eth0', peerNetns: box, master: 'tornet', isolated: true },
    { why: 'Its only way out.', needs: [space, tornet] },
  )
  const inner = { device: 'eth0', address: 'fd00::0:2/64', netns: box }
  return [
    step(sysctl, { key: 'net.ipv4.ip_default_ttl', value: '63' }, { why: 'A value that was there.' }),
    step(sysctl, forwarding, { why: 'A value of a device that comes with a step before.', needs: [tornet] }),
    step(address, gateway, { why: 'Where boxes find it.', needs: [tornet] }),
    step(address, inner, { why: 'Its address.', needs: [cable] }),
  ]
}

function fileSteps(): readonly Step[] {
  const owner = step(user, { name: 'noctest', home: '/var/lib/noctest' }, { why: 'Nothing runs as root.' })
  const home = step(
    directory,
    { path: '/var/lib/noctest', mode: '0750', owner: 'noctest:noctest', disposable: true },
    { why: 'It keeps its state there.', needs: [owner] },
  )
  const daemon = step(
    service,
    { name: 'noctest', exec: ['/bin/sleep', '1000'], user: 'noctest', onNotify: 'restart' },
    { why: 'What it is all for.', needs: [home] },
  )
  const key = { path: '/etc/noctest.key', content: 'a secret\n', mode: '0600', owner: 'noctest:noctest' }
  const replaced = { path: '/etc/motd', content: 'short\n', check: ['grep', 'short', '{}'] }
  const hosts = { path: '/etc/hosts', name: 'test', content: '10.100.100.1 tornet' }
  const torrc = { path: '/etc/tor/torrc', name: 'test', content: 'TransPort 10.100.100.1:9040\n' }
  return [
    step(file, key, { why: 'Only it may read its key.', needs: [owner], secret: true }),
    step(file, replaced, { why: 'A file that was there.' }),
    step(file, persistedSysctl('test', { 'net.ipv4.ip_default_ttl': '63' }), { why: 'After a restart.' }),
    step(fileBlock, hosts, { why: 'A name for it.', notify: [daemon] }),
    step(torrcBlock, torrc, { why: 'tor listens there.', notify: [daemon] }),
    daemon,
  ]
}

function packageSteps(): readonly Step[] {
  return [step(debianPackage, { names: ['noc-a'] }, { why: 'The program itself.' })]
}

/** Devices, addresses, rules, values of the kernel. */
export const networkKinds: Setup<EveryKindConfig> = { name: 'network', summary: 'Network', steps: networkSteps }

/** Files, users, services. */
export const fileKinds: Setup<EveryKindConfig> = { name: 'files', summary: 'Files', steps: fileSteps }

/** Packages. */
export const packageKinds: Setup<EveryKindConfig> = { name: 'packages', summary: 'Packages', steps: packageSteps }
