import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NocError } from '#core/errors.ts'
import type { SiteFile } from './site.ts'

/** Where the build leaves the page of the static site, seen from the bundle (dist/noc/x.js) and from the sources. */
export function pageFolder(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    const folder = join(at, 'dist', 'site')
    if (existsSync(join(folder, 'index.html'))) return folder
  }
  throw new NocError('NOC_TORMAP_PAGE', "The site's page was not built, so there is nothing to copy.", {
    hint: 'Run `npm run build` in the folder of Nocturne.',
  })
}

/** The page's own files. */
export function* pageFiles(folder: string): Generator<SiteFile> {
  for (const path of readdirSync(folder)) yield { path, pieces: [readFileSync(join(folder, path))] }
}
