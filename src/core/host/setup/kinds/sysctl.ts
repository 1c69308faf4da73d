import { NocError, exitCode } from '../../../errors.ts'
import { inside, must, place } from '../host.ts'
import type { FileParams, Kind, SysctlParams } from '../types.ts'

/** The value as sysctl(8) prints it; null: the running kernel has no such key (its interface is not there). */
export type SysctlState = string | null

/** Dots or slashes, whichever comes first, separate; the other one belongs to names (sysctl(8)). */
function procPath(key: string): string {
  const separator = /[./]/.exec(key)?.[0]
  const parts = separator === undefined ? [key] : key.split(separator)
  const names = separator === '.' ? parts.map((part) => part.replaceAll('/', '.')) : parts
  if (names.every((name) => /^[\w.:@-]+$/.test(name) && !/^\.+$/.test(name))) return `/proc/sys/${names.join('/')}`
  throw new NocError('NOC_SETUP_SYSCTL', `"${key}" is no key of sysctl.`, { exit: exitCode.usage })
}

function normal(value: string): string {
  return value.trim().replace(/[ \t]+/g, ' ')
}

/** A value of the running kernel. It is lost at a restart: `persistedSysctl` is the other half. */
export const sysctl: Kind<SysctlParams, SysctlState> = {
  name: 'sysctl',
  invert: 'exact',
  id: (params) => `sysctl:${place(params.key, params)}`,
  async read(host, params) {
    const { code, out, err } = await host.run(['cat', procPath(params.key)], inside(host, params))
    if (code === 0) return normal(out)
    if (/No such file|cannot open/.test(err)) return null
    throw new NocError('NOC_SETUP_SYSCTL', `The kernel's ${params.key} can't be read: ${err.trim()}`)
  },
  want: ({ value }) => normal(value),
  async write(host, params, to) {
    if (to === null) return
    await must(host, ['tee', procPath(params.key)], { stdin: `${to}\n`, ...inside(host, params) })
  },
  between: (now) => (now === null ? 'void' : 'foreign'),
  show: ({ key }, from, to) => [`- ${key} = ${from ?? '(not there yet)'}`, `+ ${key} = ${to ?? '(not there)'}`],
}

/** The file that sets values again at every start of the machine, for the kind `file`. */
export function persistedSysctl(name: string, values: Readonly<Record<string, string>>): FileParams {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${normal(value)}\n`)
  return {
    path: `/etc/sysctl.d/60-noc-${name}.conf`,
    content: `# Made by noc ${name}.\n${lines.join('')}`,
    mode: '0644',
  }
}
