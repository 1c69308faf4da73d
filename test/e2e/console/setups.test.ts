/** The set-ups page and that of torbox in a browser: what is sent when somebody acts, and what is shown meanwhile. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { LogDocument, PlanDocument, SetupDocument, SetupList } from '#core/host/setup/documents.ts'
import type { TorboxView } from '#systems/torbox/wire.ts'
import { until } from '../daemon-process.ts'
import { NEEDS_BROWSER, openPage } from './browser.ts'
import { type ConsoleServer, fixture, startServer } from './server.ts'

const HASH = 'a'.repeat(64)
const plan = { ...fixture('setups-plan'), hash: HASH } as unknown as PlanDocument
const log = fixture('setups-log') as unknown as LogDocument

function list(change: Partial<SetupDocument>, progress: SetupList['progress'] = null): SetupList {
  const setup = { name: 'torbox', summary: 'A bridge for boxes', pending: 17, error: null, standing: 0, last: null }
  return { setups: [{ ...setup, ...change }], progress }
}

/** Waits until the last act that came is this one. */
async function posted(
  { posts }: ConsoleServer,
  wanted: { readonly path?: string; readonly body: object },
): Promise<void> {
  await until(`the act ${JSON.stringify(wanted)}`, () => {
    const last = posts.at(-1)
    return last !== undefined && isDeepStrictEqual({ ...last, ...wanted }, last) ? last : undefined
  })
}

describe('the set-ups page', { skip: NEEDS_BROWSER }, () => {
  let server: ConsoleServer
  before(async () => {
    server = await startServer()
    server.answers.set('GET /api/setups/torbox/plan', () => plan)
    server.answers.set('GET /api/setups/torbox/log', () => log)
  })
  after(() => server.close())

  it('shows the plan with its reasons, applies exactly that with the token, and follows the run', async (t) => {
    server.answers.set('GET /api/setups', () => list({}))
    server.answers.set('POST /api/setups/torbox/apply', () => ({ run: 1 }))
    const { page, errors } = await openPage(t, `${server.url}/setups?setup=torbox`, { token: server.token })
    await page.getByText('The kernel forwards nothing that comes from a box.').waitFor()
    assert.equal(await page.locator('h1').textContent(), 'Nothing on this machine was changed.')
    assert.equal(await page.locator('.changes > li').count(), plan.changes.length)
    await page.getByRole('button', { name: `Apply: make ${plan.changes.length} changes` }).click()
    await posted(server, { path: '/api/setups/torbox/apply', body: { hash: HASH } })
    const [first] = plan.changes
    const begin = { event: 'begin', setup: 'torbox', verb: 'apply', run: 1 }
    const act = { event: 'act', id: first?.id, why: '', diff: [] }
    server.tell('setups', { setup: 'torbox', running: true, events: [begin, act], error: null })
    await page.getByText('Applying torbox').waitFor()
    assert.equal(await page.locator('.changes').count(), 0, 'a plan that is being applied is no plan any more')
    server.answers.set('GET /api/setups', () => list({ pending: 0, standing: 17 }))
    const done = { event: 'done', id: first?.id }
    server.tell('setups', { setup: 'torbox', running: false, events: [begin, act, done], error: null })
    await page.getByText('One set-up is applied; nothing has drifted.').waitFor()
    assert.match((await page.locator('.rail a[href="/setups"]').textContent()) ?? '', /as set/)
    assert.deepEqual(errors, [])
  })

  it('applies nothing that a guard refuses', async (t) => {
    const [first, ...rest] = plan.changes
    assert.ok(first)
    const refused = { ...plan, changes: [{ ...first, refused: 'there is a bridge tornet already' }, ...rest] }
    server.answers.set('GET /api/setups', () => list({}))
    server.answers.set('GET /api/setups/torbox/plan', () => refused)
    const { page } = await openPage(t, `${server.url}/setups`, { token: server.token })
    await page.getByText('Refused: there is a bridge tornet already.').waitFor()
    assert.equal(await page.getByRole('button', { name: /^Apply/ }).isDisabled(), true)
    server.answers.set('GET /api/setups/torbox/plan', () => plan)
  })

  it('undoes one run of the journal, keeps conflicts, and overwrites them only when told', async (t) => {
    const act = (id: string, verdict: string): unknown => ({
      run: 1,
      id,
      verdict,
      why: 'changed since',
      diff: ['- a', '+ b'],
    })
    const [run] = log.runs
    assert.ok(run)
    const journal = { ...log, runs: [{ ...run, run: 1, standing: 2 }] }
    server.answers.set('GET /api/setups', () => list({ pending: 0, standing: 2 }))
    server.answers.set('GET /api/setups/torbox/log', () => journal)
    const kept = { setup: 'torbox', hash: HASH, acts: [act('file:/etc/x', 'restore'), act('sysctl:y', 'conflict')] }
    const forced = { ...kept, hash: 'b'.repeat(64), acts: [act('file:/etc/x', 'restore'), act('sysctl:y', 'restore')] }
    server.answers.set('GET /api/setups/torbox/undo?run=1', () => kept)
    server.answers.set('GET /api/setups/torbox/undo?run=1&force=1', () => forced)
    server.answers.set('POST /api/setups/torbox/undo', () => ({ run: 2 }))
    const { page, errors } = await openPage(t, `${server.url}/setups?setup=torbox&show=journal`, {
      token: server.token,
    })
    await page.locator('.run summary').first().click()
    await page.getByRole('link', { name: 'Plan: undo this run' }).click()
    await page.getByText('1 change is kept').waitFor()
    await page.getByRole('button', { name: 'Undo: put back 1 change' }).click()
    await posted(server, { body: { hash: HASH, run: 1, force: false } })
    await page.getByLabel('also what others have changed').check()
    await page.getByRole('button', { name: 'Undo: put back 2 changes' }).click()
    await posted(server, { body: { hash: 'b'.repeat(64), run: 1, force: true } })
    assert.deepEqual(errors, [])
  })

  it('says where a run stopped and why', async (t) => {
    const events = [
      { event: 'begin', setup: 'torbox', verb: 'apply', run: 3 },
      { event: 'act', id: 'bridge:tornet', why: '', diff: [] },
      { event: 'done', id: 'bridge:tornet' },
      { event: 'act', id: 'file:/etc/x', why: '', diff: [] },
      { event: 'end', setup: 'torbox', run: 3, outcome: 'stopped' },
    ] as const
    const error = { code: 'NOC_SETUP_DISK_FULL', message: 'The disk is full.', hint: 'Free some space.' }
    const last = { run: 3, verb: 'apply', actor: 'alice', at: 0, outcome: 'stopped' } as const
    server.answers.set('GET /api/setups', () =>
      list({ standing: 1, last }, { setup: 'torbox', running: false, events, error }),
    )
    const { page } = await openPage(t, `${server.url}/setups?setup=torbox`, { token: server.token })
    await page.getByText('The disk is full.').waitFor()
    assert.equal(await page.locator('h1').textContent(), 'The last run of torbox was cut short.')
    assert.match((await page.locator('.steps li').last().textContent()) ?? '', /file:\/etc\/x.*it stopped here/)
  })
})

