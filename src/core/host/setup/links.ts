/** Network devices as iproute2 tells them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { NocError, exitCode } from '../../errors.ts'
import { NETNS_DIRECTORY } from './host.ts'
import type { Host } from './types.ts'

/** A device, as far as set-ups look at it (`ip -details -json link show`). */
export interface Link {
  readonly ifindex: number
  readonly flags: readonly string[]
  readonly master?: string
  /** The other end's number, when that is in another namespace; else `link` has its name. */
  readonly link_index?: number
  readonly link?: string
  readonly linkinfo?: {
    readonly info_kind?: string
    readonly info_slave_data?: { readonly isolated?: boolean }
  }
}

/** Longest name of a device (IFNAMSIZ of linux/if.h, without the final NUL). */
const NAME_LENGTH = 15

/** Refuses names that the kernel would refuse, and those that a program could take for an option. */
export function checkDevice(name: string): void {
  if (name.length <= NAME_LENGTH && /^[\w][\w.:@-]*$/.test(name)) return
  throw new NocError(
    'NOC_SETUP_DEVICE',
    `"${name}" can't name a network device: at most ${NAME_LENGTH} letters, digits, dots and dashes.`,
    {
      exit: exitCode.usage,
    },
  )
}

/** Whether there is a namespace of this name; null is the one we are in. */
export function netnsThere(netns: string | null): boolean {
  return netns === null || existsSync(join(NETNS_DIRECTORY, netns))
}

/** Asks `ip` about a device; null when the device or its namespace is not there. */
export async function askIp<T>(
  host: Host,
  netns: string | null,
  words: readonly string[],
  device: string,
): Promise<T | null> {
  checkDevice(device)
  if (!netnsThere(netns)) return null
  const { code, out, err } = await host.run(['ip', '-details', '-json', ...words, 'dev', device], { netns })
  if (code === 0) return (JSON.parse(out) as readonly T[])[0] ?? null
  if (/does not exist|Cannot find device/.test(err)) return null
  throw new NocError('NOC_SETUP_PROGRAM', `ip ${words.join(' ')} ${device} failed: ${err.trim()}`)
}

/** A device; null when it is not there. */
export function lookLink(host: Host, netns: string | null, device: string): Promise<Link | null> {
  return askIp<Link>(host, netns, ['link', 'show'], device)
}

/** Refuses to take a device of another sort for ours. */
export function checkSort(link: Link, device: string, sort: string): void {
  const actual = link.linkinfo?.info_kind ?? 'hardware'
  if (actual === sort) return
  throw new NocError(
    'NOC_SETUP_DEVICE_SORT',
    `The device ${device} is there already, and it is no ${sort} but ${actual}.`,
    {
      hint: 'Choose another name in the configuration.',
    },
  )
}
