/** A figure that goes up and down. */
export interface Gauge {
  set(value: number): void
}
/** A figure that only grows. */
export interface Counter {
  inc(by?: number): void
}
/**
 * Prometheus metrics of one system; names get the prefix `noc_<system>_`.
 * Creating the same name twice gives the same metric.
 */
export interface Metrics {
  gauge(name: string, help: string): Gauge
  counter(name: string, help: string): Counter
}
