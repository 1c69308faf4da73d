/** Who a box's program runs as. */
import { NocError, exitCode } from '#core/errors.ts'
import { run } from '#core/host/run.ts'

/** A user of this machine. */
export interface BoxUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly shell: string
}

const LOOK_MS = 10_000
const MOST_BYTES = 64 * 1024

/** One line of getent passwd(5); null when it is none. */
export function parseUser(line: string): BoxUser | null {
  const [name = '', , uid = '', gid = '', , home = '', shell = ''] = line.trimEnd().split(':')
  if (name === '' || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return null
  return { name, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' }
}

/** A user by name or number, from wherever this machine has its users (files, LDAP ...). */
export async function findUser(name: string): Promise<BoxUser> {
  const { code, stdout } = await run(['getent', 'passwd', '--', name], { timeoutMs: LOOK_MS, maxBytes: MOST_BYTES })
  const user = code === 0 ? parseUser(stdout.toString().split('\n')[0] ?? '') : null
  if (user !== null) return user
  throw new NocError('NOC_TORBOX_USER', `There is no user "${name}" here.`, { exit: exitCode.usage })
}

/** Root without more rights than a program needs that installs or serves something: no networks, mounts, modules. */
const ROOT_RIGHTS = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'net_bind_service',
  'setgid',
  'setpcap',
  'setuid',
  'sys_chroot',
]

/** What stands before the program, so that it is that user and nothing gives it more. */
export function asUser(user: BoxUser): readonly string[] {
  const rights = user.uid === 0 ? ROOT_RIGHTS.map((right) => `,+${right}`).join('') : ''
  return ['setpriv', ...identity(user), `--bounding-set=-all${rights}`, '--inh-caps=-all', '--no-new-privs', '--']
}

/** The same for Firejail, which is set-uid root and takes rights away itself. */
export function asFirejailUser(user: BoxUser): readonly string[] {
  return [...(user.uid === 0 ? [] : ['setpriv', ...identity(user), '--']), 'firejail', '--quiet', '--']
}

function identity({ uid, gid }: BoxUser): readonly string[] {
  return uid === 0 ? [] : [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups']
}

/** The environment of somebody who logged in as that user. */
export function userEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  user: BoxUser,
): Readonly<Record<string, string | undefined>> {
  const rest = Object.entries(env).filter(([name]) => !/^(SUDO_.*|XDG_RUNTIME_DIR)$/.test(name))
  const own = { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell }
  return {
    ...Object.fromEntries(rest),
    ...own,
    ...(user.uid === 0 ? {} : { XDG_RUNTIME_DIR: `/run/user/${user.uid}` }),
  }
}
