/** Versions of tor: `0.4.8.12`, `0.4.9.1-alpha-dev`. Pure. */
import { wrong } from './query.ts'

/** A version without the program's name; `Tor 0.4.8.12` becomes `0.4.8.12`. */
export function bareVersion(version: string): string {
  return version.replace(/^Tor\s+/i, '').split(' ', 1)[0] ?? ''
}

/**
 * A test for the `v` line of a relay: `0.4.8` (and all 0.4.8.x), `<0.4.8.10`, `>=0.4.9`, or `outdated`, which is every
 * version that the authorities don't recommend.
 */
export function versionTest(wanted: string, recommended: readonly string[]): (version: string) => boolean {
  if (wanted === 'outdated') {
    if (recommended.length === 0) throw wrong('asks for outdated versions, but this consensus recommends none')
    return (version) => !recommended.includes(bareVersion(version))
  }
  const [, sign, number = ''] = /^([<>]=?)?(\d.*)$/.exec(wanted) ?? []
  if (number === '') throw wrong(`asks for a version that is none: ${wanted}`)
  if (sign === undefined) {
    return (version) => {
      const bare = bareVersion(version)
      return bare === number || bare.startsWith(`${number}.`) || bare.startsWith(`${number}-`)
    }
  }
  return (version) => {
    const order = compareVersions(bareVersion(version), number)
    return sign.startsWith('<')
      ? order < 0 || (sign === '<=' && order === 0)
      : order > 0 || (sign === '>=' && order === 0)
  }
}

/** Negative when `a` is older. A version with a tag (`-alpha`) is older than the same without (version-spec, "new style"). */
export function compareVersions(a: string, b: string): number {
  const [numbers, tag] = parts(a)
  const [otherNumbers, otherTag] = parts(b)
  for (let index = 0; index < 4; index += 1) {
    const difference = (numbers[index] ?? 0) - (otherNumbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (tag === otherTag) return 0
  if (tag === '' || otherTag === '') return tag === '' ? 1 : -1
  return tag < otherTag ? -1 : 1
}

function parts(version: string): readonly [readonly number[], string] {
  const [numbers = '', ...tag] = version.split('-')
  return [numbers.split('.').map((number) => Number.parseInt(number, 10) || 0), tag.join('-')]
}
