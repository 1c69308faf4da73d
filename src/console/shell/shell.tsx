import { useSignal } from '@preact/signals'
import type { FunctionComponent, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { pages } from '../../systems/pages.ts'
import { AlertsPage } from '../pages/alerts.tsx'
import { NotFoundPage } from '../pages/not-found.tsx'
import { SetupsPage } from '../pages/setups.tsx'
import { TonightPage } from '../pages/tonight.tsx'
import { tonight } from '../state/feeds.ts'
import { useFeed } from '../state/live.ts'
import { notice } from '../state/notice.ts'
import { path } from '../state/router.ts'
import { CODE_GONE, Waiting } from '../ui/page-parts.tsx'
import { overlay } from './overlays.ts'
import { Palette } from './palette.tsx'
import { Bar, Rail } from './rail.tsx'
import { Shortcuts } from './shortcuts.tsx'
import { TokenDialog } from './token-dialog.tsx'
import { Top } from './top.tsx'

interface Loaded {
  readonly id: string
  readonly Page: FunctionComponent | null
}

/** A system's page, whose code comes when it is first opened. */
function SystemRoute({ id }: { readonly id: string }): JSX.Element {
  const loaded = useSignal<Loaded | null>(null)
  const load = (): void => {
    pages[id]?.().then(
      ({ Page }) => (loaded.value = { id, Page }),
      () => (loaded.value = { id, Page: null }),
    )
  }
  useEffect(load, [id])
  const now = loaded.value
  if (now?.id !== id) return <Waiting problem={null} retry={load} />
  if (now.Page) return <now.Page />
  return <Waiting problem={CODE_GONE} retry={() => location.reload()} />
}

function Route(): JSX.Element {
  const here = path.value
  if (here === '/') return <TonightPage />
  if (here === '/alerts') return <AlertsPage />
  if (here === '/setups') return <SetupsPage />
  const id = here.slice(1)
  return pages[id] ? <SystemRoute id={id} /> : <NotFoundPage />
}

/** Everything on the screen. */
export function Shell(): JSX.Element {
  useFeed(tonight)
  return (
    <>
      <a class="button skip" href="#main">
        To the content
      </a>
      <div class="shell">
        <Rail />
        <Bar />
        <main class="main" id="main" tabIndex={-1}>
          <Top />
          <Route />
        </main>
      </div>
      {overlay.value === 'palette' && <Palette />}
      {overlay.value === 'shortcuts' && <Shortcuts />}
      <TokenDialog />
      <div class="notice" role="status">
        {notice.value}
      </div>
    </>
  )
}
