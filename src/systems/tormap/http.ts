import * as v from 'valibot'
import { NocError, exitCode } from '#core/errors.ts'
import { bytesContent, type Content } from '#core/http/content.ts'
import type { Route, RouteRequest } from '#core/http/route.ts'
import { type ChangedRelay, difference } from './difference.ts'
import { find } from './find.ts'
import { FORMATS, FORMAT_NAMES } from './output/formats.ts'
import {
  type FetchAnswer,
  type FetchBody,
  type FoundWire,
  circuitsSchema,
  countsSchema,
  diffSchema,
  fetchAnswerSchema,
  fetchBodySchema,
  foundSchema,
  hoursSchema,
  mapSchema,
  namesSchema,
  relaySchema,
  viewSchema,
} from './schema.ts'
import type { Hours } from './service-hours.ts'
import type { MapRelay, RelayMap } from './types.ts'
import { relayWire } from './wire-map.ts'
import type { CircuitsWire, TormapView } from './wire.ts'

/** What the routes get from the running service. */
export interface HttpContext {
  hours(): Promise<Hours>
  view(): Promise<TormapView>
  circuits(): Promise<CircuitsWire>
  fetch(wish: FetchBody, actor: string): Promise<FetchAnswer>
}

/** Longest query; what is longer was not typed by anybody. */
const LONGEST_QUERY = 1000
const AT = { at: 'valid-after of an hour, ms since 1970; otherwise the newest' } as const

/** The API of this system, below /api/tormap. */
export function routes(cx: HttpContext): readonly Route[] {
  const map = async (at: string | undefined): Promise<RelayMap> => {
    const found = await (await cx.hours()).map(parseTime(at, null))
    if (found !== null) return found
    throw new NocError('NOC_TORMAP_NO_HOUR', 'The map has no consensus yet.', {
      hint: '`noc tormap fetch` gets one.',
      exit: exitCode.found,
    })
  }
  return [
    {
      method: 'GET',
      path: '/view',
      summary: 'The live document of the page: what is shown, what is wrong, and who would be asked for more',
      response: viewSchema,
      handle: () => cx.view(),
    },
    {
      method: 'GET',
      path: '/hours',
      summary: 'The hours that the history has',
      response: hoursSchema,
      handle: async () => ({ hours: (await cx.hours()).list() }),
    },
    ...documents(cx),
    {
      method: 'GET',
      path: '/relay/:fingerprint',
      summary: 'Everything that is said of a relay',
      query: AT,
      response: relaySchema,
      handle: async ({ params, query }) => relay(params['fingerprint'] ?? '', await map(query['at']), await cx.hours()),
    },
    {
      method: 'GET',
      path: '/counts',
      summary: 'Relays and bandwidth of each class over time',
      query: { from: 'ms since 1970; otherwise the first hour', to: 'ms since 1970; otherwise the last' },
      response: countsSchema,
      handle: async ({ query: { from, to } }) =>
        (await cx.hours()).counts(parseTime(from, 0), parseTime(to, Number.MAX_SAFE_INTEGER)),
    },
    {
      method: 'GET',
      path: '/find',
      summary: 'Relays that fit a query: words, or nickname: fingerprint: address: as: country: family: contact: ...',
      query: { q: 'the query', ...AT },
      response: foundSchema,
      handle: async ({ query }) => found(await map(query['at']), query['q'] ?? ''),
    },
    {
      method: 'GET',
      path: '/diff',
      summary: 'What changed between two hours',
      query: { a: 'an hour, ms since 1970', b: 'a later one; otherwise the newest' },
      response: diffSchema,
      handle: async ({ query: { a, b } }) => difference(await map(String(parseTime(a))), await map(b)),
    },
    {
      method: 'GET',
      path: '/export',
      summary: 'The map as a file',
      query: { format: FORMAT_NAMES.join(', '), ...AT },
      response: v.string(),
      type: '*/*',
      handle: async ({ query }) => exported(await map(query['at']), query['format'] ?? ''),
    },
    {
      method: 'GET',
      path: '/circuits',
      summary: 'Circuits of the tor that [tormap] control names',
      response: circuitsSchema,
      handle: () => cx.circuits(),
    },
    {
      method: 'POST',
      path: '/fetch',
      summary: 'Fetch a consensus, and say whether to do so every hour; the view says who is asked',
      body: fetchBodySchema,
      response: fetchAnswerSchema,
      handle: ({ body, actor }) => cx.fetch(body as FetchBody, actor),
    },
  ]
}

