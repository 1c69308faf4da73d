/** `node --import tsx test/tor/main.ts [--outside] [--exits N] [--no-onion]`: a network to try things in, until Ctrl-C. */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { exitCode, reasonOf } from '#core/errors.ts'
import { needs } from '../peers.ts'
import { TOR_NETWORK, type TorNetwork, startTorNetwork } from './network.ts'
import { exitAddress } from './plan.ts'

const MAX_EXITS = 8

function usage(network: TorNetwork): string {
  const { directory, entry, exits, onion, outside, phases, ports } = network
  const enter = entry.join(' ')
  const socks = `curl --socks5-hostname 127.0.0.1:${ports.socks}`
  const lines = [
    `Up after ${Object.entries(phases)
      .map(([phase, ms]) => `${phase} ${(ms / 1000).toFixed(1)} s`)
      .join(', ')}.`,
    '',
    `A shell inside:    ${enter} bash`,
    '',
    'Inside:',
    `  through an exit  ${socks} http://www.site.example:${ports.web}/    (comes from ${exits.join(' or ')})`,
    ...(onion === '' ? [] : [`  onion service    ${socks} http://${onion}/`]),
    `  names            dig @127.0.0.1 -p ${ports.dns} www.site.example`,
    `  TransPort        127.0.0.1:${ports.trans}`,
    `  control          ${directory}/client/control   (from here: ${network.path(directory)}/client/control)`,
    `  logs, torrc      ${directory}/{auth0,exit0,client,onion}/{notice.log,torrc}`,
  ]
  if (outside !== null) {
    lines.push(
      `  outside          curl http://www.outside.example/    (comes from ${outside.host}: a leak)`,
      `  through an exit  ${socks} http://www.outside.example/`,
      `  who came         ${directory}/outside.jsonl`,
    )
  }
  return `${lines.join('\n')}\n`
}

const { values } = parseArgs({
  options: {
    outside: { type: 'boolean', default: false },
    exits: { type: 'string', default: '1' },
    'no-onion': { type: 'boolean', default: false },
  },
})
const missing = needs(TOR_NETWORK)
if (missing !== false) {
  process.stderr.write(`${missing}\n`)
  process.exit(exitCode.unable)
}
const count = Math.min(Math.max(Number(values.exits) || 1, 1), MAX_EXITS)
const exits = Array.from({ length: count }, (_, index) => exitAddress(index))
try {
  const options = { exits, outside: values.outside, onion: !values['no-onion'] }
  const network = await startTorNetwork({ after: () => undefined }, options)
  process.stdout.write(usage(network))
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await network.stop()
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`)
  process.exitCode = exitCode.unable
}
