import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { NocError, exitCode } from '#core/errors.ts'
import { MARKER, replaceFolder } from './folder.ts'
import type { SiteFile } from './site.ts'

/** No process has this number: it is above the kernel's limit (PID_MAX_LIMIT, 2^22). */
const NOBODY = 4_194_305

let parent = ''
let site = ''
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'noc-site-'))
  site = join(parent, 'site')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

async function* files(...all: SiteFile[]): AsyncGenerator<SiteFile> {
  yield* all
}

const build = (content: string, force = false, workingDirectory = parent): Promise<unknown> =>
  replaceFolder('site', files({ path: 'data/a.js', pieces: [content] }), { force, workingDirectory })
const read = (): string => readFileSync(join(site, 'data/a.js'), 'utf8')
const refusal = (error: unknown): boolean => error instanceof NocError && error.exit === exitCode.usage

describe('the folder of a site', () => {
  it('is made, and replaced as a whole the next time', async () => {
    assert.deepEqual(await build('one'), { folder: site, files: 1, bytes: 3 })
    writeFileSync(join(site, 'old-file'), '')
    await build('two')
    assert.equal(read(), 'two')
    assert.ok(!existsSync(join(site, 'old-file')))
    assert.deepEqual(readdirSync(parent), ['site'])
  })

  it('is not replaced when it was not made here, unless it must', async () => {
    mkdirSync(site)
    writeFileSync(join(site, 'thesis.tex'), 'years of work')
    await assert.rejects(build('one'), refusal)
    assert.equal(readFileSync(join(site, 'thesis.tex'), 'utf8'), 'years of work')
    await build('one', true)
    assert.deepEqual(readdirSync(site).toSorted(), [MARKER, 'data'])
  })

  it('may be there, when it is empty', async () => {
    mkdirSync(site)
    await build('one')
    assert.equal(read(), 'one')
  })

  it('is never a file, nor the folder one is in, nor one above, whatever is said', async () => {
    writeFileSync(site, 'a file')
    await assert.rejects(build('one', true), refusal)
    rmSync(site)
    mkdirSync(join(site, 'below'), { recursive: true })
    for (const [folder, from] of [
      ['.', site],
      ['..', join(site, 'below')],
      ['/', site],
    ] as const)
      await assert.rejects(replaceFolder(folder, files(), { force: true, workingDirectory: from }), refusal)
    assert.ok(existsSync(join(site, 'below')))
  })

  it('stays as it was when a build fails or is interrupted', async () => {
    await build('one')
    async function* failing(): AsyncGenerator<SiteFile> {
      yield { path: 'data/a.js', pieces: ['two'] }
      throw new Error('interrupted')
    }
    await assert.rejects(replaceFolder('site', failing(), { force: false, workingDirectory: parent }), /interrupted/)
    assert.equal(read(), 'one')
    assert.deepEqual(readdirSync(parent), ['site'])
  })

  it('comes back when a build was killed between taking the old one away and putting the new one there', async () => {
    await build('one')
    mkdirSync(join(parent, `site.new-${NOBODY}`))
    writeFileSync(join(parent, `site.new-${NOBODY}`, MARKER), '')
    // As it is at that moment.
    renameSync(site, join(parent, `site.old-${NOBODY}`))
    async function* failing(): AsyncGenerator<SiteFile> {
      yield* []
      throw new Error('interrupted')
    }
    await assert.rejects(replaceFolder('site', failing(), { force: false, workingDirectory: parent }), /interrupted/)
    assert.equal(read(), 'one')
    assert.deepEqual(readdirSync(parent), ['site'])
  })

  it('leaves alone what another build is making, and what only looks like it', async () => {
    const others = [`site.new-${process.ppid}`, `site.new-${NOBODY}`, 'site.old-photos']
    for (const name of others) mkdirSync(join(parent, name))
    writeFileSync(join(parent, others[0] ?? '', MARKER), '')
    await build('one')
    assert.deepEqual(readdirSync(parent).toSorted(), ['site', ...others].toSorted())
  })

  it('is found through a link, which stays', async () => {
    mkdirSync(join(parent, 'elsewhere'))
    symlinkSync('elsewhere', site)
    await build('one')
    assert.equal(readlinkSync(site), 'elsewhere')
    assert.equal(read(), 'one')
  })

  it('says what could not be written', async () => {
    writeFileSync(join(parent, 'file'), '')
    await assert.rejects(replaceFolder('file/site', files(), { force: false, workingDirectory: parent }), (error) => {
      return (
        error instanceof NocError && error.exit === exitCode.unable && error.message.includes('could not be written')
      )
    })
  })
})
