import type { AlertList, Tonight } from '#core/http/documents.ts'
import { feed, type Feed } from './live.ts'

/** Everything the shell and the home page show; comes every 5 s. */
export const tonight: Feed<Tonight> = feed('tonight', '/api/tonight', 5000)

/** Open and past alerts; read anew when the stream says that something has changed. */
export const alerts: Feed<AlertList> = feed('alerts', '/api/alerts?all=1', 0)
