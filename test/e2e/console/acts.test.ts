import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, beforeEach, describe, it } from 'node:test'
import { NEEDS_BROWSER, openPage } from './browser.ts'
import { NASTY } from './documents.ts'
import { startServer, type ConsoleServer } from './server.ts'

describe('acts and figures', { skip: NEEDS_BROWSER }, () => {
  let server: ConsoleServer
  before(async () => (server = await startServer()))
  after(() => server.close())
  beforeEach(() => {
    Object.assign(server, { scenario: 'night', tokenForReads: false, mute: false })
    server.posts.length = 0
  })

  it('closes exactly the planned connections: finding, plan, token, apply, result', async (t) => {
    const { page } = await openPage(t, server.url)
    await page.getByRole('link', { name: 'Plan: close 111' }).click()
    const dialog = page.getByRole('dialog', { name: 'Token' })
    await dialog.waitFor()
    await page.keyboard.type('wrong')
    await page.keyboard.press('Enter')
    await page.getByText('this needs the start-up token').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await dialog.getByText('was refused').waitFor()
    await page.keyboard.type(server.token)
    await page.keyboard.press('Enter')

    await page.getByText('8 of 111 shown').waitFor()
    await page.getByText("This can't be undone").waitFor()
    assert.equal(await page.locator('.button.primary').count(), 1, 'one primary act on the page')
    const target = { remote: '[2001:db8:ba::100]:80', process: 'apache2' }
    assert.deepEqual(server.posts, [{ path: '/api/connections/close', body: target }])

    await page.getByRole('button', { name: 'Apply: close 111' }).click()
    await page.getByText('Closed 110 of 111 connections.').waitFor()
    await page.getByText('gone already').waitFor()
    assert.deepEqual(server.posts.at(-1)?.body, { ...target, plan: '7f3a90c1' })
    await page.getByRole('button', { name: 'Done' }).click()
    await page.waitForURL(/\/connections$/)
  })

  it('takes the token out of the address at once and uses it', async (t) => {
    const { page, requests } = await openPage(t, `${server.url}/connections#token=${server.token}`)
    await page.getByRole('button', { name: 'Probe', exact: true }).click()
    await page.getByText('It accepts in 3 ms, then says nothing for 2 s.').waitFor()
    assert.deepEqual(server.posts, [{ path: '/api/connections/probe', body: { host: '2001:db8:ba::100', port: 80 } }])
    assert.equal(page.url(), `${server.url}/connections`)
    await page.goBack().catch(() => null)
    assert.ok(!page.url().includes('token'))
    assert.deepEqual(
      requests.filter((url) => url.includes(server.token) && !url.includes('#')),
      [],
    )
  })

  it('asks for the token when reading needs it, once', async (t) => {
    server.tokenForReads = true
    const { page } = await openPage(t, server.url)
    await page.getByRole('dialog', { name: 'Token' }).waitFor()
    await page.keyboard.type(server.token)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'One thing needs you tonight. The rest is quiet.' }).waitFor()
    await page.getByText(/^live/).waitFor()
    assert.equal(await page.getByRole('dialog').count(), 0)
  })

  it('acknowledges and silences an alert', async (t) => {
    const { page } = await openPage(t, `${server.url}/alerts`, { token: server.token })
    await page.getByRole('button', { name: 'Acknowledge', exact: true }).click()
    await page.getByText('Acknowledged', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Silence', exact: true }).first().click()
    await page.getByRole('menuitem', { name: 'until 08:00' }).click()
    await page.getByText('Silenced until 08:00').waitFor()
    assert.deepEqual(server.posts, [
      { path: '/api/alerts/41/acknowledge', body: {} },
      { path: '/api/alerts/41/silence', body: { until: Date.parse('2026-11-22T08:00:00+02:00') } },
    ])
  })

  it('shows hostile names as harmless text', async (t) => {
    server.scenario = 'hostile'
    const { page, errors } = await openPage(t, server.url, { token: server.token })
    for (const path of ['/', '/alerts', '/interrupts', '/connections']) {
      await page.goto(server.url + path)
      await page.getByText(NASTY.markup).first().waitFor()
      assert.equal(await page.evaluate('window.hacked'), undefined, path)
      assert.equal(await page.locator('main img, main script').count(), 0, path)
      const text = await page.locator('body').innerText()
      // eslint-disable-next-line no-control-regex -- control characters are what must not be there
      assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/, path)
    }
    await page.getByRole('button', { name: 'Copy', exact: true }).first().click()
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'kill a␛]0;owned␇b\ufffdgnp.exe')
    assert.deepEqual(errors, [])
  })

  it('reads the exact figures of the heat map by keyboard', async (t) => {
    const { page } = await openPage(t, `${server.url}/interrupts`)
    server.mute = true
    await page.reload()
    const map = page.getByRole('group', { name: /^Interrupts by CPU/ })
    await map.waitFor()
    await page.getByRole('button', { name: 'Soft' }).focus()
    await page.keyboard.press('Tab')
    const status = page.locator('.heat-tip')
    assert.match(await status.innerText(), /^eth0-TxRx-0 on CPU 3\n5\.9 k\/s, 98 % of this line$/)
    for (let step = 0; step < 8; step += 1) await page.keyboard.press('ArrowDown')
    for (let step = 0; step < 12; step += 1) await page.keyboard.press('ArrowRight')
    assert.match(await status.innerText(), /^megasas on CPU 15\n640 \/s, 100 % of this line$/)
  })

  it('hands out what the table shows: filtered, sorted, safe for a spreadsheet', async (t) => {
    const { page } = await openPage(t, `${server.url}/connections`)
    await page.getByRole('searchbox').fill('apache2')
    await page.getByRole('button', { name: 'Count' }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ])
    assert.match(download.suggestedFilename(), /^noc-connections-[\dT-]+\.csv$/)
    const lines = (await readFile(await download.path(), 'utf8')).split('\r\n')
    assert.equal(lines.length, 4)
    assert.match(lines[0] ?? '', /^remote,process,unit,user,state,count,growthPerMinute,idleMedianMs,/)
    assert.match(
      lines[1] ?? '',
      /^\[2001:db8:ba::100\]:80,apache2,apache2\.service,www-data,ESTABLISHED,111,9,2460000,/,
    )
    assert.match(lines[2] ?? '', /^203\.0\.113\.7,apache2,.*,512,3\.2,/)
  })
})
