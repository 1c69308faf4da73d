import type { Migration } from '../migrate.ts'

/** Figures over time: one row a series and hour. */
export const series: Migration = {
  number: 1,
  name: 'series',
  sql: `
    CREATE TABLE series (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      unit TEXT NOT NULL,
      step INTEGER NOT NULL -- seconds
    ) STRICT;

    -- As measured. hour: hours since 1970; points: Float32, 3600 / step of them, NaN is a gap.
    CREATE TABLE series_hour (
      series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
      hour INTEGER NOT NULL,
      points BLOB NOT NULL,
      PRIMARY KEY (series, hour)
    ) STRICT;

    -- The same hour in steps of 5 minutes. points: Float32 triples of average, minimum, maximum.
    CREATE TABLE series_rollup (
      series INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
      hour INTEGER NOT NULL,
      points BLOB NOT NULL,
      PRIMARY KEY (series, hour)
    ) STRICT, WITHOUT ROWID;
  `,
}
