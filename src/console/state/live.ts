import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiError, asApiError, authorization, failure, read } from './api.ts'
import { followZone } from '../host-time.ts'
import { followHost, now, paused } from './clock.ts'
import { eventParser } from './event-stream.ts'
import { askToken, token } from './token.ts'

/** Wait before the first try to reconnect, ms; doubles up to the longest. */
const FIRST_WAIT = 500
const LONGEST_WAIT = 15_000
/** The daemon sends a comment every 15 s; without a byte for this long the stream is dead. */
const SILENCE = 40_000

/** A document that the daemon keeps up to date here. */
export interface Feed<T> {
  readonly topic: string
  readonly document: ReadonlySignal<T | null>
  /** Why there is no document. */
  readonly problem: ReadonlySignal<ApiError | null>
  /** Fetches it once more. */
  refresh(): void
}

interface Channel {
  readonly topic: string
  readonly url: string
  readonly document: Signal<unknown>
  readonly problem: Signal<ApiError | null>
  /** Monotonic time of the last arrival. */
  readonly arrived: Signal<number | null>
  /** Time between two documents, ms; 0: the stream only says that something has changed. */
  readonly pace: number
  /** The same as seen of late: the operator may have set a slower pace. */
  seen: number
  watchers: number
}

const channels = new Map<string, Channel>()
const topics: Signal<string> = signal('')
const stateSignal: Signal<'connecting' | 'live' | 'lost'> = signal('connecting')

/** How the stream stands. */
export const connection: ReadonlySignal<'connecting' | 'live' | 'lost' | 'paused'> = computed(() =>
  paused.value ? 'paused' : stateSignal.value,
)

/** Age in ms of the oldest watched document that is later than twice its period; null when all are fresh. */
export const stale: ReadonlySignal<number | null> = computed(() => {
  void now.value
  void topics.value
  let oldest: number | null = null
  for (const channel of channels.values()) {
    const at = channel.arrived.value
    if (channel.watchers === 0 || channel.pace === 0 || at === null) continue
    const age = performance.now() - at
    if (age > 2 * Math.max(channel.pace, channel.seen)) oldest = Math.max(oldest ?? 0, age)
  }
  return oldest
})

function take(channel: Channel, document: { readonly at?: number; readonly utcOffset?: number }): void {
  const { at, utcOffset } = document
  if (at !== undefined) followHost(at)
  if (at !== undefined && utcOffset !== undefined) followZone(utcOffset, at)
  channel.document.value = document
  channel.problem.value = null
  channel.arrived.value = performance.now()
}

async function fetchOnce(channel: Channel): Promise<void> {
  try {
    take(channel, await read(channel.url))
  } catch (error) {
    channel.problem.value = asApiError(error)
  }
}

/** Takes what the stream brings; two documents in a row tell the pace. */
function receiver(): (topic: string, document: { readonly at?: number }) => void {
  const before = new Map<string, number>()
  return (topic, document) => {
    const channel = channels.get(topic)
    if (!channel) return
    const last = before.get(topic)
    if (document.at !== undefined) {
      if (last !== undefined) channel.seen = document.at - last
      before.set(topic, document.at)
    }
    if (channel.pace === 0) void fetchOnce(channel)
    else take(channel, document)
  }
}

function watched(): Channel[] {
  return [...channels.values()].filter((channel) => channel.watchers > 0)
}

/**
 * Describes a live topic: where its document is read from, and how often (ms) the stream brings it; 0 when it only
 * says that there is something new to read.
 */
export function feed<T>(topic: string, url: string, pace: number): Feed<T> {
  const channel: Channel = {
    topic,
    url,
    document: signal(null),
    problem: signal(null),
    arrived: signal(null),
    pace,
    seen: 0,
    watchers: 0,
  }
  channels.set(topic, channel)
  return {
    topic,
    document: channel.document as Signal<T | null>,
    problem: channel.problem,
    refresh: () => void fetchOnce(channel),
  }
}

/** Keeps a feed alive for as long as the component is shown. */
export function useFeed<T>(source: Feed<T>): T | null {
  useEffect(() => {
    const channel = channels.get(source.topic)
    if (!channel) return undefined
    channel.watchers += 1
    channel.arrived.value = performance.now()
    void fetchOnce(channel)
    const list = (): string =>
      watched()
        .map((one) => one.topic)
        .join(',')
    topics.value = list()
    return () => {
      channel.watchers -= 1
      topics.value = list()
    }
  }, [source])
  return source.document.value
}

async function stream(list: string, signal: AbortSignal, opened: () => void): Promise<void> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), SILENCE)
  const receive = receiver()
  const parse = eventParser(({ event, data }) => receive(event, JSON.parse(data) as { at?: number }))
  try {
    const response = await fetch(`/api/live?topics=${list}`, {
      headers: { accept: 'text/event-stream', ...authorization() },
      signal: AbortSignal.any([signal, silence.signal]),
    })
    if (!response.ok || !response.body) throw await failure(response)
    opened()
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE)
      parse(value)
    }
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}

async function follow(list: string, signal: AbortSignal): Promise<void> {
  let pause = FIRST_WAIT
  while (!signal.aborted) {
    try {
      await stream(list, signal, () => {
        stateSignal.value = 'live'
        pause = FIRST_WAIT
      })
    } catch (error) {
      if (signal.aborted) return
      stateSignal.value = 'lost'
      // Declined: ask again only when the operator does something.
      if (error instanceof ApiError && error.status === 401 && !(await askToken())) return
    }
    if (signal.aborted) return
    stateSignal.value = 'lost'
    await wait(pause * (0.75 + Math.random() / 2), signal)
    pause = Math.min(pause * 2, LONGEST_WAIT)
    if (!signal.aborted) for (const channel of watched()) void fetchOnce(channel)
  }
}

/** Opens the stream for whatever is watched, follows changes of that, closes it while the tab is hidden. */
export function startLive(): void {
  effect(() => {
    const list = topics.value
    void token.value
    if (list === '' || paused.value) return undefined
    const stop = new AbortController()
    void follow(list, stop.signal)
    return () => stop.abort()
  })
  // Back in front: what is on the screen is old, so don't wait for the next beat.
  effect(() => {
    if (paused.value) return
    for (const channel of watched()) {
      channel.arrived.value = performance.now()
      void fetchOnce(channel)
    }
  })
}
