/** Schemas of this system's documents, for checking requests and for the OpenAPI document. */
import * as v from 'valibot'
import { answerSchema, verdictSchema } from '#core/http/schemas.ts'
import type { ChangedRelay, Difference } from './difference.ts'
import { type GeoSource, MODERN_CLASSES, ORIGINAL_CLASSES, type OriginalClass, type Place } from './types.ts'
import type {
  CircuitsWire,
  ClassCounts,
  CountsWire,
  HourWire,
  HoursWire,
  MapWire,
  NamesWire,
  RelayWire,
  TormapView,
} from './wire.ts'

const time = v.pipe(v.number(), v.description('ms since 1970'))
const maybeTime = v.nullable(time)
const text = v.nullable(v.string())
const numbers = v.array(v.number())
const original: v.GenericSchema<OriginalClass> = v.picklist(ORIGINAL_CLASSES)
const modern = v.array(v.picklist(MODERN_CLASSES))
const system = v.object({ number: v.number(), name: v.string() })

const geo: v.GenericSchema<GeoSource> = v.object({
  name: v.string(),
  built: maybeTime,
  licence: v.string(),
  attribution: v.string(),
  warning: text,
})

const place: v.GenericSchema<Place> = v.object({
  kind: v.picklist(['city', 'country', 'none']),
  country: text,
  city: text,
  longitude: v.nullable(v.number()),
  latitude: v.nullable(v.number()),
  radius: v.nullable(v.pipe(v.number(), v.description('km'))),
})

function byClass<T>(schema: v.GenericSchema<T>): v.GenericSchema<Record<OriginalClass, T>> {
  const entries = Object.fromEntries(ORIGINAL_CLASSES.map((name) => [name, schema]))
  return v.object(entries as Record<OriginalClass, v.GenericSchema<T>>) as v.GenericSchema<Record<OriginalClass, T>>
}

const counts: v.GenericSchema<ClassCounts> = v.object({
  original: byClass(v.number()),
  modern: v.object({
    guard: v.number(),
    middle: v.number(),
    hsDir: v.number(),
    unmeasured: v.number(),
    newToday: v.number(),
    dualStack: v.number(),
  }),
})

const hour: v.GenericSchema<HourWire> = v.object({
  sample: v.boolean(),
  flavour: v.picklist(['ns', 'microdesc']),
  validAfter: time,
  freshUntil: time,
  validUntil: time,
  verified: v.object({
    state: v.picklist(['good', 'bad', 'unverified']),
    good: v.number(),
    needed: v.number(),
    authorities: v.number(),
    why: v.string(),
  }),
  geo: v.nullable(geo),
  asn: v.nullable(geo),
  relays: v.number(),
  observed: v.pipe(v.number(), v.description('relays whose observed bandwidth is known; no other can be fast')),
  classes: counts,
  placed: v.object({ city: v.number(), country: v.number(), unplaced: v.number() }),
})

/** GET /map */
export const mapSchema: v.GenericSchema<MapWire> = v.object({
  hour,
  flags: v.array(v.string()),
  places: v.object({
    kind: v.array(v.picklist(['city', 'country'])),
    country: v.array(text),
    city: v.array(text),
    longitude: v.pipe(numbers, v.description('hundredths of a degree')),
    latitude: numbers,
    radius: v.pipe(numbers, v.description('km; -1: not known')),
  }),
  systems: v.array(system),
  columns: v.object({
    place: v.pipe(numbers, v.description('index of `places`; -1: unplaced')),
    east: v.pipe(numbers, v.description('from the place to the dot, hundredths of a degree')),
    north: numbers,
    original: v.pipe(numbers, v.description(`index of ${ORIGINAL_CLASSES.join(', ')}`)),
    modern: v.pipe(numbers, v.description(`bits for ${MODERN_CLASSES.join(', ')}`)),
    flags: v.pipe(numbers, v.description('bits for `flags`')),
    weight: v.pipe(numbers, v.description('consensus weight')),
    as: v.pipe(numbers, v.description('index of `systems`; -1: not known')),
    family: v.pipe(numbers, v.description('the same for relays of one family; 0: none')),
  }),
})

/** GET /names */
export const namesSchema: v.GenericSchema<NamesWire> = v.object({
  validAfter: time,
  nickname: v.array(v.string()),
  fingerprints: v.pipe(v.string(), v.description('base64, 20 bytes a relay')),
  address: v.array(v.string()),
})

