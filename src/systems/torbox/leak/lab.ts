/** Where a leak test runs: boxes that can be thrown away, and what can be broken around them for a moment. */
import type { BoxKind } from '../wire.ts'
import type { StreamSeen } from './observations.ts'

/** A box made for the test. */
export interface ProbeBox {
  readonly name: string
  /** Its address on the bridge; null when it has no network of its own. */
  readonly address: string | null
  /**
   * Runs the program of tasks in it and gives what it printed. `application`: as any program in the box; `root`: in
   * its network with all rights over it.
   */
  run(as: 'application' | 'root', tasks: string, timeoutMs: number, signal: AbortSignal): Promise<string>
  close(): Promise<void>
}

/** What the test needs of its surroundings. */
export interface Lab {
  readonly kind: BoxKind
  makeBox(signal: AbortSignal): Promise<ProbeBox>
  /** Interfaces that boxes are plugged into; none for boxes without a network. */
  readonly links: readonly string[]
  /** This machine's address on the boxes' network. */
  readonly gateway: string | null
  /** Stops tor, and starts it again. */
  readonly tor: Breakable | Unbreakable
  /** Takes the boxes' rules away, and puts them back. */
  readonly rules: Breakable | Unbreakable
  /** The same, and lets packets to the address through meanwhile: as it was before the boxes were walled in. */
  readonly walls: Breakable | Unbreakable
  /** Streams that tor has been told of since the lab was opened; null when tor can't be asked. */
  streams(): readonly StreamSeen[] | null
  close(): Promise<void>
}

/** Something that works, can be broken, and put back. `mend` may be called when nothing is broken. */
export interface Breakable {
  break(target: string): Promise<void>
  mend(): Promise<void>
}

/** Something that can't be broken here. */
export interface Unbreakable {
  readonly why: string
}