describe('the page of torbox', { skip: NEEDS_BROWSER }, () => {
  const view = fixture('torbox-view') as unknown as TorboxView
  let server: ConsoleServer
  before(async () => {
    server = await startServer()
  })
  after(() => server.close())

  it('draws every circuit in use from the box over its relays, with countries, to where it ends', async (t) => {
    const { page, errors } = await openPage(t, `${server.url}/torbox`)
    await page.getByText('www.debian.org:443').waitFor()
    const first = page.locator('.path').first()
    assert.deepEqual(await first.locator('.relays b').allTextContents(), ['GR', 'US', 'DE'])
    assert.equal(await first.locator('.streams li').count(), 2)
    assert.deepEqual(errors, [])
  })

  it('starts the leak test, asks before it breaks things, and shows what failed first', async (t) => {
    let document = structuredClone(view)
    server.answers.set('GET /api/torbox/view', () => document)
    server.answers.set('POST /api/torbox/leaktest', () => ({ started: true }))
    const { page } = await openPage(t, `${server.url}/torbox`, { token: server.token })
    await page.getByRole('button', { name: 'Run again' }).click()
    await posted(server, { path: '/api/torbox/leaktest', body: { disruptive: false } })
    const before = server.posts.length
    await page.getByRole('button', { name: 'Break things too' }).click()
    await page.getByText('Tor stops and the rules go').waitFor()
    assert.equal(server.posts.length, before)
    await page.getByRole('button', { name: 'Run all of it' }).click()
    await posted(server, { body: { disruptive: true } })
    const rows = document.leakTest.last?.rows.map((row) =>
      row.id === 'udp' ? { ...row, result: 'fail', leak: true, evidence: '3 packets left by eno1' } : row,
    )
    // The page may still be reading again after its act: what it reads is this too.
    document = {
      ...document,
      leakTest: { ...document.leakTest, last: { ...document.leakTest.last, rows } },
    } as typeof view
    server.tell('torbox', document)
    await page.getByText('3 packets left by eno1.').waitFor()
    assert.match((await page.locator('.leaktest .failing').textContent()) ?? '', /UDP.*leak/)
  })

  it('gives one box a new identity', async (t) => {
    server.answers.set('POST /api/torbox/new-identity', () => ({ name: 'browser', address: '10.100.100.9' }))
    const { page } = await openPage(t, `${server.url}/torbox`, { token: server.token })
    await page.getByLabel('Box browser').getByRole('button', { name: 'New identity' }).click()
    await page.getByText('browser has a new identity').waitFor()
    assert.deepEqual(server.posts.at(-1), { path: '/api/torbox/new-identity', body: { name: 'browser' } })
  })
})
