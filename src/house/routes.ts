/** The house's own part of the JSON API. */
import * as v from 'valibot'
import { acknowledge, listAlerts, silence } from '#core/alerts/table.ts'
import type { Delivery } from '#core/alerts/delivery.ts'
import type { Clock } from '#core/clock.ts'
import { exitCode, NocError } from '#core/errors.ts'
import type { CommandList } from '#core/http/documents.ts'
import type { Route, RouteRequest } from '#core/http/route.ts'
import { alertSchema, seriesDefinitionSchema, seriesPointsSchema, tonightSchema } from '#core/http/schemas.ts'
import type { SeriesStore } from '#core/series/types.ts'
import type { Database } from '#core/store/database.ts'
import { systems } from '#systems/index.ts'
import type { Home } from './home.ts'
import { allTopics } from './topics.ts'

/** Most series in one request: a page shows far fewer. */
const MOST_SERIES = 32
const MOST_POINTS = 2_000
const MOST_ALERTS = 500
/** A longer silence is a change of the configuration. */
const LONGEST_SILENCE_MS = 31 * 86_400_000

export interface HouseParts {
  readonly db: Database
  readonly clock: Clock
  readonly series: SeriesStore
  readonly delivery: () => Delivery
  readonly home: Home
}

function usage(message: string): NocError {
  return new NocError('NOC_HTTP_QUERY', message, { exit: exitCode.usage })
}

function timeOf(query: RouteRequest['query'], name: string): number {
  const value = Number(query[name])
  if (query[name] === undefined || !Number.isFinite(value)) throw usage(`${name} must be a time in ms since 1970`)
  return value
}

function idOf(request: RouteRequest): number {
  const id = Number(request.params['id'])
  if (!Number.isInteger(id) || id < 1) throw usage('id must be the number of an alert')
  return id
}

function found(changed: boolean, id: number): void {
  if (!changed) throw new NocError('NOC_ALERT_UNKNOWN', `there is no alert ${id}`, { exit: exitCode.found })
}

/** Every command with its examples, for the console's palette. */
function commandList(): CommandList {
  const commands = allTopics(systems).flatMap((topic) =>
    Object.values(topic.commands).flatMap((command) =>
      command.examples.map(([line, does]) => ({
        line: `noc ${line}`,
        summary: does === '' ? command.summary : does,
        system: topic.id,
      })),
    ),
  )
  return { commands }
}

function readSeries(parts: HouseParts, query: RouteRequest['query']): object {
  const names = (query['names'] ?? '').split(',').filter((name) => name !== '')
  const points = Math.floor(Number(query['points'] ?? 300))
  if (names.length > MOST_SERIES) throw usage(`at most ${MOST_SERIES} names`)
  if (!(points >= 1 && points <= MOST_POINTS)) throw usage(`points must be 1 to ${MOST_POINTS}`)
  const [from, to] = [timeOf(query, 'from'), timeOf(query, 'to')]
  if (!(from < to)) throw usage('from must be before to')
  return { series: names.map((name) => parts.series.read(name, from, to, points)).filter((s) => s !== null) }
}

function alertRoutes({ db, clock, delivery, home }: HouseParts): readonly Route[] {
  const done = v.object({})
  return [
    {
      method: 'GET',
      path: '/alerts',
      summary: 'Alerts: open ones, the worst first; with all=1 past ones too',
      query: { all: '1: past alerts too' },
      response: v.object({ alerts: v.array(alertSchema) }),
      handle: ({ query }) => ({
        alerts: listAlerts(db, { which: query['all'] === '1' ? 'all' : 'open', limit: MOST_ALERTS }),
      }),
    },
    {
      method: 'POST',
      path: '/alerts/:id/acknowledge',
      summary: 'Somebody looks after this alert',
      body: v.object({}),
      response: done,
      handle(request) {
        const id = idOf(request)
        found(acknowledge(db, id, request.actor, clock.now()), id)
        delivery().wake()
        home.changed()
        return {}
      },
    },
    {
      method: 'POST',
      path: '/alerts/:id/silence',
      summary: 'No deliveries of this alert until a time; null ends the silence',
      body: v.object({ until: v.nullable(v.pipe(v.number(), v.description('ms since 1970'))) }),
      response: done,
      handle(request) {
        const id = idOf(request)
        const { until } = request.body as { readonly until: number | null }
        if (until !== null && until - clock.now() > LONGEST_SILENCE_MS) throw usage('a silence lasts at most 31 days')
        found(silence(db, id, until), id)
        delivery().wake()
        home.changed()
        return {}
      },
    },
    {
      method: 'POST',
      path: '/alerts/test',
      summary: 'Sends a test alert to the configured webhook and command and says what came of it',
      body: v.object({}),
      response: v.object({ outcome: v.string() }),
      handle: async () => ({ outcome: await delivery().test() }),
    },
  ]
}

/** Routes below /api that belong to no system. */
export function houseRoutes(parts: HouseParts): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/tonight',
      summary: 'Is anything wrong tonight? The same document as `noc status --json`',
      response: tonightSchema,
      handle: () => parts.home.tonight(),
    },
    ...alertRoutes(parts),
    {
      method: 'GET',
      path: '/series',
      summary: 'Figures over time',
      query: {
        names: 'comma separated',
        from: 'ms since 1970',
        to: 'ms since 1970',
        points: 'most points of each (300)',
      },
      response: v.object({ series: v.array(seriesPointsSchema) }),
      handle: ({ query }) => readSeries(parts, query),
    },
    {
      method: 'GET',
      path: '/series/names',
      summary: 'All series there are',
      response: v.object({ series: v.array(seriesDefinitionSchema) }),
      handle: () => ({ series: parts.series.names() }),
    },
    {
      method: 'GET',
      path: '/commands',
      summary: 'Command lines for the palette',
      response: v.object({
        commands: v.array(v.object({ line: v.string(), summary: v.string(), system: v.string() })),
      }),
      handle: commandList,
    },
  ]
}
