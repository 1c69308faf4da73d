/** How the bridge comes back when the machine starts again: files for nft and systemd. Pure. */
import type { TorboxConfig } from './config.ts'
import { PRIORITY } from './routing-rule.ts'
import { TABLE, bridgeRules, inetRules } from './rules.ts'
import { TOR_SERVICE } from './torrc.ts'

/** The rules as a file. */
export const RULES_FILE = '/etc/nocturne/torbox.nft'
const UNIT_NAME = 'noc-torbox-network.service'
/** The unit that loads them and makes the bridge. */
export const NETWORK_UNIT: string = `/etc/systemd/system/${UNIT_NAME}`
/** Starts the unit with the machine; a plain file, where a link would do the same. */
export const BOOT_WANTS = '/etc/systemd/system/multi-user.target.d/noc-torbox.conf'

/** Both tables, in one transaction, whatever was there before. */
export function rulesFile(config: TorboxConfig): string {
  const table = (family: string, rules: string): string =>
    `add table ${family} ${TABLE}\ndelete table ${family} ${TABLE}\ntable ${family} ${TABLE} {\n${rules}\n}\n`
  return `# Made by noc torbox.\n${table('inet', inetRules(config))}${table('bridge', bridgeRules(config))}`
}

/** Rules first, the address last. */
export function networkUnit({ bridge, address }: TorboxConfig): string {
  return [
    '# Made by noc torbox.',
    '[Unit]',
    'Description=Bridge and rules of noc torbox',
    // nftables.service begins with "flush ruleset".
    'After=nftables.service',
    `Before=${TOR_SERVICE}.service tor@default.service`,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    // Where running boxes are written down.
    'RuntimeDirectory=nocturne/torbox',
    'RuntimeDirectoryMode=0700',
    'RuntimeDirectoryPreserve=yes',
    `ExecStart=nft -f ${RULES_FILE}`,
    ...['-4', '-6'].map((family) => `ExecStart=-ip ${family} rule add priority ${PRIORITY} iif ${bridge} blackhole`),
    `ExecStart=-ip link add name ${bridge} up type bridge`,
    `ExecStart=sysctl -w net.ipv4.conf.${bridge}.forwarding=0 net.ipv4.conf.${bridge}.route_localnet=0`,
    `ExecStart=-sysctl -w net.ipv6.conf.${bridge}.disable_ipv6=1`,
    `ExecStart=ip address replace ${address} dev ${bridge}`,
    '',
  ].join('\n')
}

/** The target that every start reaches wants the unit. */
export function bootWants(): string {
  return `# Made by noc torbox.\n[Unit]\nWants=${UNIT_NAME}\n`
}
