/**
 * The world outside a network's host: servers in an own network namespace that write down who came, and a count of
 * everything that crossed the link. Says a word when it runs, and another when all is up after standard input ended.
 */
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { captureRules } from './capture.ts'
import { must } from './must.ts'
import { LINK } from './plan.ts'
import { type Visit, echoServer, nameServer, webServer } from './servers.ts'
import { zone } from './zone.ts'

const [, , directory = ''] = process.argv
/** The usual ones, and one each that only a leak test would think of. */
const WEB_PORTS = [80, 443, 8080]
const UDP_PORTS = [443, 5300]

function note(visit: Visit): void {
  appendFileSync(join(directory, 'outside.jsonl'), `${JSON.stringify(visit)}\n`)
}

process.stdout.write('running\n')
await once(process.stdin.resume(), 'end')
const { outsideDevice: device, outside, outside6 } = LINK
const link = [
  'link set lo up',
  `address add ${outside}/24 dev ${device}`,
  `address add ${outside6}/64 dev ${device} nodad`,
  `link set ${device} up`,
]
await must(['ip', '-batch', '-'], `${link.join('\n')}\n`)
await must(['nft', '-f', '-'], captureRules(device))
const addresses = [outside, outside6]
await Promise.all(
  addresses.flatMap((address) => [
    nameServer(address, zone, note),
    ...WEB_PORTS.map((port) => webServer(address, port, note)),
    ...UDP_PORTS.map((port) => echoServer(address, port, note)),
  ]),
)
process.stdout.write('up\n')
