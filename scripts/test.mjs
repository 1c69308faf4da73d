// `npm test [-- PATTERN]`: all the set-up, then every test. PATTERN: part of a test file's path.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { installPeers, missing } from './peers.mjs'
import { build, root } from './setup.mjs'

await build()
installPeers()
const [pattern] = process.argv.slice(2)
// Three parts side by side, see test/all.ts; what the others say is shown when the first is done.
const parts = pattern === undefined ? ['other', 'setups', 'tor'] : [undefined]
const tests = ['--import', 'tsx', '--test-reporter=spec', 'test/all.ts']
const running = parts.map((part, number) => {
  const stdio = ['inherit', number === 0 ? 'inherit' : 'pipe', 'inherit']
  const child = spawn(process.execPath, [...tests, pattern ?? '', ...(part ? [part] : [])], { cwd: root, stdio })
  const said = []
  child.stdout?.on('data', (chunk) => said.push(chunk))
  return { child, ended: once(child, 'close'), said }
})
for (const signal of ['SIGTERM', 'SIGHUP'])
  process.once(signal, () => running.forEach(({ child }) => child.kill(signal)))
let status = 0
for (const { ended, said } of running) {
  const [code] = await ended
  process.stdout.write(Buffer.concat(said))
  status ||= code ?? 1
}
const absent = missing()
if (absent.length > 0) console.error(`Left out: the tests that need ${absent.join(', ')} (not on this machine).`)
if (process.getuid() !== 0) console.error('Left out: the tests that need root (network namespaces).')
process.exitCode = status
