import { text } from 'node:stream/consumers'
import { runTasks } from './inside.ts'
import type { Task } from './tasks.ts'

/** Where this module lies, before and after bundling. */
export const location: string = import.meta.url

/** Reads tasks (a JSON list) from standard input, writes a JSON line a result. Runs inside a box. */
export async function runInside(): Promise<void> {
  const tasks = JSON.parse(await text(process.stdin)) as readonly Task[]
  await runTasks(tasks, (result) => process.stdout.write(`${JSON.stringify(result)}\n`))
}
