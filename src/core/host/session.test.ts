import assert from 'node:assert/strict'
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { needs } from '../../../test/peers.ts'

type Cleaner = { after(fn: () => void): void }

/** Text of a module that has `startSession`; it runs in a process of its own, as a session takes terminal and signals. */
const module = (text: string): string[] => [
  '--import',
  'tsx',
  '--input-type=module',
  '-e',
  `import { startSession } from ${JSON.stringify(join(import.meta.dirname, 'session.ts'))}\n${text}`,
]
const run = (argv: readonly string[]): string =>
  `process.exitCode = await (await startSession(${JSON.stringify(argv)}, { env: process.env })).ended`

interface Started {
  readonly child: ChildProcess
  /** All it wrote to both outputs so far. */
  said(): string
  /** Waits until it wrote this. */
  says(text: string): Promise<void>
  readonly code: Promise<number | null>
}

function start(t: Cleaner, program: string, args: readonly string[], stdio: StdioOptions = 'pipe'): Started {
  const child = spawn(program, args, { stdio })
  t.after(() => child.kill('SIGKILL'))
  let text = ''
  const hear = (chunk: Buffer): void => void (text += chunk.toString())
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  const code = once(child, 'close').then(([code]) => code as number | null)
  const says = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended without "${wanted}": ${text}`)
      await Promise.race([once(child.stdout ?? child, 'data'), code])
    }
  }
  return { child, said: () => text, says, code }
}

test('a session has our input and outputs, and its exit status is as a shell would count it', async (t) => {
  const echo = start(
    t,
    process.execPath,
    module(run(['sh', '-c', 'read -r line; echo "out $line"; echo err >&2; exit 7'])),
  )
  echo.child.stdin?.end('in\n')
  assert.equal(await echo.code, 7)
  assert.match(echo.said(), /out in/)
  assert.match(echo.said(), /err/)
  assert.equal(await start(t, process.execPath, module(run(['sh', '-c', 'kill -SEGV $$']))).code, 128 + 11)
})

test('a program that is not there is an error in words', async (t) => {
  const program = `await startSession(['/nonexistent/x'], { env: {} }).catch((error) => console.log(error.code))`
  const missing = start(t, process.execPath, module(program))
  assert.equal(await missing.code, 0)
  assert.match(missing.said(), /NOC_HOST_PROGRAM_MISSING/)
})

test('a signal to us is for the program; when it has ended, signals are ours again', async (t) => {
  // Not a shell: its trap waits for the next line when the signal comes just before it begins to read.
  const trap = `process.on('SIGTERM', () => console.log('got TERM'))
process.stdin.once('data', () => process.exit(3))
console.log('ready')`
  const program = `process.on('SIGTERM', () => { console.log('ours'); process.exit(9) })
${run([process.execPath, '-e', trap])}
console.log('ended', process.exitCode)
setInterval(() => {}, 1000)`
  const us = start(t, process.execPath, module(program))
  await us.says('ready')
  us.child.kill('SIGTERM')
  await us.says('got TERM')
  us.child.stdin?.write('go on\n')
  await us.says('ended 3')
  us.child.kill('SIGTERM')
  assert.equal(await us.code, 9)
  assert.match(us.said(), /got TERM[^]*ended 3[^]*ours/)
})

test('files that our starter left open do not reach the program', async (t) => {
  const list = run(['sh', '-c', 'for fd in 3 4 5 6 7 8 9; do readlink /proc/self/fd/$fd; done; :'])
  const us = start(t, process.execPath, module(list), [
    'pipe',
    'pipe',
    'pipe',
    'ignore',
    'ignore',
    'ignore',
    'ignore',
    'pipe',
  ])
  assert.equal(await us.code, 0)
  assert.doesNotMatch(us.said(), /socket|pipe/)
})

test('over the back channel come open sockets and what the program writes first, and its own file 4 is our stderr', async (t) => {
  const inner = `process.stderr.write('building\\n')
    require('fs').writeSync(4, 'to the terminal\\n')
    process.on('message', (word) => process.exit(word === 'go' ? 5 : 1))
    const server = require('net').createServer().listen(0, '127.0.0.1', () => process.send('web', server, undefined, () => server.close()))`
  const program = `import { connect } from 'node:net'
const session = await startSession([process.execPath, '-e', ${JSON.stringify(inner)}], { env: process.env, channel: {
  maxBytes: 100,
  onMessage: (name, server) => {
    server.on('connection', (socket) => { console.log('connected', name); socket.end(); server.close(); session.send('go') })
    connect(server.address().port, '127.0.0.1').resume()
  } } })
process.exitCode = await session.ended
console.log('kept', JSON.stringify(session.errors()))`
  const us = start(t, process.execPath, module(program))
  assert.equal(await us.code, 5)
  assert.match(us.said(), /connected web/)
  assert.match(us.said(), /to the terminal/)
  assert.match(us.said(), /kept "building\\n"/)
})

test('Ctrl-C reaches the program once, and us not at all', { skip: needs({ programs: ['script'] }) }, async (t) => {
  const trap = `process.on('SIGINT', () => console.log('interrupted'))
process.stdin.once('data', () => process.exit(4))
console.log('ready')`
  const command = [process.execPath, ...module(run([process.execPath, '-e', trap]))].map(
    (word) => `'${word.replaceAll("'", `'\\''`)}'`,
  )
  // `exec`: a shell of script's between the terminal and us would be ended by the key (dash is one that stays).
  const us = start(t, 'script', ['-qec', `exec ${command.join(' ')}`, '/dev/null'])
  await us.says('ready')
  us.child.stdin?.write('\u0003')
  await us.says('interrupted')
  us.child.stdin?.write('line\n')
  assert.equal(await us.code, 4)
  assert.equal(us.said().match(/interrupted/g)?.length, 1)
})
