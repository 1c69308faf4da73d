/** What a running box of a user tells whoever may open its control socket. Times are milliseconds since 1970. */
import type { Keep } from '../config.ts'
import type { GuardCounts } from './rules.ts'
import type { TrafficCounts } from './traffic.ts'

/** One box. */
export interface UserBoxStatus {
  readonly kind: 'user'
  readonly name: string
  /** The noc process that keeps the box; it is the box's end when it ends. */
  readonly keeper: number
  /** A process outside the box that is in its user, network and mount namespaces, and the parent of its process 1. */
  readonly anchor: number
  /** Whose box it is. */
  readonly uid: number
  readonly gid: number
  readonly argv: readonly string[]
  /** Ways out that it keeps open. */
  readonly keep: readonly Keep[]
  readonly since: number
  /** By this SOCKS user name tor's stream events (SOCKS_USERNAME) tell the box's streams from others. */
  readonly socksUser: string
  readonly traffic: TrafficCounts
  /** Names that programs of the box asked for. */
  readonly names: number
  /** Null when nft could not be asked. */
  readonly guard: GuardCounts | null
}

/** What may be asked of a box. */
export type BoxRequest = 'status' | 'new-identity' | 'stop'
