/** The program that runs inside boxes is this very program: its module, loaded by a bare Node. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What to run in a box, and the folder that the box must see for it. */
export interface InsideProgram {
  readonly argv: readonly string[]
  readonly folder: string
}

/** How to run `runInside` of inside-main.ts as a process of its own. */
export async function insideProgram(): Promise<InsideProgram> {
  // After bundling it is a file of its own, because it is only ever loaded like this.
  const { location } = await import('./inside-main.ts')
  const script = `import(${JSON.stringify(location)}).then((module) => module.runInside())`
  return { argv: [process.execPath, ...process.execArgv, '-e', script], folder: packageFolder(fileURLToPath(location)) }
}

/** The nearest folder above with a package.json: the packages that the program may need are below it. */
function packageFolder(file: string): string {
  let folder = dirname(file)
  while (!existsSync(join(folder, 'package.json')) && folder !== '/') folder = dirname(folder)
  return folder === '/' ? dirname(file) : folder
}

/** The command line of this program. */
export function ourselves(): readonly string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? '']
}
