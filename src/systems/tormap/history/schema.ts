import type { Migration } from '#core/store/migrate.ts'

/** Schema of the history's own database. Small columns come first: reading them does not read the long ones. */
export const historyMigrations: readonly Migration[] = [
  {
    number: 1,
    name: 'hours',
    sql: `
CREATE TABLE hour (
  valid_after INTEGER PRIMARY KEY, -- ms since 1970
  base INTEGER,                    -- the hour that it is a delta of; NULL: a whole hour
  root INTEGER NOT NULL,           -- the whole hour that it rests on
  step INTEGER NOT NULL,           -- deltas since the last hour that is a delta of its root
  hidden INTEGER NOT NULL,         -- 1: pruned, and kept only because others rest on it
  verified INTEGER NOT NULL,       -- 1: its signatures were checked and good
  counts TEXT NOT NULL,            -- JSON: relays and bandwidth by class
  delta BLOB NOT NULL              -- deflated; delta.ts has the layout
) STRICT;
CREATE INDEX hour_base ON hour (base);
CREATE TABLE relay (
  fingerprint BLOB PRIMARY KEY,
  first INTEGER NOT NULL, -- ms since 1970, as is the next one
  last INTEGER NOT NULL   -- not exact: noted twice a day
) STRICT, WITHOUT ROWID;
`,
  },
]
