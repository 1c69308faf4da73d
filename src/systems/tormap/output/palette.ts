/**
 * Colours of the pictures: the dark tokens of the console's style sheets (tokens.css, tormap-map.css), as sRGB.
 * The test compares them.
 */
import type { Colour } from './raster.ts'

/** By the token's name. */
export const TOKENS: Readonly<Record<string, Colour>> = {
  ink: '#e4e8ef',
  'ink-2': '#aab0bb',
  'ink-3': '#8c929f',
  ok: '#6bd1ad',
  warn: '#f2be62',
  'map-void': '#0b0e16',
  'map-sea': '#0d131d',
  'map-graticule': '#131a25',
  'map-land': '#1f232c',
  'map-border': '#343842',
  'relay-bad-exit': '#f3343b',
  'relay-authority': '#fdfbec',
  'relay-exit-fast': '#fe8e38',
  'relay-exit': '#fed632',
  'relay-stable-fast': '#6180fe',
  'relay-stable': '#45dcfc',
  'relay-named': '#b357ad',
  'relay-other': '#a0a1a5',
}

/** The colour of a token. */
export function colour(token: string): Colour {
  return TOKENS[token] ?? '#ff00ff'
}
