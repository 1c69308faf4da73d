import { isIP } from 'node:net'
import { NocError, exitCode } from '../../../errors.ts'
import { inside, must } from '../host.ts'
import { askIp } from '../links.ts'
import type { AddressParams, Kind } from '../types.ts'

interface Addresses {
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[]
}

/** The same address in one form: IPv6 as the WHATWG URL standard serializes it (RFC 5952). */
function normal(text: string): string {
  const [address = '', prefix = ''] = text.split('/')
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(prefix)) {
    throw new NocError('NOC_SETUP_ADDRESS', `"${text}" is no address with a prefix, like 10.100.100.1/24.`, {
      exit: exitCode.usage,
    })
  }
  return isIP(address) === 4 ? text : `${new URL(`http://[${address}]`).hostname.slice(1, -1)}/${prefix}`
}

/** An address of a device; the state is whether it has it. */
export const address: Kind<AddressParams, boolean> = {
  name: 'address',
  invert: 'exact',
  id: ({ device, address, netns }) => `address:${address}@${device}${netns === undefined ? '' : `@${netns}`}`,
  async read(host, params) {
    const known = await askIp<Addresses>(host, inside(host, params).netns, ['address', 'show'], params.device)
    const wanted = normal(params.address)
    return known?.addr_info.some(({ local, prefixlen }) => normal(`${local}/${prefixlen}`) === wanted) ?? false
  },
  want: () => true,
  async write(host, params, to) {
    const words = ['ip', 'address', to ? 'add' : 'del', params.address, 'dev', params.device]
    await must(host, words, inside(host, params))
  },
  show: ({ device, address }, _, to) => [`${to ? '+' : '-'} ${address} on ${device}`],
}
