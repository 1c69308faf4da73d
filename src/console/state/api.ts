import { askToken, token } from './token.ts'

/** Why a request failed, in the words of the daemon where it had any. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: string
  readonly hint: string | undefined

  constructor(status: number, code: string, message: string, hint?: string) {
    super(message)
    this.status = status
    this.code = code
    this.hint = hint
  }
}

/** `authorization` when the token is known. */
export function authorization(): Record<string, string> {
  return token.value === null ? {} : { authorization: `Bearer ${token.value}` }
}

/** Makes an ApiError of a response that isn't 2xx. */
export async function failure(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string; hint?: string } }
    return new ApiError(response.status, error.code, error.message, error.hint)
  } catch {
    const why = `The daemon answered with status ${response.status} and no explanation.`
    return new ApiError(response.status, 'NOC_HTTP_STATUS', why)
  }
}

function unreachable(cause: unknown): ApiError {
  if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
  return new ApiError(
    0,
    'NOC_HTTP_UNREACHABLE',
    'The daemon does not answer.',
    'Is `noc up` still running on that host?',
  )
}

interface Init {
  readonly method?: 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

async function call(path: string, init: Init): Promise<Response> {
  const once = async (): Promise<Response> => {
    try {
      return await fetch(path, {
        ...init,
        headers: { accept: 'application/json', ...init.headers, ...authorization() },
      })
    } catch (error) {
      throw unreachable(error)
    }
  }
  let response = await once()
  if (response.status === 401) {
    if (!(await askToken())) throw await failure(response)
    response = await once()
  }
  if (!response.ok) throw await failure(response)
  return response
}

/** Reads a document. */
export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await call(path, signal ? { signal } : {})
  return (await response.json()) as T
}

/** Reads a file and what the daemon would call it; a link can't, where reading needs the token. */
export async function readFile(path: string): Promise<{ readonly name: string; readonly content: Blob }> {
  const response = await call(path, { headers: { accept: '*/*' } })
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? 'download'
  return { name, content: await response.blob() }
}

/** Acts: sends `body` with the token, which is asked for when it is missing or wrong. */
export async function act<T>(path: string, body: unknown): Promise<T> {
  const response = await call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await response.json()) as T
}

/** Any failure as something to show. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return new ApiError(0, 'NOC_CONSOLE', error instanceof Error ? error.message : String(error))
}
