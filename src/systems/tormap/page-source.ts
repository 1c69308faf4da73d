/** Where the page of the map has its documents from: the daemon's API, or the files of a static site. */
import type { CountsWire, HoursWire, MapWire, NamesWire, RelayWire } from './wire.ts'

/** A file with the whole map in another format. */
export interface ExportLink {
  readonly label: string
  readonly href: string
}

/** The documents of the map, wherever they come from. `at` is the valid-after of an hour, ms since 1970. */
export interface MapSource {
  hours(): Promise<HoursWire>
  map(at: number): Promise<MapWire>
  names(at: number): Promise<NamesWire>
  relay(fingerprint: string, at: number): Promise<RelayWire>
  counts(from: number, to: number): Promise<CountsWire>
  /** Fingerprints of the relays that fit; null: what the columns of the map say is all there is to it. */
  find(query: string, at: number): Promise<readonly string[]> | null
  exports(at: number): readonly ExportLink[]
  /** Saves such a file; absent: the link itself is enough. */
  save?(href: string): Promise<void>
}
