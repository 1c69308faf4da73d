// Builds dist/: the command line (split, so that a command loads only what it needs) and the console.
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(fileURLToPath(import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const common = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  splitting: true,
  minify: true,
  logLevel: 'warning',
  metafile: true,
}

async function commandLine() {
  await build({
    ...common,
    // The thread of the map's daemon: its chunks are those of the command line.
    entryPoints: { noc: 'src/main.ts', 'noc/tormap-worker': 'src/systems/tormap/service-worker.ts' },
    outdir: 'dist',
    chunkNames: 'noc/[name]-[hash]',
    platform: 'node',
    target: 'node20.19',
    // Names in stack traces stay readable; the size does not matter here.
    minify: false,
    minifySyntax: true,
    minifyWhitespace: true,
    define: { NOC_VERSION: JSON.stringify(version) },
    // Native parts stay packages; `node:sqlite` is unknown to the oldest Node we run on.
    external: ['@photostructure/sqlite', 'koffi', 'node:sqlite'],
    // CommonJS packages inside an ES module bundle call `require`.
    banner: {
      js: "import { createRequire as $require } from 'node:module'; const require = $require(import.meta.url);",
    },
  })
}

const browser = {
  platform: 'browser',
  target: ['es2022', 'chrome120', 'firefox128', 'safari17.5'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
}

async function browserConsole() {
  const { metafile } = await build({
    ...common,
    ...browser,
    entryPoints: ['src/console/main.tsx', 'src/console/styles/main.css'],
    outdir: 'dist/console',
    outbase: 'src/console',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
  })
  const named = (entry) =>
    Object.entries(metafile.outputs)
      .find(([, o]) => o.entryPoint === entry)?.[0]
      .replace('dist/console/', '/')
  const page = readFileSync(join(root, 'src/console/index.html'), 'utf8')
    .replace('%SCRIPT%', named('src/console/main.tsx'))
    .replace('%STYLE%', named('src/console/styles/main.css'))
  writeFileSync(join(root, 'dist/console/index.html'), page)
}

/** How the bundle names a base map, and what a page from a folder can do instead: it may not import, but run scripts. */
const ATLAS_IMPORT = /import\("world-atlas\/([a-z0-9-]+)\.json"[^)]*\)/g

/** The map as a static site without its data: `noc tormap build` copies it and writes the data beside it. */
async function mapSite(folder) {
  const { outputFiles } = await build({
    ...common,
    ...browser,
    entryPoints: { map: 'src/systems/tormap/site/main.tsx', style: 'src/systems/tormap/site/main.css' },
    outdir: 'site',
    format: 'iife',
    splitting: false,
    write: false,
    external: ['world-atlas/*'],
  })
  const text = (name) => outputFiles.find((file) => file.path.endsWith(name)).text
  const atlases = new Set()
  const script = text('map.js').replaceAll(ATLAS_IMPORT, (_, name) => {
    atlases.add(name)
    return `tormapAtlas("${name}")`
  })
  if (atlases.size === 0 || /\bimport\(/.test(script))
    throw new Error('the site must import nothing, and has no base map')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'map.js'), script)
  writeFileSync(join(folder, 'map.css'), text('style.css'))
  copyFileSync(join(root, 'src/systems/tormap/site/index.html'), join(folder, 'index.html'))
  for (const name of atlases) {
    const json = readFileSync(join(root, `node_modules/world-atlas/${name}.json`), 'utf8').trim()
    writeFileSync(join(folder, `${name}.js`), `tormapData.atlas(${json})\n`)
  }
}

/** A stamp of everything that is built, so that `npm start` builds only when something changed. */
export function sourceStamp() {
  const hash = createHash('sha256')
  const walk = (dir) => {
    for (const entry of readdirSync(join(root, dir), { withFileTypes: true }).toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(dir, entry.name)
      if (entry.isDirectory()) walk(path)
      else if (!/\.test\.tsx?$/.test(path)) hash.update(path).update(readFileSync(join(root, path)))
    }
  }
  walk('src')
  for (const file of ['build.mjs', 'package.json', 'package-lock.json']) hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv[2] === 'site') {
  // For tests: the site alone, somewhere else.
  await mapSite(process.argv[3])
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  mkdirSync(join(root, 'dist/console'), { recursive: true })
  await Promise.all([commandLine(), browserConsole(), mapSite(join(root, 'dist/site'))])
  writeFileSync(join(root, 'dist/.stamp'), sourceStamp())
}
