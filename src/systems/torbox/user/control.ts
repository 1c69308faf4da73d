/**
 * The control socket of a running box. Its file is the record that the box exists: who can connect to it has a box
 * that lives, and what a killed keeper left behind refuses connections. It lies where only the box's owner can reach
 * it. One word in, one line of JSON back.
 */
import { accessSync, constants, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { type Server, createServer, connect } from 'node:net'
import { dirname, isAbsolute, join } from 'node:path'
import { NocError, reasonOf, systemErrorCode } from '#core/errors.ts'
import type { BoxRequest } from './wire.ts'

/** Bytes of a question, and of an answer with all its streams. */
const MAX_REQUEST = 64
const MAX_ANSWER = 4 << 20
/** Milliseconds for one question and its answer. */
const ASK_MS = 5000

const SUFFIX = '.sock'

/**
 * Where this user's boxes are recorded: in the directory that logging in made, root's without one in /run. Where there
 * is neither (su, cron, containers) it is in /tmp.
 */
export function boxesDirectory(env: Readonly<NodeJS.ProcessEnv>, uid: number): string {
  const candidates = [env['XDG_RUNTIME_DIR'] ?? '', ...(uid === 0 ? ['/run'] : [])]
  const found = candidates.find((directory) => isAbsolute(directory) && isOurs(directory, uid))
  return join(found === undefined ? `/tmp/nocturne-${uid}` : join(found, 'nocturne'), 'boxes')
}

function isOurs(directory: string, uid: number): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return lstatSync(directory).uid === uid
  } catch {
    return false
  }
}

/** Makes that directory, for nobody else to look into; refuses one in a place that somebody else prepared for us. */
export function makeDirectory(directory: string, uid: number): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    for (const path of [dirname(directory), directory]) {
      const { uid: owner, mode } = lstatSync(path)
      if (owner !== uid || (mode & 0o22) !== 0) throw new Error(`${path} belongs to somebody else`)
    }
  } catch (error) {
    throw new NocError('NOC_TORBOX_DIRECTORY', `Boxes can't be recorded in ${directory}: ${reasonOf(error)}.`, {
      hint: 'Set XDG_RUNTIME_DIR to a directory of your own.',
      cause: error,
    })
  }
}

/** Names of the boxes recorded in a directory, living or not. */
export function recordedNames(directory: string): string[] {
  try {
    const files = readdirSync(directory).filter((file) => file.endsWith(SUFFIX))
    return files.map((file) => file.slice(0, -SUFFIX.length))
  } catch {
    return []
  }
}

/** Opens the control socket of a new box; null when a box that lives has this name. */
export async function openControl(
  directory: string,
  name: string,
  answer: (request: BoxRequest) => unknown,
): Promise<Server | null> {
  if ((await askBox(directory, name, 'status')) !== undefined) return null
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let request = ''
    socket.setTimeout(ASK_MS, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      request += chunk
      if (request.length > MAX_REQUEST) socket.destroy()
    })
    socket.on('end', () => {
      void Promise.resolve(answer(request as BoxRequest)).then(
        (document) => socket.end(JSON.stringify(document)),
        () => socket.destroy(),
      )
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (systemErrorCode(error) === 'EADDRINUSE' ? resolve(null) : reject(error)))
    server.listen(join(directory, name + SUFFIX), () => resolve(server))
  })
}

/** Asks a box; undefined when it does not live (any more). What it left behind in a directory of ours is removed. */
export async function askBox(directory: string, name: string, request: BoxRequest): Promise<unknown> {
  const path = join(directory, name + SUFFIX)
  try {
    return JSON.parse(await exchange(path, request)) as unknown
  } catch (error) {
    if (systemErrorCode(error) === 'ECONNREFUSED' && isOurs(directory, process.getuid?.() ?? 0))
      rmSync(path, { force: true })
    return undefined
  }
}

function exchange(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let text = ''
    socket.setTimeout(ASK_MS, () => socket.destroy(new Error('no answer')))
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.length > MAX_ANSWER) socket.destroy(new Error('too long an answer'))
    })
    socket.on('error', reject).on('end', () => resolve(text))
    socket.end(request)
  })
}
