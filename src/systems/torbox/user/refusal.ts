/** Why a box could not be built, in one sentence. Pure: what the kernel says about itself is handed in. */
import { NocError } from '#core/errors.ts'

/** Files in which kernels say that ordinary users may not make user namespaces, and the value that says so. */
const SWITCHES = [
  {
    file: '/proc/sys/kernel/unprivileged_userns_clone',
    forbids: '0',
    why: 'this kernel lets only root make user namespaces',
    hint: 'As root: sysctl kernel.unprivileged_userns_clone=1',
  },
  {
    file: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    forbids: '1',
    why: 'AppArmor lets only programs with a profile for it use user namespaces',
    hint: 'As root: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for unshare with `userns,`.',
  },
  {
    file: '/proc/sys/user/max_user_namespaces',
    forbids: '0',
    why: 'this kernel allows no user namespaces',
    hint: 'As root: sysctl user.max_user_namespaces=10000',
  },
] as const

/** Turns what the building programs wrote before they failed into an error; `read` gives a file's text or null. */
export function refusal(errors: string, read: (file: string) => string | null): NocError {
  const lines = errors.split('\n').filter((line) => line.trim() !== '')
  const first = lines[0] ?? 'it ended without a word'
  if (/^unshare:/m.test(errors)) {
    const found = SWITCHES.find(({ file, forbids }) => read(file)?.trim() === forbids)
    const why = found?.why ?? `user namespaces are refused here (${first})`
    return new NocError('NOC_TORBOX_USERNS', `A box for ordinary users can't be built: ${why}.`, {
      hint:
        found?.hint ??
        'Inside a container the container manager has to allow them; root can use the bridge: noc torbox apply',
    })
  }
  if (/^mount: \/proc:/m.test(errors)) {
    return new NocError('NOC_TORBOX_PROC', "A box can't have its own /proc here: parts of the host's are covered.", {
      hint: 'Container managers do that; run noc outside of the container, or in one with an unmasked /proc.',
    })
  }
  return new NocError('NOC_TORBOX_BUILD', `The box can't be built: ${first}.`, {
    hint: lines.slice(1, 4).join('; ') || '`noc torbox verify` says what this host lacks.',
  })
}
