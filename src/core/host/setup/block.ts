/** A marked block in a text that belongs to others. Pure. */
import { NocError, exitCode } from '../../errors.ts'

/** The lines around a block. */
export interface Marks {
  readonly begin: string
  readonly end: string
}

/** The marks of the block `name`, in a file whose comments start with `comment`. */
export function marksOf(name: string, comment: string): Marks {
  return { begin: `${comment} >>> noc:${name}`, end: `${comment} <<< noc:${name}` }
}

interface Place {
  /** Offsets in the text: the begin mark's first character, and behind the end mark's line. */
  readonly from: number
  readonly to: number
  readonly content: string
}

/** Where the block is; null when there is none. Throws when its marks don't make one block. */
export function findBlock(text: string, marks: Marks): Place | null {
  const found: { readonly at: number; readonly after: number; readonly end: boolean }[] = []
  let at = 0
  while (at < text.length) {
    const newline = text.indexOf('\n', at)
    const after = newline < 0 ? text.length : newline + 1
    const line = text.slice(at, after).trimEnd()
    if (line === marks.begin || line === marks.end) found.push({ at, after, end: line === marks.end })
    at = after
  }
  const [begin, end] = found
  if (begin === undefined) return null
  if (end === undefined || found.length > 2 || begin.end || !end.end) throw torn(marks)
  return { from: begin.at, to: end.after, content: text.slice(begin.after, end.at) }
}

function torn(marks: Marks): NocError {
  return new NocError(
    'NOC_SETUP_MARKS',
    `The lines "${marks.begin}" and "${marks.end}" don't stand around one block.`,
    {
      hint: 'Somebody edited them: repair the file by hand, or remove both lines and what is between them.',
    },
  )
}

/** The text with this block, in its old place or at the end; null takes the block out. */
export function spliceBlock(text: string, marks: Marks, content: string | null): string {
  const place = findBlock(text, marks)
  if (content === null) return place === null ? text : text.slice(0, place.from) + text.slice(place.to)
  if (findBlock(content, marks) !== null) throw torn(marks)
  const block = `${marks.begin}\n${ended(content)}${marks.end}\n`
  return place === null ? ended(text) + block : text.slice(0, place.from) + block + text.slice(place.to)
}

/** What a block holds after it was put there. */
export function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

/** A name that can stand in a mark. */
export function checkBlockName(name: string): void {
  if (/^[\w.-]{1,64}$/.test(name)) return
  throw new NocError('NOC_SETUP_BLOCK_NAME', `"${name}" can't name a block: letters, digits, dots and dashes.`, {
    exit: exitCode.usage,
  })
}
