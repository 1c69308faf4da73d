import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { feed, useFeed, type Feed } from '../../console/state/live.ts'
import { CliLine } from '../../console/ui/copy.tsx'
import { Finding } from '../../console/ui/finding.tsx'
import { AnswerBlock, Waiting } from '../../console/ui/page-parts.tsx'
import { CircuitsPanel, useCircuits } from './page-circuits.tsx'
import { LazyCounts } from './page-counts-lazy.tsx'
import { Exports } from './page-exports.tsx'
import { FetchPanel } from './page-fetch.tsx'
import { Groups } from './page-groups.tsx'
import { MapPanel } from './page-map.tsx'
import { apiSource } from './page-source-api.tsx'
import { createAtlas, type Atlas } from './page-state.tsx'
import { onHour } from './page-when.tsx'
import { answerOf, stamp } from './page-words.ts'
import type { TormapView } from './wire.ts'

const view: Feed<TormapView> = feed('tormap', '/api/tormap/view', 60_000)

function Findings({ findings }: Pick<TormapView, 'findings'>): JSX.Element | null {
  if (findings.length === 0) return null
  return (
    <section class="panel" aria-label="Findings">
      {findings.map((one) => (
        <Finding key={one.key} verdict={one} />
      ))}
    </section>
  )
}

/** An answer about what must not be believed says so in its first word. */
function stamped({ answer, hour }: TormapView): TormapView['answer'] {
  const mark = hour && stamp(hour)
  if (!mark || answer.sentence.includes(mark)) return answer
  return { ...answer, sentence: `${mark}: ${answer.sentence}` }
}

/** The daemon's answer is about the newest hour; of an older one the page says what the map shows. */
function Answer({ atlas, document }: { readonly atlas: Atlas; readonly document: TormapView }): JSX.Element {
  const hour = atlas.shown.value?.map.hour
  const old = hour && document.hour && hour.validAfter !== document.hour.validAfter
  return <AnswerBlock answer={old ? answerOf(hour, onHour(hour.validAfter)) : stamped(document)} />
}

function commandOf(atlas: Atlas): string {
  const query = atlas.query.value.trim()
  if (query === '') return 'noc tormap'
  return `noc tormap find ${/^[\w:.@-]+$/.test(query) ? query : `'${query.replaceAll("'", String.raw`'\''`)}'`}`
}

/** Which relays make up the Tor network right now, where are they, and who says so? */
export function Page(): JSX.Element {
  const document = useFeed(view)
  const atlas = useMemo(() => createAtlas(apiSource), [])
  const circuits = useCircuits(atlas)
  useEffect(() => atlas.close, [])
  const newest = document?.hour?.validAfter
  useEffect(() => {
    const hours = atlas.list.peek()
    if (document && (newest !== hours.at(-1) || document.hours !== hours.length)) atlas.refresh()
  }, [newest, document?.hours])
  if (!document) return <Waiting problem={view.problem.value} retry={view.refresh} />
  // Without a real consensus the first question is where to get one.
  const fetchFirst = document.hour?.sample ?? true
  return (
    <div class="page tormap">
      <Answer atlas={atlas} document={document} />
      <Findings findings={document.findings} />
      {fetchFirst && <FetchPanel fetch={document.fetch} onDone={view.refresh} />}
      {document.hour !== null && (
        <>
          <MapPanel atlas={atlas} circuits={circuits.rows} />
          <Groups atlas={atlas} />
          <LazyCounts atlas={atlas} />
          <CircuitsPanel atlas={atlas} circuits={circuits} />
          {!fetchFirst && <FetchPanel fetch={document.fetch} onDone={view.refresh} />}
          <Exports atlas={atlas} of="This hour" />
        </>
      )}
      <CliLine command={commandOf(atlas)} />
    </div>
  )
}
