import type { JSX } from 'preact'
import { Dialog } from '../ui/dialog.tsx'
import { overlay } from './overlays.ts'

const KEYS: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['Ctrl', 'K'], 'search pages, actions and commands'],
  [['g', 't'], 'Tonight'],
  [['g', 'a'], 'Alerts'],
  [['g', 'i'], 'interrupts'],
  [['g', 'c'], 'connections'],
  [['g', 's'], 'Set-ups'],
  [['g', 'm'], 'tormap'],
  [['/'], 'filter the table of this page'],
  [['←', '→'], 'read a chart or the heat map, when it has the focus'],
  [['+', '-'], 'zoom a chart'],
  [['?'], 'this list'],
  [['Esc'], 'close, or clear the filter'],
]

/** All shortcuts. */
export function Shortcuts(): JSX.Element {
  const close = (): void => void (overlay.value = null)
  return (
    <Dialog label="Shortcuts" onClose={close}>
      <div class="body">
        <h2>Shortcuts</h2>
        <dl class="keys">
          {KEYS.map(([keys, does]) => (
            <div key={does}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <div class="acts">
          <button type="button" class="button" onClick={close}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  )
}
