import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createBucket } from './bucket.ts'

test('whatever the demand, no window of a minute sees more than twice the limit, and a long run keeps the rate', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 300 }),
      (perMinute, gaps) => {
        const bucket = createBucket(perMinute, 0)
        const taken: number[] = []
        let now = 0
        for (const gap of gaps) {
          now += gap
          if (bucket.tokens(now) === 0) continue
          bucket.take()
          taken.push(now)
        }
        assert.ok(taken.length <= perMinute + (perMinute * now) / 60_000 + 1e-3)
        for (const start of taken) {
          assert.ok(taken.filter((time) => time >= start && time < start + 60_000).length <= 2 * perMinute)
        }
      },
    ),
  )
})

test('after the time it says, there is a token', () => {
  for (const perMinute of [1, 3, 6, 7, 60]) {
    const bucket = createBucket(perMinute, 0)
    for (let i = 0; i < perMinute; i += 1) bucket.take()
    let now = 0
    for (let i = 0; i < 100; i += 1) {
      assert.equal(bucket.tokens(now), 0)
      const wait = bucket.wait(now)
      assert.ok(wait > 0)
      now += wait
      assert.equal(bucket.wait(now), 0)
      assert.equal(bucket.tokens(now), 1)
      bucket.take()
    }
  }
})
