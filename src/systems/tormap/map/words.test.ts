import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MapWire, NamesWire } from '../wire.ts'
import { MARKS } from './marks.ts'
import { ORIGINAL_CLASSES } from '../types.ts'
import { relayWords } from './words.ts'

const map = {
  places: {
    kind: ['city', 'country', 'city'],
    country: ['DE', 'US', null],
    city: ['Falken\u202estein', null, null],
    radius: [20, 1000, -1],
  },
  systems: [{ number: 64496, name: 'Some\u001b[31m Host' }],
  columns: { place: [0, 1, -1, 2], original: [3, 5, 7, 0], as: [0, -1, -1, -1] },
} as unknown as MapWire
const names = { nickname: ['moon\u0007', 'sun'] } as unknown as NamesWire

describe('a relay on the map in words', () => {
  it('says name, class, network and place, and how sure the place is', () => {
    assert.deepEqual(relayWords(map, names, 0, 34), {
      name: 'moon\u2407',
      what: 'Exit · Some\u241b[31m Host · 1 of 34 here',
      where: 'Falken\ufffdstein, Germany, within 20 km',
    })
  })

  it('does not pretend to know more than it does', () => {
    assert.equal(relayWords(map, names, 1, 1).where, 'United States, place not known')
    assert.equal(relayWords(map, null, 2, 1).where, 'place unknown')
    assert.equal(relayWords(map, null, 2, 1).name, 'Relay')
    assert.equal(relayWords(map, names, 3, 1).where, 'an unknown country')
  })

  it('has a shape and a colour of its own for every class', () => {
    assert.deepEqual(
      MARKS.map((mark) => mark.name),
      [...ORIGINAL_CLASSES],
    )
    for (const key of ['path', 'token', 'title'] as const) {
      assert.equal(new Set(MARKS.map((mark) => mark[key])).size, MARKS.length)
    }
  })
})
