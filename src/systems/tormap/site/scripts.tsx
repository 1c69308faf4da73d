/**
 * Documents from script files. A page that was opened from a folder may not read files any other way, and from a web
 * server this works as well. Each file calls one function of `tormapData` with its document.
 */

/** What a data file calls: the name says what is in it, for people who look at the file. */
type Take = (document: unknown) => void

interface Waiting {
  resolve(document: unknown): void
}

declare global {
  var tormapData: Readonly<Record<'map' | 'names' | 'relays' | 'hours' | 'counts' | 'atlas', Take>>
  var tormapAtlas: (name: string) => Promise<{ readonly default: unknown }>
}

const waiting = new Map<HTMLOrSVGScriptElement | null, Waiting>()

function take(document_: unknown): void {
  waiting.get(document.currentScript)?.resolve(document_)
}

globalThis.tormapData = { map: take, names: take, relays: take, hours: take, counts: take, atlas: take }

/** Runs a data file and gives its document; `path` is relative to the page. */
export function loadScript<T>(path: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const script = document.createElement('script')
    const end = (): void => {
      waiting.delete(script)
      script.remove()
    }
    waiting.set(script, { resolve: (value) => resolve(value as T) })
    script.addEventListener('load', () => {
      end()
      // Without effect when the file has given its document.
      reject(new Error(`The file ${path} of this site holds something else.`))
    })
    script.addEventListener('error', () => {
      end()
      reject(new Error(`The file ${path} of this site is missing.`))
    })
    script.src = path
    document.head.append(script)
  })
}

/** The build puts this in the place of the imports of world-atlas, whose files lie beside the page. */
globalThis.tormapAtlas = async (name) => ({ default: await loadScript(`${name}.js`) })
