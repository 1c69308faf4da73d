/** Text from outside inside XML, HTML and SVG. */
import { plain } from '#core/plain.ts'

/** Nearly every text. Asked first, as the rest is slow. */
const SIMPLE = /^[\u0020-\u0021\u0023-\u0025\u0028-\u003b\u003d\u003f-\u007e]*$/
// Characters that XML 1.0 (2.2) forbids and `plain` lets pass.
const FORBIDDEN = /[\ufffe\uffff]/g
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Makes any text safe as content or attribute: markup is shown as it was written, control characters as pictures. */
export function xml(text: string): string {
  if (SIMPLE.test(text)) return text
  return plain(text)
    .replace(FORBIDDEN, '\ufffd')
    .replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
}
