import { signal, type Signal } from '@preact/signals'

const KEY = 'noc.token'

/** The start-up token that everything that acts needs; null until known. Kept for this tab only. */
export const token: Signal<string | null> = signal(sessionStorage.getItem(KEY))

/** Keeps a token for this tab; null forgets it. */
export function setToken(value: string | null): void {
  if (value === null) sessionStorage.removeItem(KEY)
  else sessionStorage.setItem(KEY, value)
  token.value = value
}

/** Takes `#token=...` from the address and removes it there at once, so that it stays out of history and bookmarks. */
export function takeTokenFromAddress(): void {
  const found = /^#token=([^&]+)/.exec(location.hash)
  if (!found?.[1]) return
  setToken(decodeURIComponent(found[1]))
  history.replaceState(null, '', location.pathname + location.search)
}

/** A question for the token that waits for an answer. */
export interface TokenQuestion {
  /** Why it is asked, one sentence. */
  readonly why: string
  answer(given: string | null): void
}

/** What the token dialog asks; null when it is closed. */
export const tokenQuestion: Signal<TokenQuestion | null> = signal(null)

let asked: Promise<boolean> | null = null

/** Asks the operator for the token; false when they decline. Callers that ask meanwhile share the one dialog. */
export function askToken(why: string): Promise<boolean> {
  asked ??= new Promise<boolean>((resolve) => {
    tokenQuestion.value = {
      why,
      answer: (given) => {
        tokenQuestion.value = null
        asked = null
        if (given !== null) setToken(given)
        resolve(given !== null)
      },
    }
  })
  return asked
}
