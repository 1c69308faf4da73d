import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import type { Worker } from 'node:worker_threads'
import * as v from 'valibot'
import { temporaryDirectory } from '../../../test/fixtures/store/temporary.ts'
import { type TormapConfig, tormapTable } from './config.ts'
import { FILES, held, lockFolder } from './fetch/folder.ts'
import { createSample } from './sample/create.ts'
import { inThread } from './service-thread.ts'
import type { Job } from './service-worker.ts'

const config: TormapConfig = { ...v.parse(tormapTable.schema, {}), geo: 'none' }
const never = new AbortController().signal
const basis = { base: null, root: 0, step: 0, deltas: [], firstSeen: '{}' }

/** Threads of this process that are started from now on; the loader of TypeScript may have one too. */
function threads(t: TestContext): readonly Worker[] {
  const started: Worker[] = []
  const note = (worker: Worker): void => void started.push(worker)
  process.on('worker', note)
  t.after(() => process.off('worker', note))
  return started
}

/** The making of an hour that nobody has signed for us. */
async function strangersHour(t: TestContext): Promise<Extract<Job, { kind: 'hour' }>> {
  const folder = temporaryDirectory(t)
  const { hours, certificates } = await createSample(Date.now(), 1)
  writeFileSync(join(folder, FILES.consensus.ns), hours[0]?.consensus ?? '')
  writeFileSync(join(folder, FILES.certificates), certificates)
  const [newest] = await held(folder)
  assert.ok(newest)
  return { kind: 'hour', config, folder, held: newest, cacheFolder: folder, now: Date.now(), basis }
}

describe('a thread for the map', { timeout: 60_000 }, () => {
  it('is one of its own, and gone when its answer is there', async (t) => {
    const started = threads(t)
    await assert.rejects(inThread(await strangersHour(t), never), { code: 'NOC_TORMAP_BAD' })
    assert.equal(started.at(-1)?.threadId, -1)
  })

  it('says what is wrong as the command line would: with code, hint and exit code', async (t) => {
    const folder = temporaryDirectory(t)
    const tor = join(folder, 'tor')
    mkdirSync(tor)
    const job = { kind: 'fetch', config: { ...config, source: 'tor', tor_directory: tor }, folder } as const
    await assert.rejects(inThread(job, never), {
      name: 'NocError',
      code: 'NOC_TORMAP_NO_TOR',
      message: `No tor keeps a consensus in ${tor}.`,
      hint: 'Name its DataDirectory with --tor-directory or [tormap] tor_directory.',
      exit: 3,
    })
  })

  it('that meets a mistake of ours says which', async (t) => {
    const job = { ...(await strangersHour(t)), basis: { ...basis, firstSeen: 'no JSON' } }
    await assert.rejects(inThread(job, never), { name: 'SyntaxError', message: /no JSON/ })
  })

  it('ends when it is told to, in the middle of a fetch that nobody answers', async (t) => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => void sockets.push(socket.on('error', () => undefined)))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const stop = new AbortController()
    const folder = temporaryDirectory(t)
    const lock = await lockFolder(folder)
    const authorities = [
      `DirAuthority silent orport=443 v3ident=${'A'.repeat(40)} 127.0.0.1:${(silent.address() as AddressInfo).port} ${'A'.repeat(40)}`,
    ]
    const started = threads(t)
    const fetching = inThread({ kind: 'fetch', config: { ...config, authorities }, folder }, stop.signal)
    await once(silent, 'connection')
    stop.abort()
    await assert.rejects(fetching, { name: 'AbortError' })
    assert.equal(started.at(-1)?.threadId, -1)
    await assert.rejects(lockFolder(folder), { code: 'NOC_TORMAP_FETCH_RUNNING' }, 'the lock was never its own')
    lock.release()
  })
})
