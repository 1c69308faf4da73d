// `npm run check`: everything that a reader of the code may take for granted. Ends at the first thing that is wrong.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, must, root } from './setup.mjs'

/** First load of the console, gzip: page, style and main script with what it imports at once. */
const CONSOLE_BUDGET_BYTES = 90_000

/** All script of the world map beside the base map, gzip; the static site has it in one file. */
const MAP_BUDGET_BYTES = 70_000

function mapSize() {
  const bytes = gzipSync(readFileSync(join(root, 'dist/site/map.js')), { level: 9 }).length
  console.log(`script of the map: ${(bytes / 1000).toFixed(1)} kB gz of ${MAP_BUDGET_BYTES / 1000}`)
  if (bytes > MAP_BUDGET_BYTES) process.exit(1)
}

function consoleSize() {
  const dir = join(root, 'dist/console')
  const seen = new Set()
  const visit = (file) => {
    if (seen.has(file)) return
    seen.add(file)
    const text = readFileSync(join(dir, file), 'utf8')
    const links = file.endsWith('.html')
      ? text.matchAll(/(?:src|href)="\/([^"]+)"/g)
      : text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)
    for (const [, next] of links) visit(next)
  }
  visit('index.html')
  const bytes = [...seen].reduce((sum, file) => sum + gzipSync(readFileSync(join(dir, file))).length, 0)
  console.log(
    `console first load: ${(bytes / 1000).toFixed(1)} kB gz of ${CONSOLE_BUDGET_BYTES / 1000} (${seen.size} of ${readdirSync(dir).length} files)`,
  )
  if (bytes > CONSOLE_BUDGET_BYTES) process.exit(1)
}

const bin = (name) => join(root, 'node_modules/.bin', name)
await build()
const steps = [
  { name: 'types', run: () => must(bin('tsc'), ['-p', '.']) },
  { name: 'types of the console', run: () => must(bin('tsc'), ['-p', 'src/console']) },
  { name: 'lint', run: () => must(bin('oxlint'), ['--type-aware', '--deny-warnings']) },
  { name: 'format', run: () => must(bin('oxfmt'), ['--check', '.']) },
  { name: 'dead code', run: () => must(bin('knip'), ['--no-progress']) },
  { name: 'package', run: () => must(bin('publint'), ['--strict']) },
  { name: 'size', run: consoleSize },
  { name: 'size of the map', run: mapSize },
  {
    name: 'house rules',
    run: () => must(process.execPath, ['--import', 'tsx', '--test-reporter=dot', 'test/house.test.ts']),
  },
]
for (const { name, run } of steps) {
  const began = Date.now()
  run()
  console.log(`${name}: good (${((Date.now() - began) / 1000).toFixed(1)} s)`)
}
