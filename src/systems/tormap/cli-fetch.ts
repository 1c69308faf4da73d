import type { CommandContext } from '#core/cli/command.ts'
import { systemClock } from '#core/clock.ts'
import { NocError, exitCode } from '#core/errors.ts'
import { plain } from '#core/plain.ts'
import { table } from '#core/tui/table.ts'
import { bytes, text } from '#core/units.ts'
import type { TormapConfig } from './config.ts'
import { contacts, fetchConsensus } from './fetch/fetch.ts'
import { fetchFolder } from './fetch/folder.ts'
import { parseEndpoint } from './fetch/sources.ts'
import type { Contact, FetchEvent, Fetched } from './fetch/types.ts'
import { authorityLines } from './read.ts'
import { timeText, verifiedText } from './words.ts'

/** Flags of `noc tormap fetch` (index.ts). */
export interface FetchFlags {
  readonly dryRun: boolean
  readonly source: TormapConfig['source'] | undefined
  readonly flavour: TormapConfig['flavour'] | undefined
  readonly mirror: readonly string[]
  readonly authorities: readonly string[]
  readonly socks: string | undefined
  readonly torDirectory: string | undefined
  readonly consensusOnly: boolean
  readonly force: boolean
}

/** `noc tormap fetch`. */
export async function fetch({ flags }: { readonly flags: FetchFlags }, cx: CommandContext): Promise<number> {
  const config = await configOf(flags, cx)
  if (flags.dryRun) return plan(contacts(config, systemClock.now()), cx)
  const folder = fetchFolder(await cx.dataDirectory())
  const progress = teller(cx)
  try {
    const fetched = await fetchConsensus({
      config,
      folder,
      clock: systemClock,
      signal: cx.signal,
      force: flags.force,
      onEvent: progress.tell,
    })
    progress.clear()
    tellResult(fetched, folder, cx)
    return exitCode.ok
  } finally {
    progress.clear()
  }
}

/** The configuration with what was typed over it. */
async function configOf(flags: FetchFlags, cx: CommandContext): Promise<TormapConfig> {
  const config = await cx.config<TormapConfig>()
  const authorities = flags.authorities.length > 0 ? await authorityLines(flags.authorities) : config.authorities
  const socks = flags.socks ?? config.socks
  if (socks !== '' && !socks.startsWith('/')) checkEndpoint(socks)
  flags.mirror.forEach(checkEndpoint)
  return {
    ...config,
    source: flags.source ?? (flags.torDirectory === undefined ? config.source : 'tor'),
    flavour: flags.flavour ?? config.flavour,
    mirrors: flags.mirror.length > 0 ? flags.mirror : config.mirrors,
    authorities,
    socks,
    tor_directory: flags.torDirectory ?? config.tor_directory,
    descriptors: config.descriptors && !flags.consensusOnly,
  }
}

function checkEndpoint(value: string): void {
  if (parseEndpoint(value) !== null) return
  throw new NocError('NOC_TORMAP_ENDPOINT', `"${value}" is not ADDRESS:PORT.`, {
    exit: exitCode.usage,
    hint: 'For example 192.0.2.1:9030 or [2001:db8::1]:9030.',
  })
}

function plan(all: readonly Contact[], { out, json }: CommandContext): number {
  if (json) out.json({ contacts: all })
  else {
    for (const line of contactLines(all, { out })) out.line(line)
    out.line()
    out.line(out.ink('strong', 'Nobody was contacted.'))
    out.line('The same line without --dry-run does it: one after the other in random order, until one has it.')
  }
  return all.length > 0 ? exitCode.ok : exitCode.found
}

function contactLines(all: readonly Contact[], { out }: Pick<CommandContext, 'out'>): string[] {
  const columns = [{ title: 'WHO', shrink: 20 }, { title: 'WHERE', shrink: 30 }, { title: 'HOW' }]
  const rows = all.map(({ nickname, address, through }) => [nickname, address, through])
  return table(columns, rows, { columns: out.terminal ? out.columns() : Infinity, ink: out.ink.bind(out) })
}

/** Events as lines of JSON; else remarks on stderr, and one line that changes where stdout is a terminal. */
function teller({ out, json }: CommandContext): { tell(event: FetchEvent): void; clear(): void } {
  let isShown = false
  let isCounting = false
  const clear = (): void => {
    if (isShown) out.raw('\r\u001b[K')
    isShown = false
  }
  const show = (line: string): void => {
    if (!out.terminal || isCounting) return
    clear()
    isShown = out.raw(plain(line).slice(0, out.columns() - 1)) || true
  }
  const remark = (line: string): void => {
    clear()
    out.note(line)
  }
  const tell = (event: FetchEvent): void => {
    if (json) return out.json(event)
    switch (event.event) {
      case 'contacts':
        return remark(`Asking one after the other of: ${event.contacts.map(contactText).join(', ')}`)
      case 'asking':
        return show(`asking ${contactText(event.contact)} for ${event.what}`)
      case 'got':
        return show(`got ${event.what} from ${contactText(event.contact)}, ${text(bytes(event.bytes))}`)
      case 'failed':
        return remark(`no ${event.what} from ${contactText(event.contact)}: ${event.why}`)
      case 'progress':
        // Many requests at a time: their number says more than each of them.
        isCounting = false
        show(`${event.what}: ${event.done} of ${event.of}`)
        isCounting = true
        return
      case 'note':
        return remark(event.text)
    }
  }
  return { tell, clear }
}

function contactText({ nickname, address, through }: Contact): string {
  return through === 'directly' || through === 'files'
    ? `${nickname} (${address})`
    : `${nickname} (${address}, ${through})`
}

function tellResult(fetched: Fetched, folder: string, cx: CommandContext): void {
  const { out, json } = cx
  if (json) return out.json({ event: 'done', ...fetched, documents: undefined, folder })
  const { validAfter, verification, isNew, isDiff, from, missing } = fetched
  const is = isNew ? 'The consensus of' : 'Nothing to fetch: the consensus of'
  const source = from === null ? '' : `, ${isDiff ? 'as a difference ' : ''}from ${contactText(from)}`
  const ink = verification.state === 'good' ? 'ok' : 'warning'
  out.line(out.ink(ink, `${is} ${timeText(validAfter)} is here${source}.`))
  out.line(plain(verifiedText(verification)))
  if (missing > 0) out.line(`${missing} descriptors are missing.`)
  out.line('`noc tormap` shows it.')
}
