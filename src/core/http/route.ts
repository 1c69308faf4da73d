import type { GenericSchema } from 'valibot'

/** A request as a handler sees it: checked against the route's own description. */
export interface RouteRequest {
  /** Path parameters (`:name`), decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Parsed by the route's `body` schema. */
  readonly body: unknown
  /** Who acts, for the audit line: the peer's address. */
  readonly actor: string
  readonly signal: AbortSignal
}

/** One operation of the JSON API. The OpenAPI document is made from these. Errors are thrown as NocError. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** Below the mount point, hono style: `/series/:name`. */
  readonly path: string
  readonly summary: string
  /** Query parameters and what they are for. */
  readonly query?: Readonly<Record<string, string>>
  readonly body?: GenericSchema
  readonly response: GenericSchema
  /** What comes instead of JSON (`text/csv`), for the OpenAPI document; then `handle` returns a Content. */
  readonly type?: string
  /** A POST acts and therefore needs the start-up token; reads don't. */
  handle(request: RouteRequest): unknown
}
