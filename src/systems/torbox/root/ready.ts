/** Whether root's boxes can be started: the set-up is there as a whole, and tor is ready. */
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { NocError } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import type { TorboxConfig } from '../config.ts'
import { TABLE } from '../rules.ts'
import { controlSocket } from '../torrc.ts'
import { type Bootstrap, bootstrap } from './control.ts'

const LIMITS = { timeoutMs: 10_000, maxBytes: 256 * 1024 } as const
/** Milliseconds between two looks at a tor that is not ready. */
const LOOK_MS = 500

/** `none`: nobody has set it up; `broken`: a part of it is missing, `what` in words. */
export type SetUp = { readonly state: 'whole' | 'none' } | { readonly state: 'broken'; readonly what: string }

/**
 * Whether the set-up is there: three programs at once. Several questions to one nft confuse it (1.0.6), and Node
 * doesn't see a bridge that nothing is plugged into. Forwarding is not asked for: others switch it on now and then, and
 * the routing rule holds without it.
 */
export async function lookSetUp({ bridge, address }: TorboxConfig): Promise<SetUp> {
  const [network, inet, port] = await Promise.all([
    answer(['ip', '-4', '-oneline', '-force', '-batch', '-'], `address show dev ${bridge}\nrule show\n`),
    answer(['nft', '-t', 'list', 'table', 'inet', TABLE]),
    answer(['nft', 'list', 'chain', 'bridge', TABLE, 'port']),
  ])
  const there = network.includes(` ${address} `)
  const guarded = ['jump guard_box', 'jump steer_box', 'guard_out', `"${bridge}"`].every((part) => inet.includes(part))
  const seated = port.includes(`"${bridge}-*" jump port_box`)
  const confined = network.includes(`iif ${bridge} blackhole`)
  if (![there, guarded, seated].some(Boolean)) return { state: 'none' }
  const lacks = [
    ...(there ? [] : [`the bridge ${bridge} with ${address}`]),
    ...(guarded && seated ? [] : [`its rules (table ${TABLE})`]),
    ...(confined ? [] : ['its routing rule']),
    ...(closed(bridge) ? [] : [`route_localnet=0 on ${bridge}`]),
  ]
  return lacks.length === 0 ? { state: 'whole' } : { state: 'broken', what: lacks.join(' and ') }
}

/** What a program prints; nothing where it isn't installed: then nobody has set up anything. */
async function answer(argv: readonly string[], stdin = ''): Promise<string> {
  try {
    return (await run(argv, { ...LIMITS, stdin })).stdout.toString()
  } catch (error) {
    if (error instanceof NocError && error.code === 'NOC_HOST_PROGRAM_MISSING') return ''
    throw error
  }
}

function closed(bridge: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, 'utf8').trim() === '0'
  } catch {
    return false
  }
}

/** What to do about a set-up that is not whole. */
export function notSetUp(setUp: SetUp): NocError {
  const how = setUp.state === 'broken' ? `set up, but without ${setUp.what}` : 'not set up here'
  return new NocError('NOC_TORBOX_NOT_SET_UP', `The sandbox is ${how}.`, {
    hint: '`noc torbox apply` sets it up; `noc torbox plan` shows what it would do.',
  })
}

/** Returns when tor is ready; waits for it until `until` (ms, as performance.now()), telling how far it is. */
export async function torReady(
  config: TorboxConfig,
  { until, signal, tell }: { readonly until: number; readonly signal: AbortSignal; tell(text: string): void },
): Promise<void> {
  let told = ''
  for (;;) {
    const { phase, trouble } = await look(config)
    if (phase?.percent === 100) return
    if (performance.now() >= until) throw trouble ?? notReady(phase)
    const text = phase === null ? 'Waiting for tor ...' : `Waiting for tor: ${inWords(phase)} ...`
    if (text !== told) tell((told = text))
    await setTimeout(LOOK_MS, undefined, { signal })
  }
}

async function look(config: TorboxConfig): Promise<{ phase: Bootstrap | null; trouble: NocError | null }> {
  try {
    return { phase: await bootstrap(controlSocket(config)), trouble: null }
  } catch (error) {
    if (error instanceof NocError) return { phase: null, trouble: error }
    throw error
  }
}

function inWords({ percent, doing }: Bootstrap): string {
  return doing === '' ? `${percent} %` : `${percent} %, ${doing}`
}

function notReady(phase: Bootstrap | null): NocError {
  const far = phase === null ? '' : ` (${inWords(phase)})`
  return new NocError('NOC_TORBOX_TOR_STARTING', `Tor is not ready yet${far}.`, {
    hint: '`--wait 60` waits for it up to a minute.',
  })
}
