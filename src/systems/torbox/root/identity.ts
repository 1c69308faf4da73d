/**
 * A new identity for a box that runs: another address on the bridge. Tor keeps circuits apart by the client's address
 * (IsolateClientAddr), so nothing that comes from the new one is ever put on a circuit of the old one. Closing the
 * circuits of its streams alone would not do: a circuit without a stream is kept for the address, and tor tells nobody
 * which ones those are. NEWNYM would take the circuits of all boxes.
 */
import { NocError } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import type { TorboxConfig } from '../config.ts'
import { address, allSeats, initOf, ourselves } from './box.ts'
import type { Registry, RootBox } from './records.ts'

const LIMITS = { timeoutMs: 10_000, maxBytes: 64 * 1024 } as const

/** Moves the box to another seat and ends what was open from the old one; gives the box as it is then. */
export async function newRootIdentity(config: TorboxConfig, registry: Registry, box: RootBox): Promise<RootBox> {
  const { pid } = initOf(box)
  const moved = registry.reseat(box, ourselves(), allSeats(config))
  const [from, to] = [box.seat, moved.seat]
  const inBox = ['nsenter', '--target', String(pid), '--net', '--']
  // Down first: between the two addresses nothing flows, and a port that is down may be renamed on every kernel.
  await must(['ip', '-batch', '-'], `link set ${from.port} down\nlink set ${from.port} name ${to.port}\n`)
  await must([...inBox, 'ip', '-batch', '-'], `address flush dev eth0 scope global\n${address(config, to)}`)
  await must(['ip', 'link', 'set', to.port, 'up'])
  // Both ends notice at once, the programs and tor, instead of after a time-out; some kernels leave them that.
  await run([...inBox, 'ss', '--kill', 'src', from.address], LIMITS)
  await run(['ss', '--kill', 'dst', from.address], LIMITS)
  return moved
}

async function must(argv: readonly string[], stdin = ''): Promise<void> {
  const { code, stderr } = await run(argv, { ...LIMITS, stdin })
  if (code === 0) return
  throw new NocError('NOC_TORBOX_IDENTITY', `The box can't get its new address: ${stderr.trim().split('\n')[0]}`, {
    hint: 'It may be without a network now, never with the old one: stop it and start another.',
  })
}
