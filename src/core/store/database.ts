/**
 * A value as the database keeps it; JSON, booleans and times are made of these by the tables that own them.
 * Text comes back up to its first NUL only (SQLite's C strings); what may hold one goes through JSON or bytes.
 */
export type SqlValue = null | number | bigint | string | Uint8Array

/** A row by column name. */
export type Row = Readonly<Record<string, SqlValue>>

/** A prepared statement; `R` is the shape of its rows, promised by whoever wrote the SQL. */
export interface Statement<R = Row> {
  /** `id` is the rowid of the last insert on this connection. */
  run(...values: readonly SqlValue[]): { readonly changes: number; readonly id: number }
  get(...values: readonly SqlValue[]): R | undefined
  all(...values: readonly SqlValue[]): readonly R[]
}

/**
 * The port to the one database file. Synchronous: every call here takes well under a millisecond, and a transaction
 * without `await` in it can't be interleaved. Trouble with the file or the disk is thrown as NocError (`NOC_STORE_*`).
 */
export interface Database {
  exec(sql: string): void
  prepare<R = Row>(sql: string): Statement<R>
  /** All or nothing, with the write lock from the start; doesn't nest. */
  transaction<T>(work: () => T): T
  /** May be called twice. */
  close(): void
}
