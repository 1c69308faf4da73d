/** Users and groups of a host, from its own passwd and group files. */
import { NocError } from '../../errors.ts'
import { readText } from './files.ts'
import type { Host } from './types.ts'

/** Names and numbers of one of the files; the first entry of a number gives it its name, as in getpwuid(3). */
interface Names {
  readonly ids: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<number, string>
}

/** A user and a group by number. */
export interface Ids {
  readonly uid: number
  readonly gid: number
}

function parse(text: string): Names {
  const ids = new Map([['root', 0]])
  const names = new Map([[0, 'root']])
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':')
    if (!/^\d{1,10}$/.test(id)) continue
    if (!ids.has(name)) ids.set(name, Number(id))
    if (!names.has(Number(id))) names.set(Number(id), name)
  }
  return { ids, names }
}

function both(host: Host): readonly [users: Names, groups: Names] {
  return [parse(readText(host, '/etc/passwd') ?? ''), parse(readText(host, '/etc/group') ?? '')]
}

/** 'user:group' by name where the host has names for the numbers. */
export function ownerName(host: Host, ids: Ids): string {
  const [users, groups] = both(host)
  return `${users.names.get(ids.uid) ?? ids.uid}:${groups.names.get(ids.gid) ?? ids.gid}`
}

/** The same owner as `ownerName` would tell it; unknown names stay as they are (they may come with an earlier step). */
export function normalOwner(host: Host, owner: string): string {
  const ids = findOwner(host, owner)
  return ids === null ? owner : ownerName(host, ids)
}

/** The numbers of 'user:group', given as names or numbers. */
export function ownerIds(host: Host, owner: string): Ids {
  const ids = findOwner(host, owner)
  if (ids !== null) return ids
  throw new NocError('NOC_SETUP_OWNER', `There is no such user or group here: "${owner}".`)
}

/** The numbers of 'user:group'; null when one of the names is unknown. */
export function findOwner(host: Host, owner: string): Ids | null {
  const [user = '', group = ''] = owner.split(':')
  const [users, groups] = both(host)
  const uid = users.ids.get(user) ?? (/^\d+$/.test(user) ? Number(user) : undefined)
  const gid = groups.ids.get(group) ?? (/^\d+$/.test(group) ? Number(group) : undefined)
  return uid === undefined || gid === undefined ? null : { uid, gid }
}

/** The owner of what this process makes. */
export function ourselves(host: Host): string {
  return ownerName(host, { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 })
}
