import { existsSync } from 'node:fs'
import { NocError } from '#core/errors.ts'
import { run } from '#core/host/run.ts'
import { type Sightings, type Watched, ownerOf, parseSightings, tableName, watchTable } from './watch.ts'

/** Longest run of nft, ms, and most that it may print. */
const NFT_MS = 10_000
const NFT_BYTES = 4 * 1024 * 1024

/** Counters on all other interfaces, for as long as a test runs. */
export interface Watcher {
  look(): Promise<Sightings>
  close(): Promise<void>
}

/** Loads the counters; needs root. */
export async function startWatcher(watched: Watched): Promise<Watcher> {
  const table = tableName(watched.pid, watched.targets.token)
  await removeStale()
  await nft(['-f', '-'], watchTable(watched))
  return {
    look: async () => parseSightings(await nft(['-j', 'list', 'table', 'inet', table])),
    close: async () => void (await nft(['delete', 'table', 'inet', table])),
  }
}

/** Tables of tests that were killed. */
async function removeStale(): Promise<void> {
  const names = (await nft(['list', 'tables'])).split('\n').map((line) => line.split(' ').at(-1) ?? '')
  for (const name of names) {
    const pid = ownerOf(name)
    if (pid !== null && !existsSync(`/proc/${pid}`)) await nft(['delete', 'table', 'inet', name])
  }
}

async function nft(args: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await run(['nft', ...args], { stdin, timeoutMs: NFT_MS, maxBytes: NFT_BYTES })
  if (code === 0) return stdout.toString()
  throw new NocError('NOC_TORBOX_WATCH', `nft can't count what leaves this machine: ${stderr.trim().split('\n')[0]}`, {
    hint: 'Without it the leak test knows only what the box believed.',
  })
}
