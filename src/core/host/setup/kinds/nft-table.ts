import { NocError, exitCode } from '../../../errors.ts'
import { invalid } from '../check.ts'
import { lineDiff } from '../diff.ts'
import { NOT_INSTALLED, inside, must, place } from '../host.ts'
import { netnsThere } from '../links.ts'
import type { Kind, NftTableParams } from '../types.ts'

/** The table as `nft -s list table` prints it, without what is learned at run time; null: no such table. */
export type NftTableState = string | null

function checkName(name: string): void {
  if (/^noc_\w{1,60}$/.test(name)) return
  throw new NocError('NOC_SETUP_NFT_NAME', `A set-up's table is named noc_...; "${name}" might be somebody else's.`, {
    exit: exitCode.usage,
  })
}

/** Replaces or removes the table in one transaction; it is there at no moment without its rules. */
function script({ family, name }: NftTableParams, table: NftTableState): string {
  return `add table ${family} ${name}\ndelete table ${family} ${name}\n${table ?? ''}`
}

/** Elements that packets put into a set are no rule; those of sets that packets can't change are. */
function withoutLearned(listing: string): string {
  const result: string[] = []
  let set: 'none' | 'fixed' | 'learned' = 'none'
  let skipping = false
  for (const line of listing.split('\n')) {
    if (/^\t(set|map) /.test(line)) set = 'fixed'
    if (line === '\t}') set = 'none'
    if (set === 'fixed' && /^\t\tflags .*\b(dynamic|timeout)\b/.test(line)) set = 'learned'
    if (set === 'learned' && line.startsWith('\t\telements = ')) skipping = true
    if (!skipping) result.push(line)
    if (skipping && line.trimEnd().endsWith('}')) skipping = false
  }
  return result.join('\n')
}

const NEEDS_ROOT = { hint: 'This needs root.' } as const
/** Loads and lists in a network namespace that ends with the shell: nft's own normal form, and its own judgement. */
const NORMALIZE = 'nft -f - && nft -s list table "$1" "$2"'

/** A whole table with an own name. */
export const nftTable: Kind<NftTableParams, NftTableState> = {
  name: 'nft-table',
  invert: 'exact',
  losses: 'Counters and learned elements of a table that was there before start again.',
  id: (params) => `nft-table:${place(`${params.family} ${params.name}`, params)}`,
  async read(host, params) {
    checkName(params.name)
    const { netns } = inside(host, params)
    if (!netnsThere(netns)) return null
    const { code, out, err } = await host.run(['nft', '-s', 'list', 'table', params.family, params.name], { netns })
    if (code === 0) return withoutLearned(out)
    if (code === NOT_INSTALLED || /No such file or directory/.test(err)) return null
    throw new NocError('NOC_SETUP_NFT', `nft can't list its tables: ${err.trim()}`, NEEDS_ROOT)
  },
  async want(params, _, host) {
    const { family, name, rules } = params
    const table = `table ${family} ${name} {\n${rules}\n}\n`
    const { code, out, err } = await host.run(['unshare', '--net', 'sh', '-c', NORMALIZE, 'sh', family, name], {
      stdin: table,
    })
    if (code === 0) return withoutLearned(out)
    if (code === NOT_INSTALLED) return table
    if (err.startsWith('unshare:'))
      throw new NocError('NOC_SETUP_NFT', `The rules can't be judged: ${err.trim()}`, NEEDS_ROOT)
    throw invalid('nft', `the table ${family} ${name}`, err)
  },
  async check(host, params, to) {
    const { code, err } = await host.run(['nft', '-c', '-f', '-'], {
      stdin: script(params, to),
      ...inside(host, params),
    })
    if (code !== 0) throw invalid('nft', `the table ${params.family} ${params.name}`, err)
  },
  async write(host, params, to) {
    await must(host, ['nft', '-f', '-'], { stdin: script(params, to), ...inside(host, params) })
  },
  show: (_, from, to) => lineDiff(from ?? '', to ?? ''),
}
