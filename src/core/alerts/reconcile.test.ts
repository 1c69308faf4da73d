import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Severity, Verdict } from '../verdict.ts'
import { MAX_OPEN, type OpenAlert, reconcile, REFRESH_MS } from './reconcile.ts'

const verdict = (key: string, severity: Severity = 'warning'): Verdict => {
  return { key, severity, summary: `${key} is wrong`, evidence: '', fix: '', commands: [] }
}
const HOLD_MS = 60_000
const KEYS = ['a', 'b', 'c']

test('over any night, an alert is open exactly while its trouble was seen within the hold time', () => {
  const look = fc.record({
    after: fc.integer({ min: 0, max: 50_000 }),
    present: fc.subarray(KEYS),
  })
  fc.assert(
    fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
      let open: ReadonlyMap<string, OpenAlert> = new Map()
      let monotonic = 0
      let ids = 0
      const missingSince = new Map<string, number>()
      for (const { after, present } of looks) {
        monotonic += after
        const moment = { now: 1e12 + monotonic, monotonic }
        const step = reconcile(
          open,
          present.map((key) => verdict(key)),
          moment,
          HOLD_MS,
        )
        for (const write of step.writes) {
          if (write.kind !== 'raise') continue
          ids += 1
          const { key, severity } = write.verdict
          const times = { since: moment.now, seen: moment.now, severeAt: monotonic, writtenAt: monotonic }
          step.open.set(key, { id: ids, severity, ...times, missing: null })
        }
        for (const key of KEYS) {
          const known = open.has(key)
          if (present.includes(key)) missingSince.delete(key)
          else if (known && !missingSince.has(key)) missingSince.set(key, monotonic)
          const gone = monotonic - (missingSince.get(key) ?? monotonic) >= HOLD_MS
          assert.equal(step.open.has(key), present.includes(key) || (known && !gone), key)
          if (known && !step.open.has(key)) {
            const clear = step.writes.find((write) => write.kind === 'clear' && write.id === open.get(key)?.id)
            assert.ok(clear?.kind === 'clear')
            assert.equal(clear.at, 1e12 + (missingSince.get(key) ?? 0), 'it was over when it was first missing')
            missingSince.delete(key)
          }
        }
        open = step.open
      }
    }),
  )
})

const known = (severity: Severity, severeAt = 0): OpenAlert => {
  return { id: 1, since: 0, severity, severeAt, writtenAt: 0, seen: 0, missing: null }
}
const at = (monotonic: number): { now: number; monotonic: number } => ({ now: 1e12 + monotonic, monotonic })

test('the same verdict again writes nothing until its figures are due', () => {
  const open = new Map([['a', known('warning')]])
  const soon = reconcile(open, [verdict('a')], at(REFRESH_MS - 1), HOLD_MS)
  assert.deepEqual(soon.writes, [])
  const later = reconcile(soon.open, [verdict('a')], at(REFRESH_MS), HOLD_MS)
  assert.deepEqual(
    later.writes.map(({ kind }) => kind),
    ['update'],
  )
  assert.deepEqual(reconcile(later.open, [verdict('a')], at(REFRESH_MS), HOLD_MS).writes, [])
})

test('it gets worse at once, and milder only after the hold time', () => {
  const worse = reconcile(new Map([['a', known('warning')]]), [verdict('a', 'critical')], at(1000), HOLD_MS)
  assert.deepEqual(
    worse.writes.map(({ kind }) => kind),
    ['rise'],
  )
  const flicker = reconcile(worse.open, [verdict('a', 'warning')], at(2000), HOLD_MS)
  assert.equal(flicker.open.get('a')?.severity, 'critical')
  const again = reconcile(flicker.open, [verdict('a', 'critical')], at(3000), HOLD_MS)
  assert.deepEqual(again.writes, [], 'a severity that flickers is not told again')
  const held = reconcile(again.open, [verdict('a', 'warning')], at(3000 + HOLD_MS - 1), HOLD_MS)
  assert.equal(held.open.get('a')?.severity, 'critical')
  const milder = reconcile(held.open, [verdict('a', 'warning')], at(3000 + HOLD_MS), HOLD_MS)
  assert.equal(milder.open.get('a')?.severity, 'warning')
  assert.deepEqual(
    milder.writes.map(({ kind }) => kind),
    ['update'],
  )
})

test('two verdicts of one key are one alert, as bad as the worse', () => {
  const { writes } = reconcile(new Map(), [verdict('a'), verdict('a', 'critical'), verdict('a')], at(0), HOLD_MS)
  assert.deepEqual(writes, [{ kind: 'raise', verdict: verdict('a', 'critical') }])
})

test('a flood of findings is cut at the limit, the critical ones first', () => {
  const flood = Array.from({ length: 3 * MAX_OPEN }, (_, index) => verdict(`k${index}`))
  const { writes } = reconcile(new Map(), [...flood, verdict('bad', 'critical')], at(0), HOLD_MS)
  assert.equal(writes.length, MAX_OPEN)
  assert.ok(writes[0]?.kind === 'raise' && writes[0].verdict.key === 'bad')
})
