/** A directory server on loopback that can behave like all the bad ones, and writes down what it was asked. */
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateSync } from 'node:zlib'
import { consensusDiffDigest } from '#proto/tordir/diff.ts'
import { composeDiff } from './diff.ts'

/** What it has to give. */
export interface Directory {
  consensus: Uint8Array
  /** Where it can make differences from. */
  earlier: readonly Uint8Array[]
  /** Texts of certificates by `IDENTITY-SIGNINGKEY`. */
  certificates: Readonly<Record<string, string>>
  /** Texts by digest, as the consensus names them. */
  descriptors: Readonly<Record<string, string>>
}

/** How it answers. */
export type Manner =
  | 'good'
  /** Without compression, whatever the path says. */
  | 'plain'
  /** Sends half and closes the connection. */
  | 'truncated'
  /** Never ends. */
  | 'endless'
  /** Small, and 100 MB when unpacked. */
  | 'bomb'
  /** Accepts the connection and is silent. */
  | 'silent'
  /** A byte every 20 ms. */
  | 'slow'
  /** 404 */
  | 'empty'
  /** Diffs that don't fit. */
  | 'wrong-diff'
  /** Descriptors that nobody asked for. */
  | 'other-descriptors'
  /** The first time; then silent. */
  | 'once'
  /** No certificates. */
  | 'no-certificates'

export interface DirServer {
  /** `127.0.0.1:PORT` */
  readonly address: string
  /** Paths that were asked for so far. */
  readonly asked: string[]
  /** Kinds of answers so far: `whole` or `diff`. */
  readonly gave: string[]
  manner: Manner
  /** Other manners for paths that begin so. */
  manners: Readonly<Record<string, Manner>>
  readonly directory: Directory
}

/** Starts one; it ends with the test. */
export async function startDirServer(
  t: { after(fn: () => void): void },
  directory: Directory,
  manner: Manner = 'good',
): Promise<DirServer> {
  // Now: packing takes long enough on a busy machine to be taken for silence.
  if (manner === 'bomb') bomb ??= deflateSync(Buffer.alloc(100_000_000))
  const sockets = createServer((request, response) => answer(self, request, response))
  await once(sockets.listen(0, '127.0.0.1'), 'listening')
  const self: DirServer = {
    address: `127.0.0.1:${(sockets.address() as AddressInfo).port}`,
    asked: [],
    gave: [],
    manner,
    manners: {},
    directory,
  }
  t.after(() => {
    sockets.closeAllConnections()
    sockets.close()
  })
  return self
}

let bomb: Buffer | undefined

function answer(server: DirServer, request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? ''
  server.asked.push(path)
  const special = Object.entries(server.manners).find(([start]) => path.startsWith(start))
  const manner = special?.[1] ?? server.manner
  const body = bodyOf(server, path.replace(/\.z$/, ''), request)
  if (manner === 'empty' || body === null) return void response.writeHead(404, 'Not found').end()
  const times = server.asked.filter((one) => one.startsWith(special?.[0] ?? '')).length
  if (manner === 'silent' || (manner === 'once' && times > 1)) return
  if (manner === 'endless') return endless(response)
  if (manner === 'bomb') return void response.end(bomb)
  const isPacked = path.endsWith('.z') && manner !== 'plain'
  const bytes = isPacked ? deflateSync(body) : body
  if (isPacked) response.setHeader('content-encoding', 'deflate')
  if (manner === 'truncated') return truncated(response, bytes)
  if (manner === 'slow') return slow(response, bytes)
  response.end(bytes)
}

function bodyOf(server: DirServer, path: string, request: IncomingMessage): Uint8Array | null {
  const { directory, manner } = server
  const [, kind = '', names = ''] = /^\/tor\/(status-vote|keys\/fp-sk|server\/d|micro\/d)\/(.*)$/.exec(path) ?? []
  if (kind === 'status-vote') return consensusOf(server, request)
  if (kind === 'keys/fp-sk')
    return manner === 'no-certificates' ? null : texts(directory.certificates, names.split('+'))
  if (kind === '') return null
  const separator = kind === 'server/d' ? '+' : '-'
  // Base64 has plus signs too; that is why microdescriptors are separated by minus signs.
  const wanted = names.split(separator)
  const all = Object.keys(directory.descriptors)
  return texts(
    directory.descriptors,
    manner === 'other-descriptors' ? all.filter((one) => !wanted.includes(one)) : wanted,
  )
}

function texts(all: Readonly<Record<string, string>>, names: readonly string[]): Uint8Array | null {
  const found = names.flatMap((name) => all[name] ?? [])
  return found.length === 0 ? null : Buffer.from(found.join(''))
}

function consensusOf({ directory, manner, gave }: DirServer, request: IncomingMessage): Uint8Array {
  const { consensus, earlier } = directory
  const digest = request.headers['x-or-diff-from-consensus']
  const base = earlier.find((one) => consensusDiffDigest(one) === digest)
  gave.push(base === undefined ? 'whole' : 'diff')
  if (base === undefined) return consensus
  const diff = composeDiff(base, consensus)
  return manner === 'wrong-diff'
    ? Buffer.from(Buffer.from(diff).toString('latin1').replace(/^r /m, 'r x'), 'latin1')
    : diff
}

function endless(response: ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 'network-status-version 3\n')
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

function truncated(response: ServerResponse, bytes: Uint8Array): void {
  // As HTTP/1.0 servers do: the end of the connection is the end of the answer, so only the content can tell.
  response.useChunkedEncodingByDefault = false
  response.setHeader('connection', 'close')
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.socket?.end())
}

function slow(response: ServerResponse, bytes: Uint8Array): void {
  let at = 0
  const timer = setInterval(() => response.write(bytes.subarray(at, (at += 1))), 20)
  response.on('close', () => clearInterval(timer))
}
