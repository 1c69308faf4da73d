import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FAST_BYTES_PER_SECOND, modernClasses, originalClass } from './classes.ts'
import { AT, entry } from './fixtures/parts.ts'
import type { OriginalClass } from './types.ts'

describe('the original class of a relay', () => {
  it('is the first that fits', () => {
    const flags = ['BadExit', 'Authority', 'Exit', 'Stable', 'Named']
    const expected: OriginalClass[] = ['badExit', 'authority', 'exitFast', 'stableFast', 'named', 'other']
    assert.deepEqual(
      expected.map((_, index) => originalClass(entry(1, { flags: flags.slice(index) }), FAST_BYTES_PER_SECOND)),
      expected,
    )
  })

  it('is fast only by what the relay has done, not by its flag, and not without a descriptor', () => {
    const exit = entry(1, { flags: ['Exit', 'Fast', 'Stable'], weight: 1e6 })
    const stable = entry(1, { flags: ['Fast', 'Stable'], weight: 1e6 })
    for (const observed of [null, 0, FAST_BYTES_PER_SECOND - 1]) {
      assert.equal(originalClass(exit, observed), 'exit')
      assert.equal(originalClass(stable, observed), 'stable')
    }
  })
})

describe('the modern classes of a relay', () => {
  const facts = { otherAddresses: [], firstSeen: null, validAfter: AT }
  const of = (flags: string[]): readonly string[] => modernClasses(entry(1, { flags }), facts)

  it('may be several; a middle is neither guard nor usable exit', () => {
    assert.deepEqual(of(['Guard', 'HSDir']), ['guard', 'hsDir'])
    assert.deepEqual(of(['Exit']), [])
    assert.deepEqual(of(['Exit', 'Guard']), ['guard'])
    assert.deepEqual(of(['BadExit', 'Exit']), ['middle'])
    assert.deepEqual(of(['MiddleOnly']), ['middle'])
  })

  it('tell what was not measured, what has IPv6, and what was not there a day ago', () => {
    const day = 86_400_000
    assert.deepEqual(modernClasses(entry(1, { unmeasured: true }), facts), ['middle', 'unmeasured'])
    const seen = (firstSeen: number): readonly string[] => modernClasses(entry(1), { ...facts, firstSeen })
    assert.deepEqual(
      [seen(AT), seen(AT - day + 1), seen(AT - day)],
      [['middle', 'newToday'], ['middle', 'newToday'], ['middle']],
    )
    const at = (address: string): readonly string[] => modernClasses(entry(1), { ...facts, otherAddresses: [address] })
    assert.deepEqual([at('[2001:db8::1]:9001'), at('192.0.2.7:9001')], [['middle', 'dualStack'], ['middle']])
  })
})
