/** Differences of consensuses, as a mirror makes them: one command for each run of lines that changed. dir-spec 4.5. */
import { createHash } from 'node:crypto'
import { consensusDiffDigest } from '#proto/tordir/diff.ts'

/** The difference from `base` to `target`. */
export function composeDiff(base: Uint8Array, target: Uint8Array): Uint8Array {
  const [from, to] = [lines(base), lines(target)]
  const least = Math.min(from.length, to.length)
  let head = 0
  while (head < least && from[head] === to[head]) head += 1
  let tail = 0
  while (tail < least - head && from.at(-1 - tail) === to.at(-1 - tail)) tail += 1
  const added = to.slice(head, to.length - tail)
  const last = from.length - tail
  const script = added.length === 0 ? [`${head + 1},${last}d`] : [`${head + 1},${last}c`, ...added, '.']
  const hashes = `hash ${consensusDiffDigest(base)} ${createHash('sha3-256').update(target).digest('hex').toUpperCase()}`
  return Buffer.from(['network-status-diff-version 1', hashes, ...script, ''].join('\n'), 'latin1')
}

function lines(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString('latin1').replace(/\n$/, '').split('\n')
}
