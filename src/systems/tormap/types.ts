/** The map's own words: classes, places, and a relay with all that is known of it at one hour. Plain data. */
import type {
  Consensus,
  Flavour,
  Microdescriptor,
  RelayEntry,
  ServerDescriptor,
  Verification,
} from '#proto/tordir/types.ts'

/** The classes of the map everybody knows; the first that fits wins, in this order. */
export const ORIGINAL_CLASSES = [
  'badExit',
  'authority',
  'exitFast',
  'exit',
  'stableFast',
  'stable',
  'named',
  'other',
] as const
export type OriginalClass = (typeof ORIGINAL_CLASSES)[number]

/** What operators ask for today; a relay can be in several. */
export const MODERN_CLASSES = ['guard', 'middle', 'hsDir', 'unmeasured', 'newToday', 'dualStack'] as const
export type ModernClass = (typeof MODERN_CLASSES)[number]

/** Where an address is believed to be. `none`: nobody knows; such a relay lies in the "unplaced" tray. */
export interface Place {
  readonly kind: 'city' | 'country' | 'none'
  /** ISO 3166-1, upper case; null when unknown. */
  readonly country: string | null
  readonly city: string | null
  /** Degrees, before spreading; null for `none`. For `country`, a point inside the country. */
  readonly longitude: number | null
  readonly latitude: number | null
  /** Accuracy radius, km; null when the database has none. */
  readonly radius: number | null
}

export interface AutonomousSystem {
  readonly number: number
  readonly name: string
}

/** A relay at one hour. */
export interface MapRelay {
  readonly entry: RelayEntry
  readonly descriptor: ServerDescriptor | null
  readonly microdescriptor: Microdescriptor | null
  /** Bytes a second that the relay has seen itself do; null without a descriptor (or details document). */
  readonly observed: number | null
  readonly place: Place
  /** After spreading: where the dot is drawn, degrees; null for `none`. */
  readonly longitude: number | null
  readonly latitude: number | null
  readonly as: AutonomousSystem | null
  readonly original: OriginalClass
  readonly modern: readonly ModernClass[]
  /** Fingerprints of relays that name this one as family and that it names; without itself. */
  readonly family: readonly string[]
}

/** Which database the places come from. */
export interface GeoSource {
  /** `GeoLite2-City`, `DBIP-City`, `tor-geoipdb` ... */
  readonly name: string
  /** ms since 1970; null when it does not say. */
  readonly built: number | null
  readonly licence: string
  /** The sentence its licence wants shown; may hold one URL. */
  readonly attribution: string
  /** Such as: older than 30 days. */
  readonly warning: string | null
}

/** All relays of one hour: what every output and the page are made from. */
export interface RelayMap {
  readonly consensus: Omit<Consensus, 'relays'>
  readonly flavour: Flavour
  readonly verification: Verification
  /** True for the built-in sample; then everything shown says SAMPLE. */
  readonly sample: boolean
  readonly geo: GeoSource | null
  readonly asn: GeoSource | null
  /** Sorted by fingerprint. */
  readonly relays: readonly MapRelay[]
}
