import type { JSX } from 'preact'
import { count } from '#core/units.ts'
import { classTitle } from './page-words.ts'
import { ClassMark } from './map/class-mark.tsx'
import type { Atlas } from './page-state.tsx'
import { toggled } from './page-layers.ts'
import { MODERN_WORDS, ORIGINAL_MEANING } from './page-words.ts'
import { MODERN_CLASSES, ORIGINAL_CLASSES } from './types.ts'
import { classCount } from './map/fast.ts'

/** Every class on or off, with its count; then, of these, only some. */
export function Switches({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const layers = atlas.layers.value
  const hour = atlas.shown.value?.map.hour
  const { on, also } = layers
  const all = on.size === ORIGINAL_CLASSES.length
  return (
    <div class="switches">
      <div role="group" aria-label="Classes">
        <h3>
          Classes
          <button
            type="button"
            class="link"
            onClick={() => atlas.setLayers({ also, on: new Set(all ? [] : ORIGINAL_CLASSES) })}
          >
            {all ? 'none' : 'all'}
          </button>
        </h3>
        <div class="chips">
          {ORIGINAL_CLASSES.map((name) => (
            <button
              key={name}
              type="button"
              class="chip"
              aria-pressed={on.has(name)}
              title={`${ORIGINAL_MEANING[name]} Double click: only these.`}
              onClick={() => atlas.setLayers({ also, on: toggled(on, name) })}
              onDblClick={() => atlas.setLayers({ also, on: new Set([name]) })}
            >
              <ClassMark of={name} />
              <span>{classTitle(name)}</span>
              <b>{hour && classCount(hour, name)}</b>
            </button>
          ))}
        </div>
      </div>
      <div role="group" aria-label="Of these only">
        <h3>Of these only</h3>
        <div class="chips">
          {MODERN_CLASSES.map((name) => (
            <button
              key={name}
              type="button"
              class="chip"
              aria-pressed={also.has(name)}
              title={MODERN_WORDS[name][1]}
              onClick={() => atlas.setLayers({ on, also: toggled(also, name) })}
            >
              <i class="tick" aria-hidden="true" />
              <span>{MODERN_WORDS[name][0]}</span>
              <b>{hour && count(hour.classes.modern[name])}</b>
            </button>
          ))}
        </div>
      </div>
    </div>
  )
}
