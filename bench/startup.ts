/** What `noc --version` costs beside an empty node: CPU seconds of the whole process, interleaved. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const RUNS = 41
const noc = join(import.meta.dirname, '..', 'bin', 'noc')

/** User and system seconds of one run, by the shell's own accounting of its child. */
function cpu(args: readonly string[]): number {
  const { stderr } = spawnSync(
    'bash',
    ['-c', 'TIMEFORMAT="%U %S"; time "$@" >/dev/null', 'time', process.execPath, ...args],
    {
      encoding: 'utf8',
    },
  )
  const [user = 0, system = 0] = stderr.trim().split(' ').map(Number)
  return user + system
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

const cases = {
  'node -e 0': ['-e', '0'],
  'noc --version': [noc, '--version'],
  'noc --help': [noc, '--help'],
  'noc interrupts --help': [noc, 'interrupts', '--help'],
}
const seconds = new Map(Object.keys(cases).map((name) => [name, [] as number[]]))
for (let run = 0; run < RUNS; run += 1)
  for (const [name, args] of Object.entries(cases)) seconds.get(name)?.push(cpu(args))

const base = seconds.get('node -e 0') ?? []
for (const [name, values] of seconds) {
  const pairs = values.map((value, run) => value / (base[run] ?? 1))
  process.stdout.write(
    `${name.padEnd(24)} ${(median(values) * 1000).toFixed(0).padStart(4)} ms CPU   ${median(pairs).toFixed(2)}x\n`,
  )
}
