/** A system's live channel: the newest document goes to every console page that watches it (server-sent events). */
export interface LiveChannel {
  /** Whether anybody watches; skip building a document when not. */
  readonly watched: boolean
  /** Sends the newest state. It replaces the former one: a slow client misses documents, never gets old ones late. */
  publish(document: unknown): void
}
