// The real programs that tests compare with or run against: Debian packages by a program or a file of theirs.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'

export const PEERS = {
  ss: 'iproute2',
  ip: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  setsid: 'util-linux',
  mount: 'mount',
  bash: 'bash',
  useradd: 'passwd',
  sysctl: 'procps',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  curl: 'curl',
  nft: 'nftables',
  iptables: 'iptables',
  'iptables-restore': 'iptables',
  tor: 'tor',
  '/usr/share/tor/geoip': 'tor-geoipdb',
  firejail: 'firejail',
  script: 'bsdutils',
  irqtop: 'irqtop',
  tmux: 'tmux',
  chromium: 'chromium',
  'systemd-analyze': 'systemd',
  'systemd-nspawn': 'systemd-container',
  openssl: 'openssl',
  python3: 'python3',
  xmllint: 'libxml2-utils',
  ogrinfo: 'gdal-bin',
}

function present(program) {
  if (program.startsWith('/')) return existsSync(program)
  return (process.env.PATH ?? '')
    .split(':')
    .concat('/usr/sbin', '/sbin')
    .some((dir) => {
      try {
        accessSync(`${dir}/${program}`, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** What of it is not on this machine. */
export const missing = () => Object.keys(PEERS).filter((program) => !present(program))

/** Installs what is missing: as root, or through sudo when NOC_INSTALL_PEERS=1; otherwise says the one command. */
export function installPeers() {
  const packages = [...new Set(missing().map((program) => PEERS[program]))]
  if (packages.length === 0) return
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
  const isRoot = process.getuid() === 0
  if (!isRoot && process.env.NOC_INSTALL_PEERS !== '1') {
    console.error(`Some tests need programs that are not here. To run them too:\n  sudo sh -c '${command}'\n`)
    return
  }
  console.error(`Installing for the tests: ${packages.join(' ')}`)
  const [program, ...args] = isRoot ? ['sh', '-c', command] : ['sudo', 'sh', '-c', command]
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0)
    console.error(`could not install them (exit ${status}):\n${(stdout + stderr).split('\n').slice(-8).join('\n')}`)
}
