/** The rules of the house, checked: who may import whom, what a manifest may hold, how long a file may be. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, it } from 'node:test'
import { systems } from '#systems/index.ts'

const root = join(import.meta.dirname, '..')
const LONGEST_FILE_LINES = 400

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
  .map((file) => `src/${file}`)
const sources = files.filter((file) => !file.includes('.test.'))

interface Import {
  readonly from: string
  /** A file of ours (`src/...`) or a package (`node:fs`, `hono`). */
  readonly to: string
  readonly typeOnly: boolean
  readonly lazy: boolean
}

function resolve(from: string, name: string): string {
  if (name.startsWith('#')) return `src/${name.slice(1)}`
  return name.startsWith('.') ? normalize(join(dirname(from), name)) : name
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const statements = [...text.matchAll(/^\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gms)]
  const lazy = [...text.matchAll(/(?<!typeof )\bimport\('([^']+)'\)/g)]
  return [
    ...statements.map(([, , type, name = '']) => ({
      from: file,
      to: resolve(file, name),
      typeOnly: type !== undefined,
      lazy: false,
    })),
    ...lazy.map(([, name = '']) => ({ from: file, to: resolve(file, name), typeOnly: false, lazy: true })),
  ]
}

const imports = sources.flatMap(importsOf)
const systemOf = (file: string): string | undefined => /^src\/systems\/([^/]+)\//.exec(file)?.[1]
const isBrowser = (file: string): boolean =>
  file.startsWith('src/console/') ||
  file.endsWith('.tsx') ||
  file === 'src/systems/pages.ts' ||
  /^src\/systems\/[^/]+\/(page-|site\/)/.test(file)
const faults = (rule: (i: Import) => boolean): string[] => imports.filter(rule).map((i) => `${i.from} imports ${i.to}`)

/** Files that decide, parse and encode; what they need of the world is handed to them. */
const DOMAIN = /\/(parse|decode|delta|sample|verdicts|groups|view|text|nearest|locate|tonight|frame|codec)\.ts$/
/** What manifests describe their commands with; it loads nothing. */
const DESCRIBES_COMMANDS = new Set(['src/core/cli/command.ts', 'src/core/host/setup/commands.ts'])
/** The only run-time code that the console shares with the rest: pure; a map in a page and in a file is one map. */
const SHARED_WITH_CONSOLE =
  /^src\/(core\/(units|plain|host\/setup\/state)|systems\/torbox\/words|systems\/tormap\/(types|map\/[a-z-]+))\.ts$/

describe('directions', () => {
  it('core knows neither proto nor systems, proto knows no system, no system knows another', () => {
    const wrong = faults(({ from, to }) => {
      if (from.startsWith('src/core/')) return /^src\/(proto|systems|house|console|main|daemon)/.test(to)
      if (from.startsWith('src/proto/')) return /^src\/(systems|house|console|main|daemon)/.test(to)
      const own = systemOf(from)
      const other = systemOf(to)
      return own !== undefined && (/^src\/(house|main|daemon)/.test(to) || (other !== undefined && other !== own))
    })
    assert.deepEqual(wrong, [])
  })

  it('only core/host starts programs', () => {
    assert.deepEqual(
      faults(({ from, to }) => /^(node:)?child_process$/.test(to) && !from.startsWith('src/core/host/')),
      [],
    )
  })

  it('domain files touch no file, network, clock or process', () => {
    const world = /^node:(fs|net|http|https|tls|dgram|dns|os|process|child_process|timers|worker_threads)/
    assert.deepEqual(
      faults(({ from, to }) => DOMAIN.test(from) && world.test(to)),
      [],
    )
    const impure = sources.filter(
      (file) =>
        DOMAIN.test(file) &&
        /\b(Date\.now|Math\.random|process\.(env|argv|stdout)|performance\.now)\b/.test(
          readFileSync(join(root, file), 'utf8'),
        ),
    )
    assert.deepEqual(impure, [])
  })

  it('the console sees types of JSON and the shared formatters only; nothing imports the console', () => {
    const wrong = faults(({ from, to, typeOnly }) => {
      if (!isBrowser(from)) return isBrowser(to)
      if (!to.startsWith('src/'))
        return !typeOnly && !/^(preact|@preact\/signals|uplot|d3-geo|topojson-client|world-atlas)/.test(to)
      return !isBrowser(to) && !typeOnly && !SHARED_WITH_CONSOLE.test(to)
    })
    assert.deepEqual(wrong, [])
  })

  it('manifests import no package and load everything lazily but the description of their commands', () => {
    const wrong = faults(({ from, to, typeOnly, lazy }) => {
      if (!/^src\/systems\/[^/]+\/index\.ts$/.test(from) || typeOnly || lazy) return false
      return !DESCRIBES_COMMANDS.has(to)
    })
    assert.deepEqual(wrong, [])
  })

  it('no import goes round in a circle', () => {
    const next = new Map(
      sources.map((file) => [file, imports.filter((i) => i.from === file && !i.typeOnly && !i.lazy).map((i) => i.to)]),
    )
    const done = new Set<string>()
    const visit = (file: string, path: readonly string[]): void => {
      assert.ok(!path.includes(file), [...path, file].join(' -> '))
      if (done.has(file)) return
      for (const to of next.get(file) ?? []) visit(to, [...path, file])
      done.add(file)
    }
    for (const file of sources) visit(file, [])
  })
})

describe('files', () => {
  it(`stay under ${LONGEST_FILE_LINES} lines`, () => {
    const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > LONGEST_FILE_LINES)
    assert.deepEqual(long, [])
  })

  it('have kebab-case names', () => {
    assert.deepEqual(
      files.filter((file) => !/^[a-z0-9/.-]+$/.test(file)),
      [],
    )
  })
})

