// The map alone on a page, with what it is told kept where a test can read it.
import { signal } from '@preact/signals'
import { h, render } from 'preact'
import { setTheme, startTheme } from '../../../src/console/state/theme.ts'
import { WorldMap } from '../../../src/systems/tormap/map/world-map.tsx'

startTheme()
const [map, names] = await Promise.all(['/map.json', '/names.json'].map(async (path) => (await fetch(path)).json()))
const props = signal({ map, names, visible: () => true, selected: null, highlighted: null, circuits: [] })
const told = { hovered: null, selections: [] }

function Page() {
  return h(WorldMap, {
    map,
    ...props.value,
    onSelect: (row) => {
      told.selections.push(row)
      props.value = { ...props.value, selected: row }
    },
    onHover: (row) => (told.hovered = row),
  })
}

// The map is as wide as the window, so that a test knows where places lie.
document.documentElement.style.scrollbarGutter = 'auto'
const box = document.createElement('main')
document.body.append(box)
render(h(Page), box)
globalThis.mapPage = { map, names, told, setTheme, set: (change) => (props.value = { ...props.value, ...change }) }
