import { signal, type Signal } from '@preact/signals'
import { sentence } from '../format.ts'
import { asApiError } from './api.ts'

/** How long a notice stays, ms; one that tells what to do takes longer to read. */
const STAY = 4000
const STAY_LONGER = 12_000

/** What just happened, one line; '' when nothing did. */
export const notice: Signal<string> = signal('')

let timer: ReturnType<typeof setTimeout> | undefined

/** Says what just happened, to eyes and to screen readers. */
export function say(text: string, stay: number = STAY): void {
  notice.value = text
  clearTimeout(timer)
  timer = setTimeout(() => (notice.value = ''), stay)
}

/** Says why an act was refused, and what to do. */
export function sayWhy(error: unknown): void {
  const { message, hint } = asApiError(error)
  if (hint === undefined) say(message)
  else say(`${sentence(message)} ${sentence(hint)}`, STAY_LONGER)
}

function copyByHand(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'vh'
  // Inside an open dialog, since everything outside it is inert.
  const home = document.querySelector('dialog[open]') ?? document.body
  home.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}

/** Copies to the clipboard, also where the page isn't a secure context (plain HTTP by host name). */
export async function copy(text: string): Promise<boolean> {
  let done: boolean
  try {
    await navigator.clipboard.writeText(text)
    done = true
  } catch {
    done = copyByHand(text)
  }
  say(done ? 'Copied' : 'Could not copy: the browser does not allow it')
  return done
}
