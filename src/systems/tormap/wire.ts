/**
 * Documents of the map's API and of the static site, as the page gets them. Plain JSON; times are ms since 1970.
 * The map itself is in columns, because 9,000 relays have to fit in 120 kB gz; names come in a second document.
 */
import type { Answer } from '#core/http/documents.ts'
import type { Verdict } from '#core/verdict.ts'
import type { AutonomousSystem, GeoSource, ModernClass, OriginalClass, Place } from './types.ts'

export interface VerifiedWire {
  readonly state: 'good' | 'bad' | 'unverified'
  readonly good: number
  readonly needed: number
  readonly authorities: number
  readonly why: string
}

export interface ClassCounts {
  readonly original: Readonly<Record<OriginalClass, number>>
  readonly modern: Readonly<Record<ModernClass, number>>
}

/** What is known of an hour without its relays. */
export interface HourWire {
  readonly sample: boolean
  readonly flavour: 'ns' | 'microdesc'
  readonly validAfter: number
  readonly freshUntil: number
  readonly validUntil: number
  readonly verified: VerifiedWire
  readonly geo: GeoSource | null
  readonly asn: GeoSource | null
  readonly relays: number
  /** Relays whose observed bandwidth is known: no other can be in a class that says fast. */
  readonly observed: number
  readonly classes: ClassCounts
  readonly placed: { readonly city: number; readonly country: number; readonly unplaced: number }
}

/** GET /map?at= : all that is drawn. Every column has one value a relay, relays sorted by fingerprint. */
export interface MapWire {
  readonly hour: HourWire
  /** Bit i of a relay's `flags`. */
  readonly flags: readonly string[]
  /** Distinct places. `radius` km, -1 unknown. */
  readonly places: {
    readonly kind: readonly ('city' | 'country')[]
    readonly country: readonly (string | null)[]
    readonly city: readonly (string | null)[]
    /** Hundredths of a degree. */
    readonly longitude: readonly number[]
    readonly latitude: readonly number[]
    readonly radius: readonly number[]
  }
  /** Distinct autonomous systems. */
  readonly systems: readonly AutonomousSystem[]
  readonly columns: {
    /** Into `places`; -1 unplaced. */
    readonly place: readonly number[]
    /** Where the dot is drawn, seen from its place, hundredths of a degree; 0 for unplaced ones. */
    readonly east: readonly number[]
    readonly north: readonly number[]
    /** Into ORIGINAL_CLASSES. */
    readonly original: readonly number[]
    /** Bit i: in MODERN_CLASSES[i]. */
    readonly modern: readonly number[]
    readonly flags: readonly number[]
    /** Consensus weight, three significant digits. */
    readonly weight: readonly number[]
    /** Into `systems`; -1 unknown. */
    readonly as: readonly number[]
    /** Relays of one family have one number; 0: none. */
    readonly family: readonly number[]
  }
}

/** GET /names?at= : what hover and search need, in the same order as the map's columns. */
export interface NamesWire {
  readonly validAfter: number
  readonly nickname: readonly string[]
  /** Base64 of 20 bytes a relay, one after the other. */
  readonly fingerprints: string
  readonly address: readonly string[]
}

/** GET /relay/:fingerprint?at= : everything that is said of a relay. All text is the operator's own: escape it. */
export interface RelayWire {
  readonly validAfter: number
  readonly nickname: string
  readonly fingerprint: string
  readonly addresses: readonly string[]
  readonly dirPort: number
  readonly flags: readonly string[]
  readonly original: OriginalClass
  readonly modern: readonly ModernClass[]
  readonly place: Place
  readonly as: AutonomousSystem | null
  readonly weight: number
  /** Share of all weight, 0 to 1. */
  readonly weightFraction: number
  readonly unmeasured: boolean
  /** Bytes a second; null when no descriptor is known. */
  readonly bandwidth: { readonly average: number; readonly burst: number; readonly observed: number } | null
  readonly version: string | null
  /** What the authorities say of the version. */
  readonly recommended: boolean | null
  readonly platform: string | null
  /** When it started, from uptime and publication; null when unknown. */
  readonly upSince: number | null
  readonly published: number | null
  readonly contact: string | null
  readonly exitPolicy: string | null
  readonly exitPolicy6: string | null
  readonly family: readonly { readonly fingerprint: string; readonly nickname: string | null }[]
  readonly ed25519: string | null
  /** First hour of the history that has it; null without history. */
  readonly firstSeen: number | null
}

/** GET /hours : the hours the history has, oldest first. */
export interface HoursWire {
  readonly hours: readonly number[]
}

/** GET /counts?from=&to= : relays and consensus weight per class over time. A missing hour is null. */
export interface CountsWire {
  readonly at: readonly number[]
  readonly relays: Readonly<Record<OriginalClass, readonly (number | null)[]>>
  /** Observed bandwidth where it is known, bytes a second. */
  readonly bandwidth: Readonly<Record<OriginalClass, readonly (number | null)[]>>
}

/** GET /circuits : circuits of a local tor, when [tormap] control names its socket. */
export interface CircuitsWire {
  readonly state: 'off' | 'up' | 'down'
  /** Why it is down; null when up or off. */
  readonly why: string | null
  readonly circuits: readonly {
    readonly id: string
    readonly status: string
    readonly purpose: string
    readonly relays: readonly { readonly fingerprint: string; readonly nickname: string | null }[]
  }[]
}

/** GET /view : the small live document of the page (topic `tormap`). */
export interface TormapView {
  readonly at: number
  /** The answer of the page: a sentence with a state. */
  readonly answer: Answer
  /** null: there is no consensus at all, not even the sample. */
  readonly hour: HourWire | null
  readonly hours: number
  readonly fetch: {
    /** `off` until the operator says so. */
    readonly state: 'off' | 'waiting' | 'fetching' | 'failed'
    /** Next planned fetch; null when off. */
    readonly next: number | null
    readonly last: number | null
    readonly why: string | null
    /** Whether it goes on every hour. */
    readonly hourly: boolean
    /** Who would be contacted, in which order, shown before anything is. */
    readonly contacts: readonly { readonly nickname: string; readonly address: string; readonly through: string }[]
  }
  readonly findings: readonly Verdict[]
}
