import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import * as v from 'valibot'
import { exitCode, NocError } from '#core/errors.ts'
import { notedCommand } from '../../../test/fixtures/noted-command.ts'
import { show } from './cli.ts'
import { interruptsTable } from './config.ts'
import { interruptsText, writeMachine, type FakeLine } from './fixtures/machine.ts'
import type { ShowInput } from './index.ts'
import { sampleSchema } from './schema.ts'

interface Ran {
  readonly code: number
  readonly lines: readonly string[]
  readonly documents: readonly v.InferOutput<typeof sampleSchema>[]
  readonly notes: readonly string[]
}

/** Runs the command as a pipe would, on this machine's own files unless flags say otherwise. */
async function run(
  flags: Partial<ShowInput['flags']>,
  json = false,
  signal = new AbortController().signal,
): Promise<Ran> {
  const config = v.parse(interruptsTable.schema, {})
  const noted = notedCommand({ config, json, signal })
  const off = { all: false, total: false, heat: false, batch: false, check: false }
  const none = { cpus: undefined, filter: undefined, interval: 0.05, count: undefined, sort: undefined }
  const input: ShowInput = {
    args: [],
    flags: { ...off, ...none, record: undefined, replay: undefined, proc: undefined, sys: undefined, ...flags },
  }
  const code = await show(input, noted.cx)
  const lines = (text: string): string[] => text.split('\n').slice(0, -1)
  const documents = noted.documents.map((document) => v.parse(sampleSchema, document))
  return { code, lines: lines(noted.out()), documents, notes: lines(noted.notes()) }
}

function directory(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'noc-itop-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  return root
}

/** A machine whose eight queues all interrupt CPU 3 until the test ends. */
function stuckMachine(t: TestContext): string {
  const root = directory(t)
  const cpus = [0, 1, 2, 3]
  let round = 0
  const write = (): void => {
    round += 1
    const lines = Array.from({ length: 8 }, (_, i): FakeLine => ({
      id: String(58 + i),
      label: `PCI-MSI ${i}-edge      eth0-TxRx-${i}`,
      counts: [0, 0, 0, round * 1000],
    }))
    writeMachine(root, { interrupts: interruptsText(cpus, lines), nodes: ['0-3'] })
  }
  write()
  const timer = setInterval(write, 20)
  t.after(() => clearInterval(timer))
  return join(root, 'proc')
}

const usage = (message: RegExp) => (error: unknown) =>
  error instanceof NocError && error.exit === exitCode.usage && message.test(error.message)

describe('noc interrupts on this machine', () => {
  it('prints one table with rates and ends when stdout is no terminal', async () => {
    const { code, lines } = await run({})
    assert.equal(code, exitCode.ok)
    assert.match(lines[0] ?? '', /^[●◆■] (ok|look|bad) {2}/)
    assert.match(lines.join('\n'), /LOC|arch_timer|IPI/)
    assert.match(lines.join('\n'), /IRQ +NAME +\/s/)
  })

  it('gives one document a sample; the second has rates', async () => {
    const { documents } = await run({ count: 2 }, true)
    assert.equal(documents.length, 2)
    assert.equal(documents[0]?.interval, 0)
    assert.ok((documents[1]?.interval ?? 0) > 0)
    assert.ok(documents[1]?.interrupts.some((line) => (line.rate ?? 0) >= 0))
    for (const line of documents[1]?.softirqs ?? []) assert.equal(line.counts.length, documents[1]?.cpus.length)
  })

  it('ends quietly when it is interrupted', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 200)
    const { code, documents } = await run({ interval: 60 }, true, controller.signal)
    assert.equal(code, exitCode.ok)
    assert.equal(documents.length, 1)
  })
})

