/**
 * `npm run bench -- connections`: 50,000 sockets in an own network namespace, read by us and by ss in the same run.
 * Roles of this one file: `` opens the namespace, `inside` measures there, `serve` and `call` hold the sockets.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

const SELF = fileURLToPath(import.meta.url)
const PAIRS = 5
const CONNECTIONS = 25_000
const BATCH = 100

function role(name: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', SELF, name, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
}

const addressOf = (pair: number): string => (pair % 2 === 0 ? `127.0.1.${pair + 1}` : '::1')
const portOf = (pair: number): number => 8000 + pair

async function serve(pair: number): Promise<void> {
  const held: Socket[] = []
  const server = createServer((socket) => held.push(socket.on('error', () => undefined)))
  server.listen({ host: addressOf(pair), port: portOf(pair), backlog: 4096 })
  await once(server, 'listening')
}

async function call(pair: number): Promise<void> {
  for (let done = 0; done < CONNECTIONS / PAIRS; done += BATCH) {
    await Promise.all(
      Array.from({ length: BATCH }, async () => {
        const socket = connect(portOf(pair), addressOf(pair))
        await once(socket, 'connect')
        socket.write('GET / HTTP/1.1\r\n\r\n')
      }),
    )
  }
}

async function ready(child: ChildProcess): Promise<void> {
  if (child.stdout) await once(child.stdout, 'data')
}

async function inside(args: readonly string[]): Promise<void> {
  spawnSync('ip', ['link', 'set', 'lo', 'up'])
  const pairs = Array.from({ length: PAIRS }, (_, pair) => String(pair))
  const servers = pairs.map((pair) => role('serve', pair))
  await Promise.all(servers.map(ready))
  const clients = pairs.map((pair) => role('call', pair))
  await Promise.all(clients.map(ready))
  console.log('up', process.pid)
  if (args[0] === 'hold') await once(process.stdin, 'end')
  for (const child of [...servers, ...clients]) child.kill()
}

const [what = '', ...rest] = process.argv.slice(2)
if (what === '') {
  const child = spawn(
    'unshare',
    ['--net', '--fork', '--kill-child', process.execPath, '--import', 'tsx', SELF, 'inside', ...rest],
    { stdio: 'inherit' },
  )
  await once(child, 'exit')
} else if (what === 'inside') await inside(rest)
else {
  process.stdin.on('end', () => process.exit()).resume()
  await (what === 'serve' ? serve(Number(rest[0])) : call(Number(rest[0])))
  process.stdout.write('ready\n')
}
