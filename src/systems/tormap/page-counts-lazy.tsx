import { useSignal } from '@preact/signals'
import type { FunctionComponent, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { ChartProps } from '../../console/ui/chart.tsx'
import { CODE_GONE, Problem } from '../../console/ui/page-parts.tsx'
import { Counts } from './page-counts.tsx'
import type { Atlas } from './page-state.tsx'

/** The same; the drawing code comes when the map is there already. */
export function LazyCounts({ atlas }: { readonly atlas: Atlas }): JSX.Element {
  const Chart = useSignal<FunctionComponent<ChartProps> | null>(null)
  const gone = useSignal(false)
  useEffect(() => {
    import('../../console/ui/chart.tsx').then(
      (module) => (Chart.value = module.Chart),
      () => (gone.value = true),
    )
  }, [])
  if (gone.value) return <Problem error={CODE_GONE} retry={() => location.reload()} />
  return <Counts atlas={atlas} Chart={Chart.value} />
}
