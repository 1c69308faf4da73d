import { render, type JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { followZone } from '../../../console/host-time.ts'
import { Moon } from '../../../console/shell/icons.tsx'
import { ThemeButton } from '../../../console/shell/theme-button.tsx'
import { startClock } from '../../../console/state/clock.ts'
import { notice } from '../../../console/state/notice.ts'
import { startRouter } from '../../../console/state/router.ts'
import { startTheme } from '../../../console/state/theme.ts'
import { Chart } from '../../../console/ui/chart.tsx'
import { AnswerBlock, Problem } from '../../../console/ui/page-parts.tsx'
import { Counts } from '../page-counts.tsx'
import { Exports } from '../page-exports.tsx'
import { Groups } from '../page-groups.tsx'
import { MapPanel } from '../page-map.tsx'
import { createAtlas } from '../page-state.tsx'
import { onHour } from '../page-when.tsx'
import { answerOf } from '../page-words.ts'
import { fileSource } from './source.tsx'

function Top(): JSX.Element {
  return (
    <div class="top">
      <span class="brand">
        <Moon />
        Nocturne
      </span>
      <div class="right">
        <ThemeButton />
      </div>
    </div>
  )
}

/** The map without a daemon: what was true when the site was made. */
function Site(): JSX.Element {
  const atlas = useMemo(() => createAtlas(fileSource), [])
  const hour = atlas.shown.value?.map.hour
  const problem = atlas.problem.value
  if (!hour && problem) return <Problem error={problem} retry={() => location.reload()} />
  return (
    <div class="page tormap">
      <AnswerBlock
        answer={
          hour
            ? answerOf(hour, onHour(hour.validAfter))
            : { severity: 'ok', sentence: 'Tor relays on the world map.', paragraph: '\u00A0' }
        }
      />
      <MapPanel atlas={atlas} />
      <Groups atlas={atlas} />
      <Counts atlas={atlas} Chart={Chart} />
      <Exports atlas={atlas} of="The newest hour" />
    </div>
  )
}

// Hours of the network are named in UTC everywhere, and a site has no host whose clock would count.
followZone(0, Date.now())
startTheme()
startClock()
startRouter()
render(
  <main class="main site">
    <Top />
    <Site />
    <div class="notice" role="status">
      {notice}
    </div>
  </main>,
  document.body,
)
