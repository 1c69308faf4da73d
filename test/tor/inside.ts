/**
 * The first process of a network's namespaces: brings everything up and tells on standard output how far it is. When
 * its standard input ends, because the test stopped it or died, it ends, and the kernel ends all the others with it.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTor } from './bootstrap.ts'
import { installKeys } from './keys.ts'
import { must } from './must.ts'
import { LINK, PORTS, exitAddress6, joiningLines } from './plan.ts'
import { type Visit, nameServer, webServer } from './servers.ts'
import { zone } from './zone.ts'

/** What the test asks for; on the command line as JSON. */
export interface InsideOptions {
  readonly directory: string
  readonly keyCache: string
  readonly exits: readonly string[]
  readonly onion: boolean
  readonly outside: boolean
  readonly client: readonly string[]
  readonly before: readonly (readonly string[])[]
  readonly lifetimeMs: number
}

/** What there is when all is up. */
export interface Ready {
  readonly joining: readonly string[]
  readonly onion: string | null
  /** In the numbers of the network's own process namespace. */
  readonly outsidePid: number | null
}

/** A line of standard output. */
export type InsideLine = { readonly phase: string } | { readonly failed: string } | { readonly ready: Ready }

const options = JSON.parse(process.argv[2] ?? '') as InsideOptions
const { directory } = options
let ready = false

function say(line: InsideLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Only until all is up: after that, a test may end what it likes. */
function fail(error: unknown): void {
  if (ready) return
  say({ failed: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}

function noteVisit(visit: Visit): void {
  appendFileSync(join(directory, 'local.jsonl'), `${JSON.stringify(visit)}\n`)
}

/** Links, addresses, the resolver, the servers, and what else the test wants to be there before tor. */
async function prepare(): Promise<number | null> {
  await must(['ip', 'link', 'set', 'lo', 'up'])
  const outside = options.outside ? await startOutside() : null
  const device = outside === null ? 'lo' : LINK.hostDevice
  const addresses = options.exits.flatMap((address, index) => [
    `address add ${address}/32 dev ${device}\n`,
    // Deprecated: used by who asks for it, never by the host of its own accord.
    `address add ${exitAddress6(index)}/128 dev ${device} nodad preferred_lft 0\n`,
  ])
  await must(['ip', '-batch', '-'], addresses.join(''))
  writeFileSync(join(directory, 'resolv.conf'), 'nameserver 127.0.0.1\n')
  writeFileSync(join(directory, 'host-resolv.conf'), `nameserver ${outside === null ? '127.0.0.1' : LINK.outside}\n`)
  if (existsSync('/etc/resolv.conf')) {
    await must(['mount', '--bind', join(directory, 'host-resolv.conf'), '/etc/resolv.conf'])
  }
  await Promise.all([webServer('127.0.0.1', PORTS.web, noteVisit), nameServer('127.0.0.1', zone, noteVisit)])
  for (const argv of options.before) await must(argv)
  return outside
}

/** Starts the servers outside in a network namespace of their own, and the link to them. */
async function startOutside(): Promise<number> {
  const program = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'outside.ts'), directory]
  const child = spawn('unshare', ['--net', ...program], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.once('exit', (code) => fail(new Error(`the servers outside ended with ${code}`)))
  await once(child.stdout, 'data')
  const { hostDevice, outsideDevice, host, host6, outside, outside6 } = LINK
  const link = [
    `link add ${hostDevice} type veth peer name ${outsideDevice} netns ${child.pid}`,
    `address add ${host}/24 dev ${hostDevice}`,
    `address add ${host6}/64 dev ${hostDevice} nodad`,
    `link set ${hostDevice} up`,
  ]
  await must(['ip', '-batch', '-'], `${link.join('\n')}\n`)
  child.stdin.end()
  await once(child.stdout, 'data')
  const routes = [`route add default via ${outside} src ${host}`, `-6 route add default via ${outside6} src ${host6}`]
  for (const route of routes) await must(['ip', ...route.split(' ')])
  return child.pid ?? 0
}

async function main(): Promise<void> {
  process.stdin.on('end', () => process.exit(0)).resume()
  setTimeout(() => process.exit(0), options.lifetimeMs)
  const [outsidePid, authorities] = await Promise.all([prepare(), installKeys(options.keyCache, directory)])
  say({ phase: 'keys' })
  const plan = { directory, authorities, exits: options.exits, onion: options.onion, client: options.client }
  const onion = await startTor(plan, { phase: (phase) => say({ phase }), failed: fail })
  ready = true
  say({ ready: { joining: joiningLines(authorities), onion, outsidePid } })
}

main().catch(fail)
