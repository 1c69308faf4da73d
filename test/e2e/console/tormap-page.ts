/** What the tests of the map's page share. */
import type { Locator, Page } from 'playwright-core'
import type { World } from '../../fixtures/console/tormap.ts'
import type { ConsoleServer } from './server.ts'
import { serveMap } from './tormap-server.ts'

/** Enough for every class, family and country; the full size is for measuring. */
const RELAYS = 1200
/** Hours of the network that `freshMap` serves. */
export const HOURS = 12

/** Lets the server answer for a map, and forget what was asked of it. */
export function freshMap(server: ConsoleServer): World {
  Object.assign(server, { scenario: 'night', tokenForReads: false, mute: false })
  server.posts.length = 0
  server.answers.clear()
  return serveMap(server, { relays: RELAYS, hours: HOURS })
}

/** Waits until an hour is on the map. */
export async function ready(page: Page): Promise<void> {
  await page
    .locator('.time-bar output')
    .getByText(/of \d|only hour/)
    .waitFor()
  await page.locator('.map-stage canvas').first().waitFor()
}

/** Where one types what to look for. */
export function field(page: Page): Locator {
  return page.getByRole('searchbox', { name: 'Search relays' })
}
