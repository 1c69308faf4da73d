import { NocError, exitCode } from '../../../errors.ts'
import type { Kind, ServiceParams } from '../types.ts'
import * as unit from '../service-systemd.ts'
import { systemdRuns } from '../service-systemd.ts'
import * as child from '../service-process.ts'

/** Who looks after it decides what there is to see. */
export type ServiceState = unit.UnitState | child.ProcessState

function checkParams({ name, exec }: ServiceParams, systemd: boolean): void {
  if (!/^[\w][\w:.@-]{0,99}$/.test(name) || (exec && !/^\/[^\0]+$/.test(exec[0] ?? ''))) {
    throw new NocError(
      'NOC_SETUP_SERVICE',
      `"${name}" is no service: it needs a plain name and a program with its whole path.`,
      {
        exit: exitCode.usage,
      },
    )
  }
  if (systemd || exec) return
  throw new NocError('NOC_SETUP_NO_SYSTEMD', `The unit ${name} needs systemd, which does not run here.`, {
    hint: 'Start it by your own means.',
  })
}

/** A program that runs on, under systemd where that runs. */
export const service: Kind<ServiceParams, ServiceState> = {
  name: 'service',
  invert: 'exact',
  id: ({ name }) => `service:${name}`,
  async read(host, params) {
    checkParams(params, systemdRuns(host))
    return systemdRuns(host) ? unit.read(host, params) : child.read(host, params)
  },
  want: (params, _, host) => (systemdRuns(host) ? unit.want(host, params) : child.want(host, params)),
  async write(host, params, to, from) {
    if (to.manager === 'systemd' && from.manager === 'systemd') await unit.write(host, params, to, from)
    else if (to.manager === 'process' && from.manager === 'process') await child.write(host, params, to)
    else throw new NocError('NOC_SETUP_MANAGER', `${params.name} was looked after by another manager of services.`)
  },
  tidy: (host, params) => (systemdRuns(host) ? unit.tidy(host, params) : child.tidy(host, params)),
  reload: (host, params) => (systemdRuns(host) ? unit.reload(host, params) : child.reload(host, params)),
  between(now, before, after) {
    if (now.manager === 'process') return child.between(now)
    // A manager that came since then has never known it.
    return before.manager === 'systemd' && after.manager === 'systemd' ? unit.between(now, before, after) : 'void'
  },
  show: (params, from, to) => [...lines('-', params, from), ...lines('+', params, to)],
}

function lines(sign: string, { name }: ServiceParams, state: ServiceState): readonly string[] {
  if (state.manager === 'process')
    return [`${sign} ${name} ${state.command ? `runs: ${state.command.join(' ')}` : 'does not run'}`]
  const about = [
    state.active ? 'runs' : 'does not run',
    state.enabled ? 'starts with the machine' : 'is not started with it',
  ]
  const text =
    state.unit === null
      ? []
      : state.unit
          .trimEnd()
          .split('\n')
          .map((line) => `${sign}   ${line}`)
  return [`${sign} ${name} ${about.join(', ')}`, ...text]
}
