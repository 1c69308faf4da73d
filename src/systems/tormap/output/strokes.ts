/**
 * Letters as strokes, for pictures that are drawn without any font: every character on a grid of 6 rows from the top
 * of a capital to the base line (0 to 6) and 2 below it.
 */

/** Points one after the other: x, y, x, y ... in pixels. */
export type Line = readonly number[]

/** Height of a capital, rows of the grid. */
const CAPITAL_ROWS = 6
/** Space between two characters, columns of the grid. */
const SPACING = 1.7
const SPACE_WIDTH = 1.6
/** Height of a capital as a share of the font size, as in most sans serifs. */
const CAPITAL_SHARE = 0.7
/** How often corners are cut for texts up to this size, pixels; and for larger ones. */
const ROUNDS = { small: 2, upTo: 48, large: 4 } as const
/** Thickness of a stroke as a share of the font size. */
export const STROKE_SHARE = 0.085

/**
 * Strokes of a character, apart by spaces: digits are points (column, row); `~` rounds the corners, and a stroke that
 * ends where it began is closed. A point alone is a dot.
 */
const GLYPHS: Readonly<Record<string, string>> = {
  A: '062046 1434',
  B: '0600 ~00404303 ~03535606',
  C: '~414000064645',
  D: '0600 ~002050562606',
  E: '40000646 0333',
  F: '400006 0333',
  G: '~4140000646434323 2343',
  H: '0006 4046 0343',
  I: '0006',
  J: '~3033360604',
  K: '0006 4004 1346',
  L: '000646',
  M: '0600244046',
  N: '06004640',
  O: '~0050560600',
  P: '0600 ~00505303',
  Q: '~0050560600 3457',
  R: '0600 ~00505303 2346',
  S: '~4140000343460605',
  T: '0040 2026',
  U: '~000306464340',
  V: '002640',
  W: '0026324660',
  X: '0046 4006',
  Y: '002340 2326',
  Z: '00400646',
  a: '~0232360602 3236',
  b: '0006 ~0232360602',
  c: '~333202063635',
  d: '3036 ~0232360602',
  e: '0434 ~343202063635',
  f: '~20101216 0222',
  g: '~0232360602 ~3236380807',
  h: '0006 ~0402323436',
  i: '0206 00',
  j: '~12161808 10',
  k: '0006 3205 1436',
  l: '0006',
  m: '0206 ~0402323436 ~3432626466',
  n: '0206 ~0402323436',
  o: '~0232360602',
  p: '0208 ~0232360602',
  q: '3238 ~0232360602',
  r: '0206 ~040222',
  s: '~3332020434360605',
  t: '~10141626 0222',
  u: '~0204063634 3236',
  v: '022642',
  w: '0216233642',
  x: '0236 3206',
  y: '0226 4218',
  z: '02320636',
  0: '~0040460600',
  1: '112026',
  2: '~0100404306 0646',
  3: '~0100404313 ~1343460605',
  4: '36300444',
  5: '400002 ~0242460605',
  6: '~300006464303',
  7: '004016',
  8: '~0040430300 ~0343460603',
  9: '~164640000343',
  '.': '06',
  ',': '0607',
  ':': '03 06',
  ';': '03 0607',
  '!': '0004 06',
  '?': '~0100404324 26',
  '-': '0333',
  '–': '0343',
  '+': '0444 2226',
  '=': '0343 0545',
  '*': '2024 0143 0341',
  '/': '0730',
  '\\': '0037',
  '|': '0007',
  '(': '~10010617',
  ')': '~00111607',
  '[': '10000717',
  ']': '00101707',
  '{': '~20101404 ~04141727',
  '}': '~00101424 ~24141707',
  '<': '310435',
  '>': '013405',
  '%': '~0010110100 4006 ~3545463635',
  '#': '1006 4036 0242 0444',
  '&': '~460100202204063644',
  '@': '~4541010756 ~43232545',
  _: '0747',
  "'": '0001',
  '"': '0001 2021',
  '`': '0011',
  '^': '022042',
  '~': '~04123543',
  $: '~4140000343460605 2027',
  '·': '04',
  '°': '~0010120200',
}

interface Glyph {
  readonly width: number
  readonly lines: readonly Line[]
}

/** Cuts the corners of a stroke again and again (Chaikin): four points make a bow. */
function rounded(points: Line, rounds: number): Line {
  let line = points
  for (let round = 0; round < rounds; round += 1) line = cutCorners(line)
  return line
}

function cutCorners(line: Line): Line {
  const closed = line[0] === line.at(-2) && line[1] === line.at(-1)
  const next: number[] = closed ? [] : [line[0] ?? 0, line[1] ?? 0]
  for (let i = 0; i + 3 < line.length; i += 2) {
    const [x = 0, y = 0, toX = 0, toY = 0] = line.slice(i, i + 4)
    next.push(x * 0.75 + toX * 0.25, y * 0.75 + toY * 0.25, x * 0.25 + toX * 0.75, y * 0.25 + toY * 0.75)
  }
  next.push(...(closed ? next.slice(0, 2) : line.slice(-2)))
  return next
}

function glyph(strokes: string, rounds: number): Glyph {
  const lines = strokes.split(' ').map((stroke) => {
    const points = Array.from(stroke.replace('~', ''), Number)
    return stroke.startsWith('~') ? rounded(points, rounds) : points
  })
  const width = Math.max(0, ...lines.flatMap((line) => line.filter((_, i) => i % 2 === 0)))
  return { width, lines }
}

const glyphs = new Map<string, Glyph>()

/** A character's strokes; what has none (other scripts) is a question mark, an accent is left out. */
function glyphOf(character: string, size: number): Glyph {
  const rounds = size > ROUNDS.upTo ? ROUNDS.large : ROUNDS.small
  const key = `${character}${rounds}`
  const known = glyphs.get(key)
  if (known !== undefined) return known
  const made = glyph(GLYPHS[character] ?? GLYPHS['?'] ?? '', rounds)
  glyphs.set(key, made)
  return made
}

const charactersOf = (text: string): string[] => Array.from(text.normalize('NFD').replace(/\p{M}/gu, ''))

/** Width of `text` in pixels. */
export function strokeWidth(text: string, size: number): number {
  const columns = charactersOf(text).reduce(
    (sum, character) => sum + (character === ' ' ? SPACE_WIDTH : glyphOf(character, size).width) + SPACING,
    -SPACING,
  )
  return (Math.max(0, columns) * size * CAPITAL_SHARE) / CAPITAL_ROWS
}

/** The strokes of `text` that begins at 0, 0 on the base line; `size` is the font size in pixels. */
export function strokeText(text: string, size: number): readonly Line[] {
  const scale = (size * CAPITAL_SHARE) / CAPITAL_ROWS
  const lines: Line[] = []
  let column = 0
  for (const character of charactersOf(text)) {
    if (character === ' ') {
      column += SPACE_WIDTH + SPACING
      continue
    }
    const { width, lines: strokes } = glyphOf(character, size)
    for (const stroke of strokes)
      lines.push(stroke.map((value, i) => (i % 2 === 0 ? (column + value) * scale : (value - CAPITAL_ROWS) * scale)))
    column += width + SPACING
  }
  return lines
}
