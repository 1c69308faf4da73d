/** The icons of the KMZ, as drawn-make.ts has drawn them: white, so that programs can tint them. */
import content from './drawn-icons.json' with { type: 'json' }

/** A picture beside the document. */
export interface Icon {
  readonly file: string
  readonly png: Uint8Array
}

/** Where the icon of a class is; the one for relays of which only the country is known is hollow. */
export function iconFile(name: string, kind: 'city' | 'country'): string {
  return `icons/${kind === 'city' ? name : `${name}-country`}.png`
}

/** The icons of all classes. */
export function icons(): readonly Icon[] {
  return Object.entries(content).map(([file, png]) => ({ file, png: Buffer.from(png, 'base64') }))
}
