import { exitCode, NocError } from '../errors.ts'
import { plain } from '../plain.ts'
import type { Alert } from './types.ts'

/** Starts a program: core/host/run.ts, which alone may. It rejects when the program can't be run to its end. */
export type RunProgram = (
  argv: readonly string[],
  options: {
    readonly stdin: string
    readonly env: Readonly<Record<string, string>>
    readonly timeoutMs: number
    readonly signal: AbortSignal
  },
) => Promise<{ readonly code: number; readonly stderr: string }>

/** What a delivery tells of one alert. */
export interface Told {
  readonly kind: 'raised' | 'risen' | 'cleared'
  readonly alert: Alert
}

/** The JSON that a webhook or a command gets. */
export interface DeliveryDocument {
  /** `more`: what came above the rate limit, summed up. */
  readonly kind: Told['kind'] | 'more' | 'test'
  /** One line for people; chat webhooks show this key. */
  readonly text: string
  /** ms since 1970. */
  readonly at: number
  /** The machine that tells; '' when it was not named. */
  readonly host: string
  /** The alert; null for `more` and `test`. */
  readonly alert: Alert | null
  /** How many changes this tells of. */
  readonly changes: number
  /** The first of them, for `more`. */
  readonly more: readonly Told[]
}

/** One way out. `send` resolves to null when it was taken, else to why not: words without any secret in them. */
export interface Channel {
  readonly name: 'webhook' | 'command'
  send(document: DeliveryDocument, signal: AbortSignal): Promise<string | null>
}

/** Longest text handed over as an environment variable, characters. */
const MAX_ENV = 1000
/** How much of a failed command's own words is kept, characters. */
const MAX_WORDS = 200

/** Why a request failed. Never the error's own words: they may hold the address, which may hold a secret. */
function whyNot(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? `no connection (${code})` : 'no connection'
}

/** Posts the document as JSON to the operator's address; follows no redirect. */
export function webhookChannel(address: string, timeoutMs: number): Channel {
  const url = URL.canParse(address) ? new URL(address) : null
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new NocError('NOC_ALERTS_WEBHOOK', 'The webhook of [alerts] is no http or https address.', {
      exit: exitCode.usage,
    })
  const headers = new Headers({ 'content-type': 'application/json', 'user-agent': 'nocturne' })
  if (url.username !== '' || url.password !== '') {
    // fetch refuses an address with a password in it.
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    headers.set('authorization', `Basic ${Buffer.from(credentials).toString('base64')}`)
    url.username = ''
    url.password = ''
  }
  return {
    name: 'webhook',
    send: async (document, signal) => {
      try {
        const response = await fetch(url, {
          method: 'POST',
          redirect: 'manual',
          headers,
          body: JSON.stringify(document),
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        })
        await response.body?.cancel()
        return response.ok ? null : `HTTP ${response.status}`
      } catch (error) {
        return whyNot(error, timeoutMs)
      }
    },
  }
}

/** A NUL would keep the program from starting, and a line break would make two lines of one. */
function harmless(value: string): string {
  return plain(value).slice(0, MAX_ENV)
}

function environment({ kind, text, host, alert }: DeliveryDocument): Record<string, string> {
  return {
    NOC_ALERT_KIND: kind,
    NOC_ALERT_TEXT: harmless(text),
    NOC_ALERT_HOST: host,
    NOC_ALERT_ID: alert ? String(alert.id) : '',
    NOC_ALERT_SYSTEM: alert?.system ?? '',
    NOC_ALERT_SEVERITY: alert?.severity ?? '',
    NOC_ALERT_KEY: harmless(alert?.key ?? ''),
    NOC_ALERT_SUMMARY: harmless(alert?.summary ?? ''),
  }
}

/** Runs the operator's program, without a shell: the document on stdin, its main parts as NOC_ALERT_*. */
export function commandChannel(argv: readonly string[], timeoutMs: number, run: RunProgram): Channel {
  return {
    name: 'command',
    send: async (document, signal) => {
      const stdin = `${JSON.stringify(document)}\n`
      try {
        const { code, stderr } = await run(argv, { stdin, env: environment(document), timeoutMs, signal })
        if (code === 0) return null
        const words = plain(stderr.trim()).slice(0, MAX_WORDS)
        return `exit code ${code}${words === '' ? '' : `: ${words}`}`
      } catch (error) {
        return error instanceof NocError ? error.message : 'the program could not be run'
      }
    },
  }
}