describe('manifests', () => {
  const words = systems.flatMap((system) => [system.id, ...(system.aliases ?? [])])

  it('use one name for the folder, the command and the configuration', () => {
    const folders = readdirSync(join(root, 'src/systems'), { withFileTypes: true }).filter((e) => e.isDirectory())
    assert.deepEqual(systems.map((s) => s.id).toSorted(), folders.map((e) => e.name).toSorted())
    assert.equal(new Set(words).size, words.length)
  })

  it('give every command a summary without a full stop and an example', () => {
    for (const system of systems) {
      for (const [verb, command] of Object.entries(system.commands)) {
        assert.match(command.summary, /^[A-Z].*[^.]$/, `${system.id} ${verb}`)
        assert.ok(command.examples.length > 0, `${system.id} ${verb}`)
        for (const [line] of command.examples) assert.ok(words.includes(line.split(' ')[0] ?? ''), line)
      }
    }
  })

  it('load what they promise: commands, configuration and service', async () => {
    for (const system of systems) {
      for (const command of Object.values(system.commands)) assert.equal(typeof (await command.load()), 'function')
      assert.equal((await system.config()).schema.kind, 'schema')
      const service = await system.service?.()
      assert.equal(typeof service?.create, 'function')
    }
  })

  it('have documents and a page', () => {
    const pages = readFileSync(join(root, 'src/systems/pages.ts'), 'utf8')
    for (const { id } of systems) {
      assert.ok(readFileSync(join(root, `docs/${id}.md`), 'utf8').length > 500)
      assert.ok(readFileSync(join(root, `src/systems/${id}/README.md`), 'utf8').length > 100)
      assert.match(pages, new RegExp(`\\b${id}\\b`))
    }
  })
})

it('the files of the repository name no path of the machine it was written on', () => {
  const text = [...files, 'README.md', 'docs/architecture.md']
    .map((f) => readFileSync(join(root, f), 'utf8'))
    .join('\n')
  assert.doesNotMatch(text, new RegExp(`${relative('/', '/home')}/\\w+/|(?<![.\\w])/root/`))
})
