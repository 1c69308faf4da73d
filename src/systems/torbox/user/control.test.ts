import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { NocError } from '#core/errors.ts'
import { askBox, boxesDirectory, makeDirectory, openControl, recordedNames } from './control.ts'

function scratch(t: { after(fn: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'noc-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

describe('the record of a box', () => {
  it('answers who may ask, and is gone with the box', async (t) => {
    const directory = scratch(t)
    const control = await openControl(directory, 'web', (request) => ({ asked: request }))
    assert.deepEqual(recordedNames(directory), ['web'])
    assert.deepEqual(await askBox(directory, 'web', 'new-identity'), { asked: 'new-identity' })
    await new Promise((resolve) => control?.close(resolve))
    assert.deepEqual(recordedNames(directory), [])
    assert.equal(await askBox(directory, 'web', 'status'), undefined)
  })

  it('keeps the name while the box lives, even one that has nothing to say yet', async (t) => {
    const directory = scratch(t)
    const control = await openControl(directory, 'web', () => null)
    t.after(() => control?.close())
    assert.equal(await openControl(directory, 'web', () => null), null)
  })

  it('of a box whose keeper was killed is noticed and taken over', async (t) => {
    const directory = scratch(t)
    const program = `require('net').createServer().listen(${JSON.stringify(join(directory, 'web.sock'))}, () => console.log())`
    const keeper = spawn(process.execPath, ['-e', program])
    await new Promise((resolve) => keeper.stdout.once('data', resolve))
    const ended = new Promise((resolve) => keeper.once('exit', resolve))
    keeper.kill('SIGKILL')
    await ended
    assert.deepEqual(recordedNames(directory), ['web'])
    const control = await openControl(directory, 'web', () => 1)
    t.after(() => control?.close())
    assert.equal(await askBox(directory, 'web', 'status'), 1)
  })

  it('closes on whoever asks for too much, and goes on', async (t) => {
    const directory = scratch(t)
    const control = await openControl(directory, 'web', () => 1)
    t.after(() => control?.close())
    const socket = connect(join(directory, 'web.sock'))
    const closed = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve))
    socket.write('x'.repeat(100_000))
    await closed
    assert.equal(await askBox(directory, 'web', 'status'), 1)
  })
})

describe('the directory of records', () => {
  const uid = process.getuid?.() ?? 0

  it('lies in the directory of the login, and only its owner can look into it', (t) => {
    const runtime = scratch(t)
    const directory = boxesDirectory({ XDG_RUNTIME_DIR: runtime }, uid)
    assert.equal(directory, join(runtime, 'nocturne/boxes'))
    makeDirectory(directory, uid)
    makeDirectory(directory, uid)
    assert.equal(statSync(directory).mode & 0o777, 0o700)
  })

  it('is not in the directory of another login, which su keeps in the environment', (t) => {
    const other = uid + 1
    assert.equal(boxesDirectory({ XDG_RUNTIME_DIR: scratch(t) }, other), `/tmp/nocturne-${other}/boxes`)
    assert.equal(boxesDirectory({}, other), `/tmp/nocturne-${other}/boxes`)
  })

  it('is refused where somebody else made it before us', (t) => {
    const refused = (error: unknown): boolean => error instanceof NocError && error.code === 'NOC_TORBOX_DIRECTORY'
    const directory = join(scratch(t), 'nocturne-1/boxes')
    assert.throws(() => makeDirectory(directory, uid + 1), refused)
    chmodSync(directory, 0o777)
    assert.throws(() => makeDirectory(directory, uid), refused)
  })
})
