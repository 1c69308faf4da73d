import { read, readFile } from '../../console/state/api.ts'
import { save } from '../../console/ui/download.ts'
import type { MapSource } from './page-source.ts'

const AT = '/api/tormap'
const FORMATS = [
  ['kml', 'KML'],
  ['kmz', 'KMZ'],
  ['geojson', 'GeoJSON'],
  ['csv', 'CSV'],
  ['onionoo', 'Onionoo'],
  ['svg', 'SVG'],
  ['png', 'PNG'],
] as const

/** The documents of the daemon. */
export const apiSource: MapSource = {
  hours: () => read(`${AT}/hours`),
  map: (at) => read(`${AT}/map?at=${at}`),
  names: (at) => read(`${AT}/names?at=${at}`),
  relay: (fingerprint, at) => read(`${AT}/relay/${fingerprint}?at=${at}`),
  counts: (from, to) => read(`${AT}/counts?from=${from}&to=${to}`),
  find: async (query, at) => {
    const { relays } = await read<{ relays: readonly { fingerprint: string }[] }>(
      `${AT}/find?${new URLSearchParams({ q: query, at: String(at) })}`,
    )
    return relays.map((one) => one.fingerprint)
  },
  exports: (at) => FORMATS.map(([format, label]) => ({ label, href: `${AT}/export?format=${format}&at=${at}` })),
  save: async (href) => {
    const { name, content } = await readFile(href)
    save(name, content)
  },
}
