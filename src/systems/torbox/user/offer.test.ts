import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { needs } from '../../../../test/peers.ts'
import { offerProgram } from './offer.ts'

/** A keeper that takes no socket, and is killed once they were all offered. */
const KEEPER = `
const { spawn } = require('node:child_process')
const { OFFER } = process.env
const inside = 'ip link set lo up && exec "$NODE" -e "$OFFER"'
const env = { ...process.env, NODE: process.execPath }
spawn('unshare', ['--user', '--map-root-user', '--net', '--', 'sh', '-c', inside], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)
process.kill(process.pid, 'SIGKILL')`

test(
  'a box whose keeper was killed before it took the sockets does not wait for ever',
  { skip: needs({ programs: ['unshare', 'ip'] }), timeout: 20_000 },
  async (t) => {
    const keeper = spawn(process.execPath, ['-e', KEEPER], {
      env: { ...process.env, OFFER: offerProgram },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    t.after(() => {
      try {
        process.kill(-(keeper.pid ?? 0), 'SIGKILL')
      } catch {
        // All have ended.
      }
    })
    let said = ''
    keeper.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    // Closed when the last process that could write is gone.
    const [code, signal] = (await once(keeper, 'close')) as [number | null, string | null]
    assert.deepEqual([code, signal, said], [null, 'SIGKILL', ''])
  },
)
