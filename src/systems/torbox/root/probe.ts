/** Whether the sandbox works: a packet of each sort from a box of its own, and what became of it. */
import { setTimeout } from 'node:timers/promises'
import { reasonOf } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import type { Probe } from '#core/host/setup/types.ts'
import type { ControlEvent } from '#proto/torcontrol/events.ts'
import type { TorboxConfig } from '../config.ts'
import { TABLE, counterName } from '../rules.ts'
import { controlSocket } from '../torrc.ts'
import { openControl } from './control.ts'
import { lookSetUp, notSetUp, torReady } from './ready.ts'
import { runInThrowAway } from './throwaway.ts'

/** Nobody has this address (RFC 5737); port 80 because every exit would take it. */
const TARGET = '192.0.2.1'
const TCP_PORT = 80
const UDP_PORT = 443
/** Longest wait for tor to be ready, and for the program in the box, ms. */
const READY_MS = 90_000
const PROGRAM_MS = 20_000
/** How long after the program the stream may still be told of, ms. */
const LATE_MS = 500

/** Tries a connection and sends a datagram, and waits long enough for both to have left. */
const PROGRAM = `
const socket = require('node:net').connect(${TCP_PORT}, '${TARGET}').on('error', () => {})
const udp = require('node:dgram').createSocket('udp4')
udp.send('noc', ${UDP_PORT}, '${TARGET}', () => setTimeout(() => process.exit(0), 500))
`

/** The set-up's probe: asks tor and the guard's counters, not the box. */
export function leavesThroughTor(config: TorboxConfig): Probe {
  return {
    says: 'A connection from a box comes to tor, and a datagram is dropped.',
    async run(_, signal) {
      const setUp = await lookSetUp(config)
      if (setUp.state !== 'whole') return { ok: false, saw: notSetUp(setUp).message }
      await torReady(config, { until: performance.now() + READY_MS, signal, tell: () => undefined })
      return attempt(config, signal)
    },
  }
}

async function attempt(config: TorboxConfig, signal: AbortSignal): Promise<{ ok: boolean; saw: string }> {
  let box = ''
  let came = false
  const onEvent = (event: ControlEvent): void => {
    if (event.type !== 'stream') return
    const { source, target } = event.stream
    came ||= source?.host === box && target.host === TARGET && target.port === TCP_PORT
  }
  const control = await openControl(controlSocket(config), { onEvent })
  try {
    await control.setEvents('STREAM')
    const before = await dropped()
    await runInThrowAway(config, [process.execPath, '-e', PROGRAM], {
      timeoutMs: PROGRAM_MS,
      signal,
      started: ({ seat }) => (box = seat.address),
    })
    if (!came) await setTimeout(LATE_MS)
    const datagrams = (await dropped()) - before
    const tcp = came
      ? `tor was asked for ${TARGET}:${TCP_PORT} by ${box}`
      : `no connection came to tor; a firewall here may drop what comes in by ${config.bridge}`
    const udp = datagrams > 0 ? 'the datagram was dropped' : 'the datagram was not dropped'
    return { ok: came && datagrams > 0, saw: `${tcp}; ${udp}` }
  } catch (error) {
    return { ok: false, saw: reasonOf(error) }
  } finally {
    control.close()
  }
}

/** Datagrams that the guard has dropped since its rules were loaded. */
async function dropped(): Promise<number> {
  const { stdout } = await run(['nft', 'list', 'counter', 'inet', TABLE, counterName('udp')], {
    timeoutMs: 10_000,
    maxBytes: 65_536,
  })
  return Number(/packets (\d+)/.exec(stdout.toString())?.[1] ?? 0)
}