describe('noc interrupts on another /proc', () => {
  it('finds the imbalance, prints the commands, and exits with 1 when asked to check', async (t) => {
    const proc = stuckMachine(t)
    const { code, lines } = await run({ proc, check: true, batch: true })
    assert.equal(code, exitCode.found)
    assert.match(lines[0] ?? '', /^◆ look {2}All eight queues of eth0 land on CPU 3\.$/)
    assert.ok(lines.includes('    echo 0 > /proc/irq/58/smp_affinity_list'))
    assert.equal((await run({ proc })).code, exitCode.ok, 'without --check the answer is in the text')
    assert.equal((await run({ proc, check: true }, true)).code, exitCode.found)
  })

  it('shows only the processors and lines asked for', async (t) => {
    const proc = stuckMachine(t)
    const { lines } = await run({ proc, cpus: '2-3,9', filter: 'txrx-[01]$' })
    const table = lines.join('\n')
    assert.match(table, /CPU2 +CPU3/)
    assert.doesNotMatch(table, /CPU0|CPU1 |TxRx-2 {2}/)
    assert.match(table, /eth0-TxRx-1/)
    const { documents } = await run({ proc, cpus: '3', filter: 'TxRx-7', count: 1 }, true)
    assert.deepEqual(documents[0]?.cpus, [3])
    assert.deepEqual(
      documents[0]?.interrupts.map((line) => line.id),
      ['65'],
    )
  })

  it('draws a heat map', async (t) => {
    const { lines } = await run({ proc: stuckMachine(t), heat: true })
    assert.match(lines.join('\n'), /eth0-TxRx-0.*█/)
  })

  it('says clearly what is wrong with the flags or the directory', async (t) => {
    const proc = stuckMachine(t)
    await assert.rejects(run({ cpus: '3-1' }), usage(/--cpus takes a list/))
    await assert.rejects(run({ filter: '(' }), usage(/regular expression/))
    await assert.rejects(run({ all: true, total: true }), usage(/exclude/))
    await assert.rejects(run({ proc, cpus: '77' }), usage(/None of the processors/))
    await assert.rejects(
      run({ proc: '/nonexistent' }),
      (error) => error instanceof NocError && error.exit === exitCode.unable && /no such file/.test(error.message),
    )
  })
})

describe('recordings', () => {
  it('hold the same documents as --json and play back as tables and documents', async (t) => {
    const file = join(directory(t), 'night.jsonl')
    const proc = stuckMachine(t)
    const { documents } = await run({ proc, record: file, count: 3 }, true)
    assert.deepEqual(
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
      documents,
    )
    const replayed = await run({ replay: file }, true)
    assert.deepEqual(replayed.documents, documents)
    const { lines, code } = await run({ replay: file, check: true })
    assert.equal(lines.filter((line) => line.includes('IRQ  NAME')).length, 3)
    assert.match(lines.join('\n'), /All eight queues of eth0 land on CPU 3/)
    assert.equal(code, exitCode.found)
  })

  it('are never overwritten', async (t) => {
    const file = join(directory(t), 'mine')
    writeFileSync(file, 'precious')
    await assert.rejects(run({ record: file, count: 1 }, true), usage(/exists already/))
    assert.equal(readFileSync(file, 'utf8'), 'precious')
  })

  it('leave no file behind when there is nothing to record', async (t) => {
    const file = join(directory(t), 'none')
    await assert.rejects(run({ record: file, cpus: 'x' }, true))
    assert.ok(!existsSync(file))
  })

  it('can be cut off anywhere in the last line, and nowhere else', async (t) => {
    const file = join(directory(t), 'torn.jsonl')
    await run({ proc: stuckMachine(t), record: file, count: 2 }, true)
    const whole = readFileSync(file)
    const second = whole.indexOf(10) + 1
    for (const end of [second, second + 1, second + 40, whole.length - 2, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, end))
      const { documents, notes } = await run({ replay: file }, true)
      const torn = end > second && end < whole.length - 1
      assert.equal(documents.length, end === whole.length - 1 ? 2 : 1)
      assert.equal(notes.length, torn ? 1 : 0)
    }
    appendFileSync(file, '\n{"at":1}\n')
    await assert.rejects(run({ replay: file }, true), usage(/document 3: /))
    writeFileSync(file, Buffer.concat([whole.subarray(0, 100), Buffer.from('\n'), whole]))
    await assert.rejects(run({ replay: file }, true), usage(/document 1: no JSON/))
    writeFileSync(file, 'hello\n')
    await assert.rejects(run({ replay: file }, true), usage(/holds no JSON documents/))
    await assert.rejects(run({ replay: join(file, 'x') }, true), usage(/Can't read|ENOTDIR/))
  })
})
