/** One chromium for all browser tests of a run. */
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { find, needs } from '../../peers.ts'

/** Longest wait for anything on a page, ms. */
const PATIENCE = 10_000

/** For `{ skip: NEEDS_BROWSER }`: false where chromium is installed. */
export const NEEDS_BROWSER: string | false = needs({ programs: ['chromium'] })

/** The browser ends this long, ms, after its last page: an open one would keep the test process alive. */
const LINGER = 500

let launched: Promise<Browser> | undefined
let open = 0

async function release(context: BrowserContext): Promise<void> {
  await context.close()
  open -= 1
  setTimeout(() => {
    if (open > 0 || launched === undefined) return
    const last = launched
    launched = undefined
    void last.then((browser) => browser.close())
  }, LINGER)
}

function launch(): Promise<Browser> {
  launched ??= chromium.launch({
    executablePath: find('chromium') ?? 'chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
    ],
    timeout: 30_000,
  })
  return launched
}

/** How a page is opened. */
export interface View {
  readonly width?: number
  readonly height?: number
  readonly theme?: 'dark' | 'light' | 'auto'
  /** Kept for the tab, as if it had come with the address. */
  readonly token?: string
  readonly reducedMotion?: boolean
  /** Where the browser is; the fixtures' host is in Athens. */
  readonly timeZone?: string
}

/** A page in its own profile, and everything that went wrong on it. */
export interface OpenPage {
  readonly page: Page
  readonly context: BrowserContext
  /** Uncaught errors and console errors (refused requests among them are told apart by their text). */
  readonly errors: string[]
  /** Addresses of all requests. */
  readonly requests: string[]
}

/** Opens `url`; the profile is gone when the test ends. */
export async function openPage(
  t: { after(run: () => Promise<void>): void },
  url: string,
  view: View = {},
): Promise<OpenPage> {
  open += 1
  const browser = await launch()
  const context = await browser.newContext({
    viewport: { width: view.width ?? 1280, height: view.height ?? 980 },
    timezoneId: view.timeZone ?? 'Europe/Athens',
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write'],
    reducedMotion: view.reducedMotion === true ? 'reduce' : 'no-preference',
  })
  t.after(() => release(context))
  context.setDefaultTimeout(PATIENCE)
  const { theme, token } = view
  if (theme !== undefined) await context.addInitScript(`localStorage.setItem('noc.theme', '${theme}')`)
  if (token !== undefined) await context.addInitScript(`sessionStorage.setItem('noc.token', '${token}')`)
  const page = await context.newPage()
  const errors: string[] = []
  const requests: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  context.on('request', (request) => requests.push(request.url()))
  await page.goto(url)
  return { page, context, errors, requests }
}
