import { checkText } from '../check.ts'
import { look } from '../files.ts'
import type { Kind, TorrcBlockParams } from '../types.ts'
import { fileBlock, type FileBlockState } from './file-block.ts'

/** Debian's tor reads these before /etc/tor/torrc (tor@default.service), and its torrc may lean on them. */
const DEFAULTS = '/usr/share/tor/tor-service-defaults-torrc'
const SYSTEM_TORRC = '/etc/tor/torrc'

/** A block in a torrc; tor itself must accept the whole file with it. */
export const torrcBlock: Kind<TorrcBlockParams, FileBlockState> = {
  ...fileBlock,
  name: 'torrc-block',
  id: ({ path, name }) => `torrc-block:${path}#${name}`,
  async check(host, { path }, to) {
    const defaults =
      path === SYSTEM_TORRC && look(host, DEFAULTS) ? ['--defaults-torrc', `${host.root}${DEFAULTS}`] : []
    await checkText(host, ['tor', '--verify-config', ...defaults, '-f', '{}'], path, to.text ?? '')
  },
}
