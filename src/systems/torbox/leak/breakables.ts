/** What can be broken of the set-up for a moment, and put back as it was. */
import { writeFileSync } from 'node:fs'
import { run } from '#core/host/run.ts'
import { createHost } from '#core/host/setup/host.ts'
import type { ServiceState } from '#core/host/setup/kinds/service.ts'
import type { Json, Step } from '#core/host/setup/types.ts'
import type { TorboxConfig } from '../config.ts'
import { torReady } from '../root/ready.ts'
import { torboxSetup } from '../setup.ts'
import type { Breakable, Lab } from './lab.ts'
import { tableName } from './watch.ts'

/** Longest wait for tor after its start, ms: with its files at hand it takes some three seconds. */
const READY_MS = 20_000
/** The table that holds everything back but the test's own packets while the walls are down. */
const HOLD = tableName(process.pid, 'hold')
const NFT_LIMITS = { timeoutMs: 10_000, maxBytes: 64 * 1024 }

/** Tor, rules and walls of the bridge. `others` are boxes that would be without walls too. */
export function breakables(
  config: TorboxConfig,
  others: () => readonly string[],
): Pick<Lab, 'tor' | 'rules' | 'walls'> {
  const steps = torboxSetup.steps(config)
  const tor = without(
    steps.filter(({ use }) => use.name === 'service'),
    stopped,
  )
  const rules = without(
    steps.filter(({ use }) => use.name === 'nft-table'),
    () => null,
  )
  const fences = without(
    steps.filter(({ use }) => use.name === 'nft-table' || use.name === 'routing-rule'),
    () => null,
  )
  const ready = { signal: AbortSignal.timeout(10 * READY_MS), tell: () => undefined }
  return {
    tor: {
      break: tor.break,
      mend: async () => {
        await tor.mend()
        await torReady(config, { ...ready, until: performance.now() + READY_MS })
      },
    },
    rules,
    walls: walls(config, fences, others),
  }
}

/** A service's state, but not running. */
function stopped(now: Json): Json {
  const state = now as ServiceState
  return state.manager === 'systemd' ? { ...state, active: false } : { ...state, command: null }
}

/** Takes away what these steps have made, and writes the state back that was there. */
function without(steps: readonly Step[], gone: (now: Json) => Json): Breakable {
  const host = createHost({})
  let former: { readonly step: Step; readonly was: Json }[] = []
  return {
    break: async () => {
      for (const step of steps) {
        const was = await step.use.read(host, step.params)
        former.push({ step, was })
        await step.use.write(host, step.params, gone(was), was)
      }
    },
    mend: async () => {
      for (const { step, was } of former.splice(0)) {
        await step.use.write(host, step.params, was, await step.use.read(host, step.params))
      }
      former = []
    },
  }
}

/**
 * The bridge forwards, without rules of nft or routing. Only packets to the target get on: should we be killed now,
 * nothing else leaks.
 */
function walls({ bridge }: TorboxConfig, fences: Breakable, others: () => readonly string[]): Lab['walls'] {
  const [other] = others()
  if (other !== undefined) return { why: `the box ${other} runs, which would be without walls for a moment` }
  const forwarding = (value: string): void => writeFileSync(`/proc/sys/net/ipv4/conf/${bridge}/forwarding`, value)
  let open = false
  return {
    break: async (target) => {
      open = true
      await nft(['-f', '-'], holdTable(bridge, target))
      await fences.break(target)
      forwarding('1')
    },
    mend: async () => {
      if (!open) return
      await fences.mend()
      forwarding('0')
      await nft(['delete', 'table', 'inet', HOLD])
      open = false
    },
  }
}

function holdTable(bridge: string, target: string): string {
  return `table inet ${HOLD} {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "${bridge}" ip daddr != ${target} drop
    iifname "${bridge}" meta nfproto ipv6 drop
  }
}
`
}

async function nft(args: readonly string[], stdin = ''): Promise<void> {
  await run(['nft', ...args], { ...NFT_LIMITS, stdin })
}
