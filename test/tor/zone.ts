import type { Question, Zone } from './dns.ts'
import { LINK } from './plan.ts'

const NAMES: Readonly<Record<string, string>> = {
  '1.0.0.127.in-addr.arpa': 'www.site.example',
  [`${LINK.outside.split('.').toReversed().join('.')}.in-addr.arpa`]: 'www.outside.example',
}

/** `*.outside.example` are the servers outside, every other name in `example` is the local one; nothing else exists. */
export const zone: Zone = ({ name, type }: Question) => {
  const pointer = NAMES[name]
  if (pointer !== undefined) return type === 'PTR' ? [pointer] : []
  if (!/(^|\.)example$/.test(name)) return null
  const outside = /(^|\.)outside\.example$/.test(name)
  if (type === 'A') return [outside ? LINK.outside : '127.0.0.1']
  if (type === 'AAAA') return outside ? [LINK.outside6] : []
  return type === 'TXT' ? [`text of ${name}`] : []
}
