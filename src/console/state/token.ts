import { signal, type Signal } from '@preact/signals'

const KEY = 'noc.token'

/** The start-up token that everything that acts needs; null until known. Kept for this tab only. */
export const token: Signal<string | null> = signal(sessionStorage.getItem(KEY))

function keep(value: string): void {
  sessionStorage.setItem(KEY, value)
  token.value = value
}

function take(): void {
  const found = /^#token=([A-Za-z0-9_-]{1,200})$/.exec(location.hash)?.[1]
  if (found === undefined) return
  history.replaceState(history.state, '', location.pathname + location.search)
  if (tokenQuestion.value) tokenQuestion.value.answer(found)
  else keep(found)
}

/** Takes `#token=...` from the address, now and later, and removes it there at once: not in history, not in bookmarks. */
export function startToken(): void {
  take()
  addEventListener('hashchange', take)
}

/** A question for the token that waits for an answer. */
export interface TokenQuestion {
  /** Whether the token that this tab has was refused. */
  readonly refused: boolean
  answer(given: string | null): void
}

/** What the token dialog asks; null when it is closed. */
export const tokenQuestion: Signal<TokenQuestion | null> = signal(null)

let asked: Promise<boolean> | null = null

/** Asks the operator for the token; false when they decline. Callers that ask meanwhile share the one dialog. */
export function askToken(): Promise<boolean> {
  asked ??= new Promise<boolean>((resolve) => {
    tokenQuestion.value = {
      refused: token.value !== null,
      answer: (given) => {
        tokenQuestion.value = null
        asked = null
        if (given !== null) keep(given)
        resolve(given !== null)
      },
    }
  })
  return asked
}
