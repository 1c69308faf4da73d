import { NocError, exitCode } from '../../../errors.ts'
import { fieldDiff } from '../diff.ts'
import { readText } from '../files.ts'
import { must } from '../host.ts'
import { mixture } from '../mixture.ts'
import type { Host, Kind, UserParams } from '../types.ts'

/** `home` and `shell` null: no such user; `group`: whether there is a group of its name. */
export type UserState = { readonly home: string | null; readonly shell: string | null; readonly group: boolean }

/** Edits the files below the host's root, without chroot. */
function prefix(host: Host): readonly string[] {
  return host.root === '' ? [] : ['--prefix', host.root]
}

function entryOf(host: Host, path: string, name: string): readonly string[] | undefined {
  const lines = (readText(host, path) ?? '').split('\n')
  return lines.find((line) => line.startsWith(`${name}:`))?.split(':')
}

async function remove(host: Host, name: string, to: UserState): Promise<void> {
  if (entryOf(host, '/etc/passwd', name)) await must(host, ['userdel', ...prefix(host), name])
  // userdel takes the group along, or not, by USERGROUPS_ENAB of login.defs(5).
  if (!to.group && entryOf(host, '/etc/group', name)) await must(host, ['groupdel', ...prefix(host), name])
}

/** A system user. One that is there already is left as it is. */
export const user: Kind<UserParams, UserState> = {
  name: 'user',
  invert: 'best-effort',
  losses: 'Files that it made keep its number as their owner.',
  id: ({ name }) => `user:${name}`,
  async read(host, { name }) {
    const [, , , , , home = null, shell = null] = entryOf(host, '/etc/passwd', name) ?? []
    return { home, shell, group: entryOf(host, '/etc/group', name) !== undefined }
  },
  want({ name, home = '/nonexistent', shell = '/usr/sbin/nologin' }, now) {
    // As useradd(8) of Debian has it.
    if (/^[a-z_][a-z0-9_-]{0,31}$/.test(name)) return now.home === null ? { home, shell, group: true } : now
    throw new NocError('NOC_SETUP_USER', `"${name}" can't name a user.`, { exit: exitCode.usage })
  },
  async write(host, { name }, to, from) {
    if (to.home === null || to.shell === null) return remove(host, name, to)
    const about = ['--system', '--no-create-home', '--home-dir', to.home, '--shell', to.shell]
    const group = from.group ? ['--gid', name] : ['--user-group']
    await must(host, ['useradd', ...prefix(host), ...about, ...group, name])
  },
  between: mixture,
  show: ({ name }, from, to) => [
    ...(from.home === null ? [`+ user ${name}`] : to.home === null ? [`- user ${name}`] : []),
    ...fieldDiff({ home: from.home, shell: from.shell }, { home: to.home, shell: to.shell }),
  ],
}
