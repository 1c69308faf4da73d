/**
 * The real Tor network of a past hour, from its consensus to a site in a browser. Defined only where NOC_TOR_DATA names a
 * folder with `cached-consensus`, `cached-microdesc-consensus` and `cached-certs`. Leaves the picture that the README
 * shows (NOC_PICTURES=1 keeps it).
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { NEEDS_BROWSER, openPage } from './console/browser.ts'
import { command, scratch } from './daemon-process.ts'

const PICTURE = join(import.meta.dirname, '../../docs/images/tormap.png')
/** As many authorities as agreed in that hour, of those that were trusted then. */
const VERIFIED = { state: 'good', good: 8, needed: 5, authorities: 9 }

const folder = process.env['NOC_TOR_DATA'] ?? ''
if (existsSync(join(folder, 'cached-consensus'))) {
  describe('the real network', () => {
    for (const name of ['cached-consensus', 'cached-microdesc-consensus']) {
      it(`is verified from ${name}`, (t) => {
        const file = join(folder, name)
        assert.equal(command(scratch(t), ['tormap', 'verify', file, join(folder, 'cached-certs')]).code, 0)
        const { stdout } = command(scratch(t), ['tormap', 'stats', '--consensus', file, '--geo', 'none', '--json'])
        assert.deepEqual((JSON.parse(stdout) as { verified: object }).verified, VERIFIED)
      })
    }

    it('is a site that works from a disk and calls nobody', { skip: NEEDS_BROWSER }, async (t) => {
      const site = join(scratch(t), 'map')
      const built = command(scratch(t), ['tormap', 'build', '--consensus', folder, '--out', site, '--json'])
      assert.equal(built.code, 0, built.stderr)
      const { relays, verified } = JSON.parse(built.stdout) as { relays: number; verified: object }
      assert.deepEqual(verified, VERIFIED)
      const { href } = pathToFileURL(join(site, 'index.html'))
      const { page, errors, requests } = await openPage(t, href, { theme: 'dark', height: 900, timeZone: 'UTC' })
      const title = page.getByRole('heading', { level: 1 })
      await title.getByText(`${relays.toLocaleString('en')} relays`).waitFor()
      assert.match(await title.innerText(), /verified by 8 of 9 authorities/)
      await page.getByText(`all ${relays.toLocaleString('en')} relays`).waitFor()
      if (process.env['NOC_PICTURES']) await page.screenshot({ path: PICTURE })
      await page.getByRole('searchbox', { name: 'Search relays' }).fill('flag:badexit')
      await page.getByRole('status').getByText('11 found').waitFor()
      assert.deepEqual(
        requests.filter((address) => !/^(file|data|blob):/.test(address)),
        [],
      )
      assert.deepEqual(errors, [])
    })
  })
}
