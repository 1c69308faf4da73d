import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { NocError, reasonOf } from '#core/errors.ts'

/** Largest unpacked database, 2 GiB. */
const MAX_UNPACKED = 2 ** 31 - 1
/** A half-written copy older than this was left by a process that was killed, ms. */
const LEFT_BEHIND = 60 * 60 * 1000

/**
 * The path of the unpacked copy of a .gz file in `folder`: made once and named by the file's path, size and time of
 * change, so that a newer file is unpacked anew. Copies of older versions are deleted, as the GeoLite licence wants.
 */
export async function unpacked(file: string, folder: string): Promise<string> {
  const { size, mtimeMs } = await stat(file)
  const origin = createHash('sha256').update(resolve(file)).digest('hex').slice(0, 12)
  const prefix = `${basename(file).replace(/\.gz$/, '')}-${origin}-`
  const copy = join(folder, `${prefix}${size}-${Math.trunc(mtimeMs)}`)
  if (await exists(copy)) return copy
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await unpackTo(file, copy)
    await deleteOthers(folder, prefix, basename(copy))
  } catch (cause) {
    if (cause instanceof NocError) throw cause
    throw new NocError('NOC_TORMAP_GEO_UNPACK', `${file} can't be unpacked into ${folder}: ${reasonOf(cause)}.`, {
      hint: 'Check the file, the free space and the rights of the folder; or unpack it yourself and name the .mmdb file.',
      cause,
    })
  }
  return copy
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Whoever looks sees the whole copy or none: it gets its name when it is complete and on the disk. */
async function unpackTo(file: string, copy: string): Promise<void> {
  const part = `${copy}.${randomBytes(6).toString('hex')}.part`
  const handle = await open(part, 'wx', 0o600)
  try {
    let length = 0
    const limit = new Transform({
      transform: (chunk: Buffer, _, done) => {
        length += chunk.length
        done(length > MAX_UNPACKED ? new Error('unpacked it is larger than any geo database known') : null, chunk)
      },
    })
    await pipeline(createReadStream(file), createGunzip(), limit, handle.createWriteStream({ flush: true }))
    await rename(part, copy)
  } catch (cause) {
    await rm(part, { force: true })
    throw cause
  } finally {
    await handle.close().catch(() => undefined)
  }
}

async function deleteOthers(folder: string, prefix: string, keep: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || name === keep) continue
    const path = join(folder, name)
    const young = name.endsWith('.part') && Date.now() - (await stat(path)).mtimeMs < LEFT_BEHIND
    if (!young) await rm(path, { force: true })
  }
}
