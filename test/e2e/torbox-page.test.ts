/**
 * The sandbox in a real browser, from nothing to nothing: the set-up is planned and applied on its page, a box works,
 * its circuit and what it was refused are shown, it gets a new identity, the set-up is taken back. Leaves the picture that
 * the README shows (NOC_PICTURES=1 keeps it).
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { needs } from '../peers.ts'
import { TOR_NETWORK } from '../tor/network.ts'
import { openPage } from './console/browser.ts'
import { consoleHere } from './daemon-process.ts'
import { type Machine, difference, machine, stateOf, until } from './torbox-machine.ts'

const ROOT = join(import.meta.dirname, '../..')
const DATA = '/mnt/nocturne'
/** A circuit on a busy machine, ms. */
const PATIENCE = { timeout: 60_000 }

/** A slow download that lasts as long as the test; a new identity cuts it off, and it begins again. */
const AGAIN = ['--retry', '9', '--retry-all-errors', '--retry-delay', '1']
const URL = 'http://www.outside.example/bytes/99999999'
const DOWNLOAD = ['curl', '-sS', '--limit-rate', '150k', ...AGAIN, '-o', '/dev/null', URL]
/** Tries QUIC, which Tor does not carry. */
const QUIC = "require('node:dgram').createSocket('udp4').send('quic', 443, '203.0.113.1', () => process.exit())"

/** A daemon on that machine; its console is brought here as ssh would bring it. */
async function daemon(t: TestContext, { network }: Machine): Promise<string> {
  const environment = ['env', 'NOC_CONFIG=/etc/nocturne.toml', `NOC_DATA=${DATA}`]
  const program = [process.execPath, '--import', 'tsx', join(ROOT, 'src/main.ts'), 'up', '--json']
  const [first, ...rest] = [...network.entry, ...environment, ...program, '--listen', '127.0.0.1:8470']
  const child = spawn(first, rest, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return consoleHere(t, network.path(join(DATA, 'console.sock')))
}

const programs = [...(TOR_NETWORK?.programs ?? []), 'chromium']
test('the sandbox in the browser', { skip: needs({ ...TOR_NETWORK, programs }) }, async (t) => {
  const host = await machine(t)
  const { network, begin } = host
  const before = await stateOf(host)
  const url = await daemon(t, host)
  const token = readFileSync(network.path(join(DATA, 'token')), 'utf8').trim()
  const { page, errors, requests } = await openPage(t, `${url}/setups?setup=torbox`, { token, theme: 'dark' })

  const box = page.getByLabel('Box mirror')

  await t.test('plans the set-up with its reasons, and applies it', async () => {
    await page.getByText('Boxes are plugged in here.').waitFor(PATIENCE)
    await page.getByRole('button', { name: /^Apply: make \d+ changes$/ }).click()
    await page.getByText('One set-up is applied; nothing has drifted.').waitFor(PATIENCE)
    assert.equal((await host.noc('plan')).code, 0)
  })

  await t.test('shows a box, the relays of its circuit, and what it was refused', async () => {
    await page.goto(`${url}/torbox`)
    // Names are heard from tor as they are looked up.
    await page.getByText('Tor is ready').waitFor(PATIENCE)
    begin('run', '--wait', '60', '--name', 'mirror', '--', ...DOWNLOAD)
    await until('the box', async () => (await host.noc('ls')).out.includes('mirror'))
    assert.equal((await host.noc('join', 'mirror', '--', process.execPath, '-e', QUIC)).code, 0)
    await box.getByText('www.outside.example:80').first().waitFor(PATIENCE)
    await box.getByText('203.0.113.1', { exact: true }).first().waitFor(PATIENCE)
    await page.getByText('UDP 443 to 203.0.113.1 (www.outside.example)').first().waitFor(PATIENCE)
    await box.getByText('exit').first().waitFor(PATIENCE)
    const answer = await page.locator('h1').boundingBox()
    assert.ok(answer !== null && answer.y + answer.height < 200, JSON.stringify(answer))
  })

  await t.test('runs the leak test, and says what came of it first', async () => {
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.locator('h1').getByText('nothing leaked').waitFor(PATIENCE)
    const tried = page.getByRole('table').getByText(/^(UDP|TCP|ICMP) /)
    await until('the attempts of the test itself to be forgotten', async () => (await tried.count()) === 1)
    await box.getByText(/ in, /).nth(1).waitFor(PATIENCE)
    if (process.env['NOC_PICTURES']) await page.screenshot({ path: join(ROOT, 'docs/images/torbox.png') })
  })

  await t.test('gives the box a new identity: another address, so other circuits', async () => {
    const address = async (): Promise<string> => /10\.100\.100\.\d+/.exec((await box.textContent()) ?? '')?.[0] ?? ''
    const old = await address()
    assert.notEqual(old, '')
    await box.getByRole('button', { name: 'New identity' }).click()
    await page.getByText('mirror has a new identity').waitFor(PATIENCE)
    await until('the new address', async () => !['', old].includes(await address()))
    assert.equal((await host.noc('stop', 'mirror')).code, 0)
  })

  await t.test('takes the set-up back, and nothing is left', async () => {
    await page.goto(`${url}/setups?setup=torbox&show=undo`)
    await page.getByRole('button', { name: /^Undo: put back \d+ changes$/ }).click(PATIENCE)
    await page.getByText('Nothing on this machine was changed.').waitFor(PATIENCE)
    assert.deepEqual(difference(before, await stateOf(host)), [])
  })

  const foreign = requests.filter((address) => !address.startsWith(`${url}/`) && !/^(data|blob):/.test(address))
  assert.deepEqual(foreign, [])
  assert.deepEqual(errors, [])
})
