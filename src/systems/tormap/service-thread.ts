/** Has a job done in a thread of its own; whatever becomes of that thread, the daemon goes on. */
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { NocError, errorOf, systemErrorCode } from '#core/errors.ts'
import type { Done, Job, Outcome } from './service-worker.ts'

/** Memory for the objects of a thread, MB: 9,000 relays take some 60, and no document is read that 50,000 don't need. */
export const THREAD_MB: number = 512

/** Starts a thread, waits until it is gone, and gives what it said; `signal` ends it. */
export async function inThread<J extends Job>(
  job: J,
  signal: AbortSignal,
  memory: number = THREAD_MB,
): Promise<Done[J['kind']]> {
  signal.throwIfAborted()
  const worker = start({ workerData: job, resourceLimits: { maxOldGenerationSizeMb: memory } })
  const end = (): void => void worker.terminate()
  signal.addEventListener('abort', end, { once: true })
  try {
    const said = await new Promise<Outcome | undefined>((resolve, reject) => {
      let outcome: Outcome | undefined
      worker.once('message', (message: Outcome) => {
        outcome = message
        end()
      })
      worker.once('error', (error) => reject(isOutOfMemory(error) ? outOfMemory(memory) : error))
      worker.once('exit', () => resolve(outcome))
    })
    signal.throwIfAborted()
    if (said === undefined) throw ended()
    if ('done' in said) return said.done as Done[J['kind']]
    throw errorOf(said.failed)
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** The thread's own script in the bundle; build.mjs gives it this name. */
const BUILT = './tormap-worker.js'
const SOURCE = './service-worker.ts'

function start(options: WorkerOptions): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(BUILT, import.meta.url), options)
  // Node 20 does not hand the loader of TypeScript down to threads.
  const [loader, script] = [import.meta.resolve('tsx/esm/api'), import.meta.resolve(SOURCE)]
  const code = `import('${loader}').then((tsx) => { tsx.register(); return import('${script}') })`
  return new Worker(code, { ...options, eval: true })
}

function isOutOfMemory(error: Error): boolean {
  return systemErrorCode(error) === 'ERR_WORKER_OUT_OF_MEMORY'
}

function outOfMemory(memory: number): NocError {
  return new NocError(
    'NOC_TORMAP_MEMORY',
    `The documents of the map take more than the ${memory} MB of memory that are meant for them.`,
    {
      hint: 'Look at what lies in `tormap/fetched` of the data directory: no network is that large.',
    },
  )
}

function ended(): NocError {
  return new NocError('NOC_TORMAP_THREAD', 'The thread that works on the map was ended before it was done.')
}
