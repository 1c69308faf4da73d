import { signal, type Signal } from '@preact/signals'

/** How long a notice stays, ms. */
const STAY = 4000

/** What just happened, one line; '' when nothing did. */
export const notice: Signal<string> = signal('')

let timer: ReturnType<typeof setTimeout> | undefined

/** Says what just happened, to eyes and to screen readers. */
export function say(text: string): void {
  notice.value = text
  clearTimeout(timer)
  timer = setTimeout(() => (notice.value = ''), STAY)
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
