/**
 * `npm run bench -- interrupts [SECONDS]`: 256 CPUs x 500 lines, new counts each second, read once a second by us and by
 * Debian's irqtop at the same time. Each runs in an own mount namespace where the made-up file lies over
 * /proc/interrupts; nothing outside sees it. Needs root.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { interruptsText, type FakeLine } from '../src/systems/interrupts/fixtures/machine.ts'

const CPUS = 256
const LINES = 500
/** Left out of the measurement: start-up, and the compiler that warms up. */
const WARM_UP_SECONDS = 5
/** USER_HZ of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100
const seconds = Number(process.argv[2] ?? 30)
const noc = join(import.meta.dirname, '..', 'bin', 'noc')

function textAt(second: number): string {
  const cpus = Array.from({ length: CPUS }, (_, cpu) => cpu)
  const devices = Array.from({ length: LINES - 3 }, (_, i): FakeLine => {
    const label = `PCI-MSIX-0000:${(i >> 6).toString(16).padStart(2, '0')}:00.0 ${i & 63}-edge      eth${i >> 6}-TxRx-${i & 63}`
    return {
      id: String(24 + i),
      label,
      counts: cpus.map((cpu) => ((cpu + i) % 3 === 0 ? 1e9 + second * ((i * 7 + cpu) % 90) : 0)),
    }
  })
  const own = ['LOC', 'RES', 'CAL'].map((id, k): FakeLine => ({
    id,
    label: `${id} interrupts`,
    counts: cpus.map((cpu) => 1e9 + second * (250 + k * cpu)),
  }))
  return interruptsText(cpus, [...devices, ...own])
}

function start(file: string, program: string, args: readonly string[]): ChildProcess {
  const inside = 'mount --bind "$0" /proc/interrupts && exec "$@"'
  return spawn('unshare', ['-m', 'sh', '-c', inside, file, program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** CPU seconds of a process and the children it waited for. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / TICKS_PER_SECOND
}

function megabytes(pid: number, what: 'VmHWM' | 'VmRSS'): number {
  return (
    (Number(new RegExp(`^${what}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) *
      1024) /
    1e6
  )
}

const directory = mkdtempSync(join(tmpdir(), 'noc-bench-'))
const file = join(directory, 'interrupts')
const fd = openSync(file, 'w')
// Every text is as long as the next, so overwriting in place never shows half a line.
const write = (second: number): number => writeSync(fd, Buffer.from(textAt(second)), 0, null, 0)
const size = write(0)
let second = 0
const writer = setInterval(() => write((second += 1)), 1000)
const children = {
  'noc interrupts --batch': start(file, process.execPath, [noc, 'interrupts', '--batch', '-i', '1']),
  // Its --delay is ignored; the interval is an argument.
  'irqtop --batch (Debian)': start(file, 'irqtop', ['--batch', '1']),
}
try {
  await pause(WARM_UP_SECONDS * 1000)
  const before = new Map(Object.entries(children).map(([name, { pid = 0 }]) => [name, { warm: cpuSeconds(pid) }]))
  await pause(seconds * 1000)
  const used = Object.entries(children).map(([name, { pid = 0 }]) => {
    const warm = before.get(name)?.warm ?? 0
    return {
      name,
      start: warm,
      cpu: cpuSeconds(pid) - warm,
      now: megabytes(pid, 'VmRSS'),
      peak: megabytes(pid, 'VmHWM'),
    }
  })
  const ours = used[0]?.cpu ?? NaN
  process.stdout.write(
    `${CPUS} CPUs x ${LINES} lines, ${(size / 1e6).toFixed(2)} MB, one sample a second, ${seconds} s\n`,
  )
  for (const { name, start: warm, cpu, now, peak } of used) {
    const share = `${((cpu / seconds) * 100).toFixed(2)} % of a core`
    process.stdout.write(
      `${name.padEnd(26)} ${cpu.toFixed(2).padStart(6)} s CPU  ${share.padStart(18)}  ${(cpu / ours).toFixed(1).padStart(5)}x  ${now.toFixed(0)} MB (peak ${peak.toFixed(0)})  (first ${WARM_UP_SECONDS} s: ${warm.toFixed(2)} s)\n`,
    )
  }
} finally {
  clearInterval(writer)
  for (const child of Object.values(children)) child.kill('SIGKILL')
  closeSync(fd)
  rmSync(directory, { recursive: true, force: true })
}
