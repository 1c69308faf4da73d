/** Server-sent events (WHATWG HTML, 9.2.6), read incrementally: what arrives may be cut anywhere. */

/** Largest event kept, in UTF-16 units; the biggest live document is about 300 kB. */
export const MAX_EVENT = 4_000_000

/** One event: its topic and its data, lines joined by newlines. */
export interface StreamEvent {
  readonly event: string
  readonly data: string
}

/**
 * Returns a function that takes the next piece of text and hands every event that it completes to `emit`.
 * Throws a RangeError when an event grows beyond `limit`: the caller drops the connection.
 */
export function eventParser(emit: (event: StreamEvent) => void, limit: number = MAX_EVENT): (piece: string) => void {
  let rest = ''
  let event = ''
  let data: string[] = []
  let size = 0

  const line = (text: string): void => {
    if (text === '') {
      if (data.length > 0) emit({ event: event || 'message', data: data.join('\n') })
      event = ''
      data = []
      size = 0
      return
    }
    const colon = text.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') event = value
    if (field === 'data') {
      data.push(value)
      size += value.length
    }
  }

  return (piece) => {
    rest += piece
    let from = 0
    for (;;) {
      const end = rest.indexOf('\n', from)
      if (end < 0) break
      line(rest.slice(from, rest[end - 1] === '\r' && end > from ? end - 1 : end))
      from = end + 1
    }
    rest = rest.slice(from)
    if (size + rest.length > limit) throw new RangeError(`An event is larger than ${limit} characters.`)
  }
}
