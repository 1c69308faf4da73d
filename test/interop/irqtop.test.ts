import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { interruptsText } from '#systems/interrupts/fixtures/machine.ts'
import type { InterruptsSample } from '#systems/interrupts/wire.ts'
import { needs } from '../peers.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
/** Per second, by line and CPU. */
const RATES: Readonly<Record<string, readonly number[]>> = {
  24: [0, 0],
  25: [3000, 0],
  26: [0, 12_000],
  27: [700, 1900],
}
/** Clocks of two programs that read a moving file; a wrong column or a missing division is far beyond it. */
const TOLERANCE = 0.2

/** A file whose counts grow at RATES, overwritten in place (each text is as long as the one before). */
function movingFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'noc-irqtop-'))
  const file = join(directory, 'interrupts')
  const fd = openSync(file, 'w')
  const start = performance.now()
  const write = (): void => {
    const seconds = (performance.now() - start) / 1000
    const lines = Object.entries(RATES).map(([id, rates]) => ({
      id,
      label: `PCI-MSIX-0000:00:02.0   ${id}-edge      eth0-TxRx-${id}`,
      counts: rates.map((rate) => 1e6 + Math.floor(rate * seconds)),
    }))
    writeSync(fd, Buffer.from(interruptsText([0, 1], lines)), 0, null, 0)
  }
  write()
  const timer = setInterval(write, 5)
  t.after(() => {
    clearInterval(timer)
    closeSync(fd)
    rmSync(directory, { recursive: true, force: true })
  })
  return file
}

/** Runs a program in an own mount namespace where `file` lies over /proc/interrupts, until `enough` has been said. */
function overProc(file: string, command: readonly string[], enough: (said: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const inside = 'mount --bind "$0" /proc/interrupts && exec "$@"'
    const child = spawn('unshare', ['-m', 'sh', '-c', inside, file, ...command], {
      timeout: 30_000,
      killSignal: 'SIGKILL',
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (enough(said)) child.kill('SIGKILL')
      })
    }
    child.on('error', reject)
    child.on('close', () => (enough(said) ? resolve(said) : reject(new Error(said.slice(-500)))))
  })
}

/** `   12000.0  cpu1  i  <26>  PCI-…` */
function irqtopRates(said: string): Map<string, number> {
  const lines = said.matchAll(/^ *(\d+\.\d) {2}(cpu\d+) {2}i {2}<(\d+)>/gm)
  return new Map([...lines].map(([, rate, cpu, id]) => [`${id} ${cpu}`, Number(rate)]))
}

const skip = needs({ root: true, programs: ['irqtop', 'unshare', 'mount'] })

describe('beside irqtop', { skip }, () => {
  it('shows the same rates for the same file', { timeout: 60_000 }, async (t) => {
    const file = movingFile(t)
    const twice = (said: string): boolean => (said.match(/<26>/g) ?? []).length >= 2
    const noc = [process.execPath, '--import', 'tsx', main, 'interrupts', '--json', '-n', '2']
    const [theirs, ours] = await Promise.all([
      // Its -d is ignored; the interval is an argument.
      overProc(file, ['irqtop', '--batch', '--top', '--irq', '1'], twice).then(irqtopRates),
      overProc(file, noc, (said) => said.split('\n').length > 2),
    ])
    const sample = JSON.parse(ours.split('\n')[1] ?? '') as InterruptsSample
    for (const [id, rates] of Object.entries(RATES)) {
      const line = sample.interrupts.find((one) => one.id === id)
      rates.forEach((rate, cpu) => {
        const own = line?.rates[cpu] ?? NaN
        assert.ok(Math.abs(own - rate) <= rate * TOLERANCE, `${id} on CPU ${cpu}: ${own}, true is ${rate}`)
        // It leaves out the first line and lines without a rate.
        const peer = theirs.get(`${id} cpu${cpu}`)
        if (peer !== undefined) assert.ok(Math.abs(own - peer) <= rate * TOLERANCE * 2, `${id} on CPU ${cpu}: ${peer}`)
      })
    }
    assert.ok(theirs.size >= 4, 'irqtop told too little to compare')
  })
})
