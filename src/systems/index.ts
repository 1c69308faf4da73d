import type { System } from '#core/system.ts'
import { connections } from './connections/index.ts'
import { interrupts } from './interrupts/index.ts'
import { torbox } from './torbox/index.ts'
import { tormap } from './tormap/index.ts'

/** THE list: every system of Nocturne, in the order in which help, console and daemon take them. */
export const systems: readonly System[] = [interrupts, connections, torbox, tormap]
