import { collectDefaultMetrics, Counter as PromCounter, Gauge as PromGauge, Registry } from 'prom-client'
import type { Counter, Gauge, Metrics } from './types.ts'

/** The daemon's metrics, as /metrics shows them. */
export interface MetricRegistry {
  forSystem(id: string): Metrics
  /** The Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
}

/** prometheus.io/docs/concepts/data_model, without the colon (reserved for rules); ours are lower case. */
const NAME = /^[a-z][a-z0-9_]*$/

/**
 * prom-client samples the event loop's lag with a timer of 10 ms, which alone costs 0.9 % of a core; and what it shows
 * is the lag plus this period. So the timer runs hardly ever and its figures are left out; the lag at the moment of
 * the scrape (nodejs_eventloop_lag_seconds) stays.
 */
const LAG_PERIOD_MS = 60_000
const LAG_STATISTICS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const

/** Makes an empty registry with the metrics of the process itself (CPU, memory, event loop). */
export function createMetricRegistry(): MetricRegistry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PERIOD_MS })
  for (const name of LAG_STATISTICS) registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`)

  const forSystem = (id: string): Metrics => {
    const full = (name: string): string => {
      const metric = `noc_${id.replaceAll('-', '_')}_${name}`
      if (!NAME.test(name) || !NAME.test(metric)) throw new TypeError(`"${metric}" is no name for a metric`)
      return metric
    }
    const sameOrNew = <T extends Gauge | Counter>(
      name: string,
      help: string,
      Kind: new (settings: { name: string; help: string; registers: Registry[] }) => T,
    ): T => {
      const known = registry.getSingleMetric(full(name))
      if (known === undefined) return new Kind({ name: full(name), help, registers: [registry] })
      if (known instanceof Kind) return known
      throw new TypeError(`${full(name)} is a metric of another kind already`)
    }
    return {
      gauge: (name, help) => sameOrNew<Gauge>(name, help, PromGauge),
      counter: (name, help) => sameOrNew<Counter>(name, help, PromCounter),
    }
  }

  return { forSystem, text: () => registry.metrics(), contentType: registry.contentType }
}
