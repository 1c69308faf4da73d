/** Sentences about tor and boxes, the same in the terminal and on the page. Pure. */
import type { Dropped, TorState } from './wire.ts'

/** How tor is. */
export function torSentence(tor: TorState): string {
  if (tor.state === 'ready') return `Tor is ready${tor.version === null ? '' : ` (${tor.version})`}.`
  if (tor.state === 'starting') return `Tor is starting: ${tor.percent} %, ${tor.doing}.`
  return tor.why
}

const NUMBERS = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine'] as const

/** `Two boxes`, `12 boxes`. */
export function boxes(count: number): string {
  return `${NUMBERS[count] ?? count} ${count === 1 ? 'box' : 'boxes'}`
}

/** `UDP 443 to 192.0.2.1 (www.example.org)` */
export function attemptText({
  protocol,
  port,
  target,
  name,
}: Pick<Dropped, 'protocol' | 'port' | 'target' | 'name'>): string {
  const what = `${protocol.toUpperCase()}${port === null ? '' : ` ${port}`} to ${target}`
  return name === null ? what : `${what} (${name})`
}
