/** What was measured, at which step. */
export interface SeriesDefinition {
  /** `<system>.<what>`: letters, digits, dot, dash, underscore; at most 120 characters. */
  readonly name: string
  /** For axes: `/s`, `bytes`, ''. */
  readonly unit: string
  /** Seconds between two points; divides 3600. */
  readonly step: number
}

/** Points of one series between two times. A gap is null; arrays have equal length. */
export interface SeriesPoints {
  readonly name: string
  readonly unit: string
  /** Seconds each point stands for: the series' own step, or a coarser one when the range is long. */
  readonly step: number
  /** Start of each point, ms since 1970. */
  readonly at: readonly number[]
  readonly average: readonly (number | null)[]
  readonly minimum: readonly (number | null)[]
  readonly maximum: readonly (number | null)[]
}

/** The daemon's memory of figures over time. */
export interface SeriesStore {
  /** Announces a series; idempotent. */
  define(definition: SeriesDefinition): void
  /** Keeps one value at `at` (ms since 1970). Later values of the same step replace earlier ones. Not finite: a gap. */
  record(name: string, at: number, value: number): void
  /** At most `points` points between `from` and `to` (ms since 1970); null when the name is unknown. */
  read(name: string, from: number, to: number, points: number): SeriesPoints | null
  /** All known names, sorted. */
  names(): readonly SeriesDefinition[]
}
