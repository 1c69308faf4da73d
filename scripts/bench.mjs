// `npm run bench -- NAME`: runs bench/NAME.ts beside its peer and prints ratios. Long; not part of `npm test`.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build, must, root } from './setup.mjs'

const names = readdirSync(join(root, 'bench'))
  .filter((f) => f.endsWith('.ts'))
  .map((f) => f.slice(0, -3))
const [name, ...rest] = process.argv.slice(2)
if (name === undefined || !existsSync(join(root, `bench/${name}.ts`))) {
  console.error(`usage: npm run bench -- NAME\nNAME: ${names.join(', ')}`)
  process.exit(2)
}
await build()
must(process.execPath, ['--import', 'tsx', `bench/${name}.ts`, ...rest])
