/** Files and answers as bytes, bounded, unpacked where they are packed. */
import { createReadStream } from 'node:fs'
import { promisify } from 'node:util'
import { unzip } from 'node:zlib'
import { NocError, exitCode, reasonOf, systemErrorCode } from '#core/errors.ts'

const MIB = 1024 * 1024
/** Most bytes of a document, unpacked: 100,000 relays in a consensus are 39 MB, their descriptors 230 MB. */
export const MAX_BYTES: Readonly<Record<'consensus' | 'certificates' | 'descriptors' | 'onionoo', number>> = {
  consensus: 64 * MIB,
  certificates: MIB,
  descriptors: 256 * MIB,
  onionoo: 128 * MIB,
}

const unpack = promisify(unzip)

/** True for what begins like gzip (RFC 1952) or zlib (RFC 1950); no document of the directory does. */
function isPacked(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes
  if (first === 0x1f && second === 0x8b) return true
  return (first & 0x0f) === 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 === 0
}

/** Unpacks gzip and zlib, leaves the rest as it is. More than `maxBytes`, or a stream that breaks off, is an error of `what`. */
export async function unpacked(bytes: Uint8Array, maxBytes: number, what = 'the answer'): Promise<Uint8Array> {
  if (!isPacked(bytes)) return bytes
  try {
    return await unpack(bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    const isTooMuch = systemErrorCode(error) === 'ERR_BUFFER_TOO_LARGE'
    const why = isTooMuch ? `is more than ${maxBytes} bytes when unpacked` : `can't be unpacked: ${reasonOf(error)}`
    throw new NocError('NOC_TORMAP_PACKED', `${what} ${why}.`, { cause: error, exit: exitCode.usage })
  }
}

/** A file (or a pipe, or `-` for standard input), unpacked. */
export async function readDocument(file: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    const stream = file === '-' ? process.stdin : createReadStream(file)
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      size += chunk.length
      if (size > maxBytes) throw tooLarge(file, maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof NocError ? error : unreadable(file, error)
  }
  return unpacked(Buffer.concat(chunks), maxBytes, file === '-' ? 'standard input' : file)
}

function tooLarge(file: string, maxBytes: number): NocError {
  return new NocError('NOC_TORMAP_FILE_SIZE', `${file} is larger than ${maxBytes} bytes.`, { exit: exitCode.usage })
}

function unreadable(file: string, cause: unknown): NocError {
  const code = systemErrorCode(cause)
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
  }
  const hint = code === 'EACCES' ? 'Run it as root, or as the user that owns the file.' : undefined
  return new NocError('NOC_TORMAP_FILE', `${file} can't be read: ${reasons[code ?? ''] ?? reasonOf(cause)}.`, {
    cause,
    exit: code === 'ENOENT' || code === 'EISDIR' ? exitCode.usage : exitCode.unable,
    ...(hint === undefined ? {} : { hint }),
  })
}
