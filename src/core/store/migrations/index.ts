import type { Migration } from '../migrate.ts'
import { series } from './001-series.ts'
import { alerts } from './002-alerts.ts'

/**
 * The schema's history. A new step only adds: after an upgrade a command may migrate while the former daemon still
 * runs. With each new step a dump of the schema so far goes to test/fixtures/store.
 */
export const migrations: readonly Migration[] = [series, alerts]
