/** The daemon's side: samples, judges, keeps, shows. */
import { NocError, reasonOf } from '#core/errors.ts'
import type { Glance, Health, Service, Stat, SystemContext } from '#core/system.ts'
import { count, percent, rate } from '#core/units.ts'
import type { InterruptsConfig } from './defaults.ts'
import { formatCpuList } from './cpu-list.ts'
import { createFigures } from './figures.ts'
import { createRoutes } from './http.ts'
import { liveMoments } from './moments.ts'
import { toDocument, type Moment, type Sample } from './sample.ts'
import { createSampler, findRoots } from './sampler.ts'
import { answerOf, busiestCpu, busiestLine, networkOf, toView } from './view.ts'

function statsOf(sample: Sample): Stat[] {
  const busiest = busiestCpu(sample)
  const line = busiestLine(sample)
  const network = networkOf(sample)
  const total = rate(sample.interrupts.rate || 0)
  const { cpus, lines } = sample.interrupts.counts
  const stats: (Stat | null)[] = [
    { label: 'Interrupts', ...total, note: `${lines.length} lines, ${cpus.length} CPUs`, series: 'interrupts.total' },
    busiest && { label: 'Busiest CPU', value: String(busiest.cpu), unit: '', note: `${percent(busiest.share)} of all` },
    line && {
      label: 'Busiest line',
      value: line.name || line.id,
      unit: '',
      note: `${rate(line.rate).value} ${rate(line.rate).unit}`,
    },
    network && {
      label: 'Soft: net rx',
      ...rate(network.receive),
      note: `${count(network.dropped)} drops in softnet`,
      series: 'interrupts.net_rx',
      ...(network.dropped >= 1 ? { severity: 'warning' as const } : {}),
    },
  ]
  return stats.filter((stat) => stat !== null)
}

/** Makes the service; nothing happens before `start`. */
export function create(cx: SystemContext<InterruptsConfig>): Service {
  const { config, clock, log } = cx
  const stopping = new AbortController()
  let running: Promise<void> | null = null
  let moment: Moment | null = null
  let health: Health = { state: 'starting' }

  const latest = (): Moment => {
    if (moment) return moment
    throw new NocError('NOC_INTERRUPTS_STARTING', 'There is no sample yet', { hint: 'Ask again in a few seconds.' })
  }
  const view = (): ReturnType<typeof toView> => {
    const { sample, topology, verdicts, recent } = latest()
    return toView(sample, topology, verdicts, recent)
  }
  const noteCpus = (before: readonly number[], now: readonly number[]): void => {
    const gone = before.filter((cpu) => !now.includes(cpu))
    const come = now.filter((cpu) => !before.includes(cpu))
    if (gone.length > 0) cx.alerts.event({ severity: 'info', text: `CPU ${formatCpuList(gone)} went offline` })
    if (come.length > 0) cx.alerts.event({ severity: 'info', text: `CPU ${formatCpuList(come)} came online` })
  }
  const failed = (error: unknown, failures: { inc(): void }): void => {
    failures.inc()
    const why = reasonOf(error)
    if (health.state !== 'degraded') log.warn({ error: why }, 'interrupts cannot be read')
    const fix = error instanceof NocError ? error.hint : undefined
    health = { state: 'degraded', why, ...(fix === undefined ? {} : { fix }) }
  }
  const watch = async (signal: AbortSignal): Promise<void> => {
    const failures = cx.metrics.counter('read_failures', 'Samples that could not be read')
    const figures = createFigures(cx.series, cx.metrics)
    const pace = { interval: config.interval, early: true, signal, clock }
    const sys = config.sys === '' ? undefined : config.sys
    const sampler = createSampler(findRoots(config.proc, sys), clock)
    for await (const next of liveMoments(sampler, config, pace)) {
      if (next instanceof NocError) {
        failed(next, failures)
        continue
      }
      if (moment) noteCpus(moment.sample.interrupts.counts.cpus, next.sample.interrupts.counts.cpus)
      moment = next
      health = { state: 'up' }
      figures.take(next)
      if (next.sample.seconds > 0) cx.alerts.sync(next.verdicts)
      if (cx.live.watched) cx.live.publish(view())
    }
  }
  return {
    routes: createRoutes({
      sample() {
        const { sample, topology, verdicts } = latest()
        return toDocument(sample, topology, verdicts)
      },
      view,
    }),
    start() {
      running ??= watch(AbortSignal.any([cx.signal, stopping.signal])).catch((error: unknown) => {
        log.error({ error: reasonOf(error) }, 'interrupts stopped being watched')
        health = { state: 'down', why: reasonOf(error) }
      })
      return Promise.resolve()
    },
    async stop() {
      stopping.abort()
      await running
    },
    health: () => health,
    glance(): Glance {
      if (!moment)
        return {
          sentence: health.state === 'starting' ? 'Taking the first sample.' : 'Interrupts cannot be read.',
          stats: [],
        }
      return { sentence: answerOf(moment.sample, moment.verdicts).sentence, stats: statsOf(moment.sample) }
    },
  }
}
