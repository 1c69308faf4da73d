/** Answers of the map's API over an invented network. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { matchRows, parseQuery } from '#systems/tormap/page-query.ts'
import { fingerprintOf, rowOf } from '#systems/tormap/map/rows.ts'
import { packRelays, tableOf } from '#systems/tormap/map/relay-table.ts'
import { tormapWorld, type World, type WorldOptions } from '../../fixtures/console/tormap.ts'
import type { ConsoleServer } from './server.ts'

/** Lets the server answer for the map; the network can be asked what it says. */
export function serveMap(server: ConsoleServer, options: WorldOptions = {}): World {
  const world = tormapWorld(options)
  const made = new Map<string, unknown>()
  const once = (key: string, make: () => unknown): unknown => {
    if (!made.has(key)) made.set(key, make())
    return made.get(key)
  }
  server.other = (url) => {
    const [, kind = '', fingerprint = ''] = /^\/api\/tormap\/(\w+)\/?(\w*)$/.exec(url.pathname) ?? []
    const at = Number(url.searchParams.get('at'))
    if (kind === 'map') return once(url.search, () => world.map(at))
    if (kind === 'names') return once(`names${url.search}`, () => world.names(at))
    if (kind === 'relay') return world.relay(fingerprint, at) ?? undefined
    if (kind === 'find') {
      const names = world.names(at)
      const rows = matchRows(world.map(at), names, parseQuery(url.searchParams.get('q') ?? ''))
      return { relays: rows.map((row) => ({ fingerprint: fingerprintOf(names, row) })) }
    }
    const fixed: Readonly<Record<string, unknown>> = {
      view: world.view,
      hours: { hours: world.hours },
      counts: world.counts,
      circuits: world.circuits,
    }
    return fixed[kind]
  }
  return world
}

/** Writes the data files of a static site, as `noc tormap build` does. */
export function writeSiteData(folder: string, options: WorldOptions = {}): World {
  const world = tormapWorld(options)
  const write = (path: string, call: string, document: unknown): void =>
    writeFileSync(join(folder, 'data', path), `tormapData.${call}(${JSON.stringify(document)})\n`)
  mkdirSync(join(folder, 'data'), { recursive: true })
  write('hours.js', 'hours', { hours: world.hours })
  write('counts.js', 'counts', world.counts)
  for (const at of world.hours) {
    mkdirSync(join(folder, 'data', String(at)), { recursive: true })
    write(`${at}/map.js`, 'map', world.map(at))
    write(`${at}/names.js`, 'names', world.names(at))
    const relays = world.relays(at)
    const weights = relays.reduce((sum, { weight }) => sum + weight, 0)
    const names = world.names(at)
    const row = (fingerprint: string): number => rowOf(names, fingerprint) ?? -1
    const familyOf = (fingerprint: string): readonly number[] => {
      const family = relays.find((relay) => relay.fingerprint === fingerprint)?.family ?? []
      return family.length === 0 ? [] : [{ fingerprint }, ...family].map((one) => row(one.fingerprint))
    }
    for (const digit of '0123456789abcdef') {
      const own = relays.filter(({ fingerprint }) => tableOf(fingerprint) === digit)
      write(
        `${at}/relays-${digit}.js`,
        'relays',
        packRelays({ validAfter: at, weights }, own, { rowOf: row, familyOf }),
      )
    }
  }
  return world
}
