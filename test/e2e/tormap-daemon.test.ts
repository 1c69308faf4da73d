/**
 * The daemon's map of a private Tor network, end to end: it fetches nothing until it is told to, by its configuration or
 * by the button of its page; then it fetches every consensus by itself, keeps it, warns of an authority that is gone, and
 * draws the circuits of the network's client.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { writeMmdb } from '#systems/tormap/geo/fixtures/write-mmdb.ts'
import type { CircuitsWire, HoursWire, TormapView } from '#systems/tormap/wire.ts'
import { needs } from '../peers.ts'
import { TOR_NETWORK, type TorNetwork, startTorNetwork } from '../tor/network.ts'
import { openPage } from './console/browser.ts'
import { consoleHere, scratch, startDaemon, until } from './daemon-process.ts'

/** The vote after the next is over within 40 s, its consensus is asked for up to 10 s later; the machine may be busy. */
const NEXT_MS = 80_000
/** Three authorities and an exit. */
const RELAYS = 4

interface Daemon {
  readonly url: string
  readonly token: string
  view(): Promise<TormapView>
  get<T>(path: string): Promise<T>
}

/** A daemon inside the network. */
async function daemon(t: TestContext, { entry }: TorNetwork, config: string): Promise<Daemon> {
  const data = scratch(t)
  await startDaemon(t, data, config, {}, entry)
  const url = await consoleHere(t, join(data, 'console.sock'))
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${url}${path}`)).json()) as T
  const token = readFileSync(join(data, 'token'), 'utf8').trim()
  return { url, token, get, view: () => get('/api/tormap/view') }
}

/** `[tormap]` for that network: its authorities, its client, and addresses placed by a database of ours. */
function table({ directory, joining }: TorNetwork, places: string, hourly: boolean): string {
  const authorities = joining.filter((line) => line.startsWith('DirAuthority'))
  return `[tormap]
fetch = ${hourly}
authorities = ${JSON.stringify(authorities)}
control = "${join(directory, 'client/control')}"
geo = "${places}"
`
}

/** Pixels of the overlay that something is drawn on; without a selection that can only be circuits. */
function overlaid(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const canvas = document.querySelectorAll('.map-stage canvas')[2]
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    return data.filter((value, index) => index % 4 === 3 && value > 0).length
  })()`)
}

const programs = [...(TOR_NETWORK.programs ?? []), 'chromium', 'sh']
test("the daemon's map of a private Tor network", { skip: needs({ ...TOR_NETWORK, programs }) }, async (t) => {
  const network = await startTorNetwork(t, { onion: false })
  const places = join(scratch(t), 'places.mmdb')
  writeFileSync(places, writeMmdb({ '127.0.0.0/8': { country_code: 'DE' } }))
  const hourly = await daemon(t, network, table(network, places, true))
  const silent = await daemon(t, network, table(network, places, false))

  await t.test('comes by itself from a DirPort when the configuration says so, verified', async () => {
    const { hour, fetch } = await until('a map', async () => {
      const view = await hourly.view()
      return view.hour?.sample === false ? view : undefined
    })
    assert.deepEqual([hour?.verified.state, hour?.verified.good, hour?.verified.needed], ['good', 3, 2])
    assert.deepEqual([hour?.relays, hour?.placed.country], [RELAYS, RELAYS])
    assert.deepEqual(
      fetch.contacts.map(({ nickname, through }) => `${nickname} ${through}`),
      ['auth0 directly', 'auth1 directly', 'auth2 directly'],
    )
  })

  await t.test('without that nothing is fetched until the button is pressed, which says from whom', async (t) => {
    const { page, errors } = await openPage(t, `${silent.url}/tormap`, { token: silent.token })
    await page.getByRole('heading', { level: 1 }).getByText('SAMPLE').waitFor()
    assert.equal((await silent.view()).fetch.state, 'off')
    assert.deepEqual((await silent.view()).fetch.last, null)
    await page.getByText('Who is contacted: 3 addresses').click()
    await page.getByText('127.0.0.1:7000').waitFor()
    await page.getByRole('button', { name: 'Fetch once' }).click()
    await page.getByRole('heading', { level: 1 }).getByText(`${RELAYS} relays`).waitFor()
    await page.getByText('3 of 3 authorities signed it').first().waitFor()
    const { fetch } = await silent.view()
    assert.deepEqual([fetch.state, fetch.next], ['off', null])
    await page.getByRole('button', { name: 'Fetch every hour' }).click()
    await until('the plan', async () => ((await silent.view()).fetch.next === null ? undefined : true))
    await page.getByRole('button', { name: 'Stop fetching' }).click()
    await until('the end of it', async () => ((await silent.view()).fetch.state === 'off' ? true : undefined))
    assert.equal((await silent.view()).fetch.next, null)
    assert.deepEqual(errors, [])
  })

  await t.test('shows the circuits of the client, in words and on the map', async (t) => {
    const { circuits } = await until('a circuit', async () => {
      const document = await hourly.get<CircuitsWire>('/api/tormap/circuits')
      assert.equal(document.why, null)
      return document.circuits.some(({ relays }) => relays.length === 3) ? document : undefined
    })
    const nicknames = new Set(circuits.flatMap(({ relays }) => relays.map(({ nickname }) => nickname)))
    assert.ok(nicknames.has('exit0'), [...nicknames].join(' '))
    const { page, errors } = await openPage(t, `${hourly.url}/tormap`, { reducedMotion: true })
    await page
      .getByRole('region', { name: /^Circuits/ })
      .getByRole('button', { name: 'exit0' })
      .first()
      .waitFor()
    await until('a drawn circuit', async () => ((await overlaid(page)) > 0 ? true : undefined))
    assert.deepEqual(errors, [])
  })

  await t.test('keeps the next consensus too, and warns when an authority no longer votes', async () => {
    await network.inside(['sh', '-c', `kill -KILL "$(cat ${join(network.directory, 'auth2/pid')})"`])
    const warning = 'The authority auth2 is missing from the vote.'
    const hour = await until(
      'the warning',
      async () => {
        const view = await hourly.view()
        return view.findings.some(({ summary }) => summary === warning) ? view.hour : undefined
      },
      NEXT_MS,
    )
    assert.deepEqual([hour?.verified.state, hour?.verified.good], ['good', 2])
    const { alerts } = await hourly.get<{ alerts: readonly { system: string; summary: string }[] }>('/api/alerts')
    assert.ok(
      alerts.some(({ system, summary }) => system === 'tormap' && summary === warning),
      JSON.stringify(alerts),
    )
    const { hours } = await hourly.get<HoursWire>('/api/tormap/hours')
    assert.ok(hours.length > 1)
    assert.equal(hours.at(-1), hour?.validAfter)
  })
})
