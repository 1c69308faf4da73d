/**
 * Set-ups for a daemon that may not change the machine itself: it asks a helper over a socket that systemd listens on,
 * which starts `noc setups helper` for each connection. One line of JSON asks; one line with the answer comes back, or a
 * line an event. The helper makes its own plan from the configuration file: who holds the daemon can ask for a set-up of
 * this machine's configuration, and for nothing else.
 */
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import * as v from 'valibot'
import { type ErrorData, NocError, errorData, errorOf, exitCode, reasonOf } from '../../errors.ts'
import type { SetupWork } from './configured.ts'
import type { PlanDocument, SetupDocument, UndoDocument } from './documents.ts'
import type { SetupEvent } from './types.ts'

/** Where systemd listens (packaging/nocturne-setups.socket). */
export const HELPER_SOCKET = '/run/nocturne-setups.sock'
/** A question has some 200 bytes. */
const MAX_QUESTION_CHARACTERS = 4096
/** Of one line of the helper: a plan with the differences of large files. */
const MAX_LINE_CHARACTERS = 64 * 1024 * 1024

const setup = v.string()
const part = { run: v.nullable(v.pipe(v.number(), v.integer())), force: v.boolean() } as const
const questionSchema = v.variant('ask', [
  v.strictObject({ ask: v.literal('describe'), setup }),
  v.strictObject({ ask: v.literal('plan'), setup }),
  v.strictObject({ ask: v.literal('undo-plan'), setup, ...part }),
  v.strictObject({
    ask: v.literal('run'),
    setup,
    ...part,
    verb: v.picklist(['apply', 'undo']),
    hash: v.string(),
    actor: v.string(),
  }),
])
type Question = v.InferOutput<typeof questionSchema>

/** A line of the helper. */
type Said =
  | { readonly event: SetupEvent }
  | { readonly answer: SetupDocument | PlanDocument | UndoDocument }
  /** Why it ended before its end. */
  | { readonly failed: ErrorData }

/** The daemon's side: the work of one set-up, done by the helper; a run ends between two steps when `signal` says so. */
export function workByHelper(path: string, name: string, signal: AbortSignal): SetupWork {
  const answer = async <T>(question: Question): Promise<T> => {
    for await (const said of conversation(path, question, signal)) if ('answer' in said) return said.answer as T
    throw helperTrouble('ended without an answer', undefined)
  }
  return {
    describe: () => answer({ ask: 'describe', setup: name }),
    plan: () => answer({ ask: 'plan', setup: name }),
    undoPlan: ({ run, force }) => answer({ ask: 'undo-plan', setup: name, run, force }),
    async *run({ verb, hash, run, force, actor }) {
      let [begun, ended] = [false, false]
      for await (const said of conversation(path, { ask: 'run', setup: name, verb, hash, run, force, actor }, signal)) {
        if (!('event' in said)) continue
        begun ||= said.event.event === 'begin'
        ended ||= said.event.event === 'end'
        yield said.event
      }
      if (begun && !ended) throw helperTrouble('ended before its run did', undefined)
    },
  }
}

async function* conversation(path: string, question: Question, signal: AbortSignal): AsyncGenerator<Said> {
  const socket = connect(path)
  const stop = (): void => void socket.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await once(socket, 'connect', { signal })
    socket.write(`${JSON.stringify(question)}\n`)
    for await (const line of lines(socket)) {
      const said = JSON.parse(line) as Said
      if ('failed' in said) throw errorOf(said.failed)
      yield said
    }
  } catch (error) {
    if (error instanceof NocError) throw error
    throw helperTrouble(`can't be asked: ${reasonOf(error)}`, error)
  } finally {
    signal.removeEventListener('abort', stop)
    socket.destroy()
  }
}

async function* lines(socket: Socket): AsyncGenerator<string> {
  let text = ''
  for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end)
      text = text.slice(end + 1)
    }
    if (text.length > MAX_LINE_CHARACTERS) throw helperTrouble('says too much in one line', undefined)
  }
}

function helperTrouble(what: string, cause: unknown): NocError {
  return new NocError('NOC_SETUP_HELPER', `The helper that looks at and changes this machine ${what}.`, {
    cause,
    hint: "`journalctl -u 'nocturne-setups@*'` tells why; what was done is in the log and can be undone.",
  })
}

/** What `noc setups helper` works with. */
export interface HelperOptions {
  /** The work of a set-up; null: there is none of that name. `gone` aborts when who asked does not listen any more. */
  work(setup: string, gone: AbortSignal): SetupWork | null
  readonly input: Readable
  readonly output: Writable
}

/** The helper's side: one question. What refuses or ends its run is told to who asked, and thrown. */
export async function answerOne({ work, input, output }: HelperOptions): Promise<void> {
  const gone = new AbortController()
  const say = (line: Said): void => void (gone.signal.aborted || output.write(`${JSON.stringify(line)}\n`))
  // Who asked and is gone must not end us within a step.
  output.on('error', () => gone.abort())
  try {
    const question = await asked(input, () => gone.abort())
    const one = work(question.setup, gone.signal)
    if (one === null) throw new NocError('NOC_SETUP_UNKNOWN', 'There is no such set-up.', { exit: exitCode.found })
    if (question.ask === 'describe') say({ answer: await one.describe() })
    else if (question.ask === 'plan') say({ answer: await one.plan() })
    else if (question.ask === 'undo-plan') say({ answer: await one.undoPlan(question) })
    else for await (const event of one.run(question)) say({ event })
  } catch (error) {
    say({ failed: errorData(error instanceof NocError ? error : new NocError('NOC_SETUP_FAULT', reasonOf(error))) })
    throw error
  }
}

/** The first line of `input`; `onEnd` is called when who asked is gone. */
async function asked(input: Readable, onEnd: () => void): Promise<Question> {
  const line = await new Promise<string>((resolve) => {
    let text = ''
    const take = (chunk: string): void => {
      text += chunk
      if (!text.includes('\n') && text.length <= MAX_QUESTION_CHARACTERS) return
      input.off('data', take)
      resolve(text.slice(0, text.indexOf('\n')))
    }
    const end = (): void => {
      resolve('')
      onEnd()
    }
    input.setEncoding('utf8').on('data', take).on('end', end).on('error', end)
  })
  input.resume()
  try {
    return v.parse(questionSchema, JSON.parse(line))
  } catch (error) {
    throw new NocError('NOC_SETUP_QUESTION', `That is no question about a set-up: ${reasonOf(error)}.`, {
      exit: exitCode.usage,
      hint: 'Only the daemon talks to this command.',
    })
  }
}