const bandwidth = v.object({ average: v.number(), burst: v.number(), observed: v.number() })

/** GET /relay/:fingerprint */
export const relaySchema: v.GenericSchema<RelayWire> = v.object({
  validAfter: time,
  nickname: v.string(),
  fingerprint: v.string(),
  addresses: v.array(v.string()),
  dirPort: v.number(),
  flags: v.array(v.string()),
  original,
  modern,
  place,
  as: v.nullable(system),
  weight: v.number(),
  weightFraction: v.number(),
  unmeasured: v.boolean(),
  bandwidth: v.nullable(v.pipe(bandwidth, v.description('bytes a second'))),
  version: text,
  recommended: v.nullable(v.boolean()),
  platform: text,
  upSince: maybeTime,
  published: maybeTime,
  contact: text,
  exitPolicy: text,
  exitPolicy6: text,
  family: v.array(v.object({ fingerprint: v.string(), nickname: text })),
  ed25519: text,
  firstSeen: maybeTime,
})

/** GET /hours */
export const hoursSchema: v.GenericSchema<HoursWire> = v.object({ hours: v.array(time) })

const over = v.array(v.nullable(v.number()))

/** GET /counts */
export const countsSchema: v.GenericSchema<CountsWire> = v.object({
  at: v.array(time),
  relays: byClass(over),
  bandwidth: byClass(over),
})

/** GET /circuits */
export const circuitsSchema: v.GenericSchema<CircuitsWire> = v.object({
  state: v.picklist(['off', 'up', 'down']),
  why: text,
  circuits: v.array(
    v.object({
      id: v.string(),
      status: v.string(),
      purpose: v.string(),
      relays: v.array(v.object({ fingerprint: v.string(), nickname: text })),
    }),
  ),
})

const brief: v.GenericSchema<ChangedRelay> = v.object({
  fingerprint: v.string(),
  nickname: v.string(),
  address: v.string(),
  country: text,
  original,
  weight: v.number(),
})

/** GET /find: the heaviest first. */
export interface FoundWire {
  readonly validAfter: number
  readonly found: number
  readonly relays: readonly ChangedRelay[]
}
export const foundSchema: v.GenericSchema<FoundWire> = v.object({
  validAfter: time,
  found: v.number(),
  relays: v.array(brief),
})

const names = v.array(v.string())

/** GET /diff */
export const diffSchema: v.GenericSchema<Difference> = v.object({
  from: time,
  to: time,
  relays: v.object({ before: v.number(), after: v.number() }),
  appeared: v.array(brief),
  gone: v.array(brief),
  flags: v.array(v.object({ relay: brief, gained: names, lost: names })),
  families: v.nullable(v.array(v.object({ relay: brief, joined: names, left: names }))),
  versions: v.array(v.object({ relay: brief, from: text, to: text })),
  badExits: v.array(brief),
})

/** GET /view */
export const viewSchema: v.GenericSchema<TormapView> = v.object({
  at: time,
  answer: answerSchema,
  hour: v.nullable(hour),
  hours: v.number(),
  fetch: v.object({
    state: v.picklist(['off', 'waiting', 'fetching', 'failed']),
    next: maybeTime,
    last: maybeTime,
    why: text,
    hourly: v.boolean(),
    contacts: v.array(v.object({ nickname: v.string(), address: v.string(), through: v.string() })),
  }),
  findings: v.array(verdictSchema),
})

/** Body of POST /fetch. */
export interface FetchBody {
  readonly hourly: boolean
  readonly now?: boolean | undefined
}
export const fetchBodySchema: v.GenericSchema<unknown, FetchBody> = v.strictObject({
  hourly: v.pipe(
    v.boolean(),
    v.description('true: now and every hour from now on; false: once, and the schedule stays as it is'),
  ),
  now: v.optional(v.pipe(v.boolean(), v.description('false with hourly false: no more, and nothing now'))),
})

/** Answer of POST /fetch. */
export interface FetchAnswer {
  readonly hourly: boolean
  readonly started: boolean
}
export const fetchAnswerSchema: v.GenericSchema<FetchAnswer> = v.object({ hourly: v.boolean(), started: v.boolean() })
