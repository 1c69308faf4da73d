/** The formats that a map can be had in; nothing of one is loaded before it is asked for. */
import type { MapRelay, ModernClass, OriginalClass, RelayMap } from '../types.ts'

export interface Format {
  /** Name of the file in a built site. */
  readonly file: string
  /** Media type. */
  readonly type: string
  make(map: RelayMap): Promise<string | Uint8Array>
}

export const FORMAT_NAMES = ['kml', 'kmz', 'geojson', 'csv', 'onionoo', 'svg', 'png'] as const
export type FormatName = (typeof FORMAT_NAMES)[number]

/** By the name that `--format` and the API take. */
export const FORMATS: Readonly<Record<FormatName, Format>> = {
  kml: {
    file: 'tormap.kml',
    type: 'application/vnd.google-earth.kml+xml',
    make: async (map) => (await import('./kml.ts')).kml(map),
  },
  kmz: {
    file: 'tormap.kmz',
    type: 'application/vnd.google-earth.kmz',
    make: async (map) => (await import('./kmz.ts')).kmz(map),
  },
  geojson: {
    file: 'tormap.geojson',
    type: 'application/geo+json',
    make: async (map) => (await import('./geojson.ts')).geojson(map),
  },
  csv: {
    file: 'tormap.csv',
    type: 'text/csv; charset=utf-8; header=present',
    make: async (map) => (await import('./csv.ts')).csv(map),
  },
  onionoo: {
    file: 'tormap-details.json',
    type: 'application/json',
    make: async (map) => (await import('./onionoo.ts')).onionoo(map),
  },
  svg: { file: 'tormap.svg', type: 'image/svg+xml', make: async (map) => (await import('./svg.ts')).svg(map) },
  png: { file: 'tormap.png', type: 'image/png', make: async (map) => (await import('./png.ts')).png(map) },
}

/** The same map with the relays of one class only. */
export function ofClass(map: RelayMap, name: OriginalClass | ModernClass): RelayMap {
  const isIn = ({ original, modern }: MapRelay): boolean => original === name || modern.some((one) => one === name)
  return { ...map, relays: map.relays.filter(isIn) }
}