function documents(cx: HttpContext): readonly Route[] {
  const handle =
    (kind: 'map' | 'names') =>
    async ({ query }: RouteRequest): Promise<Content> =>
      (await cx.hours()).document(kind, parseTime(query['at'], null))
  return [
    {
      method: 'GET',
      path: '/map',
      summary: 'All that is drawn of an hour, in columns',
      query: AT,
      response: mapSchema,
      handle: handle('map'),
    },
    {
      method: 'GET',
      path: '/names',
      summary: 'Names, fingerprints and addresses, in the order of the columns of the map',
      query: AT,
      response: namesSchema,
      handle: handle('names'),
    },
  ]
}

/** A time of a query; `otherwise` when none is given, an error when that is not allowed. */
function parseTime(text: string | undefined): number
function parseTime<T>(text: string | undefined, otherwise: T): number | T
function parseTime(text: string | undefined, otherwise?: unknown): unknown {
  if (text === undefined && otherwise !== undefined) return otherwise
  if (/^\d{1,15}$/.test(text ?? '')) return Number(text)
  throw new NocError('NOC_TORMAP_TIME', `"${text ?? ''}" is no time.`, {
    hint: 'Times are ms since 1970, as GET /api/tormap/hours lists them.',
    exit: exitCode.usage,
  })
}

function relay(fingerprint: string, map: RelayMap, hours: Hours): object {
  const name = fingerprint.replace(/^\$/, '').toUpperCase()
  const wire = /^[0-9A-F]{40}$/.test(name) ? relayWire(map, name, hours.firstSeen(name)) : null
  if (wire !== null) return wire
  throw new NocError('NOC_TORMAP_NO_RELAY', 'This hour has no such relay.', {
    hint: 'A fingerprint has 40 hexadecimal digits; GET /api/tormap/find?q= looks for names.',
    exit: exitCode.found,
  })
}

function found(map: RelayMap, query: string): FoundWire {
  if (query.length > LONGEST_QUERY) {
    const code = 'NOC_TORMAP_QUERY'
    throw new NocError(code, `A query has at most ${LONGEST_QUERY} characters.`, { exit: exitCode.usage })
  }
  const relays = find(map, query).toSorted((a, b) => b.entry.weight - a.entry.weight)
  return { validAfter: map.consensus.validAfter, found: relays.length, relays: relays.map(brief) }
}

function brief({ entry, place, original }: MapRelay): ChangedRelay {
  const { fingerprint, nickname, address, weight } = entry
  return { fingerprint, nickname, address, country: place.country, original, weight }
}

async function exported(map: RelayMap, name: string): Promise<Content> {
  const known = FORMAT_NAMES.find((one) => one === name)
  if (known === undefined) {
    throw new NocError('NOC_TORMAP_FORMAT', `There is no format "${name.slice(0, 20)}".`, {
      hint: `There are: ${FORMAT_NAMES.join(', ')}.`,
      exit: exitCode.usage,
    })
  }
  const { type, file, make } = FORMATS[known]
  const made = await make(map)
  const stamp = new Date(map.consensus.validAfter).toISOString().slice(0, 13).replace('T', '-')
  const mark = map.sample ? '-SAMPLE' : map.verification.state === 'good' ? '' : '-UNVERIFIED'
  return bytesContent(type, typeof made === 'string' ? Buffer.from(made) : made, {
    fileName: file.replace(/\.(?=\w+$)/, `-${stamp}${mark}.`),
  })
}
