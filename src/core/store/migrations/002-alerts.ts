import type { Migration } from '../migrate.ts'

/** What is or was wrong, the night line, and what waits to be told. Times are ms since 1970. */
export const alerts: Migration = {
  number: 2,
  name: 'alerts',
  sql: `
    CREATE TABLE alert (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      system TEXT NOT NULL,
      key TEXT NOT NULL,
      severity TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
      summary TEXT NOT NULL,
      evidence TEXT NOT NULL,
      fix TEXT NOT NULL,
      commands TEXT NOT NULL, -- JSON list
      since INTEGER NOT NULL,
      seen INTEGER NOT NULL,
      cleared INTEGER,
      acknowledged_at INTEGER,
      acknowledged_by TEXT,
      silenced_until INTEGER,
      told INTEGER NOT NULL DEFAULT 0 -- 1: a delivery of it was queued, so its end will be told too
    ) STRICT;
    CREATE UNIQUE INDEX alert_open ON alert (system, key) WHERE cleared IS NULL;
    CREATE INDEX alert_cleared ON alert (cleared);
    CREATE INDEX alert_key ON alert (system, key, cleared);

    CREATE TABLE event (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at INTEGER NOT NULL,
      system TEXT NOT NULL,
      severity TEXT NOT NULL CHECK (severity IN ('ok', 'info', 'warning', 'critical')),
      text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX event_at ON event (at);

    CREATE TABLE delivery (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      channel TEXT NOT NULL, -- webhook, command
      alert INTEGER REFERENCES alert (id) ON DELETE CASCADE, -- null: a summary of several
      document TEXT NOT NULL, -- JSON, as it is sent
      due INTEGER NOT NULL,
      tries INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX delivery_alert ON delivery (alert, channel);
  `,
}
