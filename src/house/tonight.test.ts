import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Alert } from '#core/alerts/types.ts'
import type { SystemState } from '#core/http/documents.ts'
import { answerFor, nightWindow } from './tonight.ts'

const at = (day: number, hour: number, minute = 0): number => new Date(2026, 10, day, hour, minute).getTime()

const alert = (id: number, more: Partial<Alert> = {}): Alert => ({
  id,
  system: 'connections',
  key: `k${id}`,
  severity: 'warning',
  summary: '111 stuck connections to one host',
  evidence: '0 bytes received',
  fix: 'Close them.',
  commands: [],
  since: at(21, 23),
  seen: at(22, 2),
  cleared: null,
  acknowledged: null,
  silencedUntil: null,
  ...more,
})

const system = (id: string, health: SystemState['health'] = { state: 'up' }): SystemState => ({
  id,
  title: id,
  summary: '',
  wing: 'watch',
  health,
  glance: null,
  alerts: 0,
  severity: null,
})

describe('the night', () => {
  it('runs from 20:00 to 06:00 on both sides of midnight', () => {
    const night = { from: at(21, 20), to: at(22, 6) }
    assert.deepEqual(nightWindow(at(21, 20)), night)
    assert.deepEqual(nightWindow(at(22, 2, 14)), night)
    assert.deepEqual(nightWindow(at(22, 5, 59)), night)
  })

  it('by day gives way to the last 24 hours', () => {
    assert.deepEqual(nightWindow(at(22, 6)), { from: at(21, 6), to: at(22, 6) })
    assert.deepEqual(nightWindow(at(22, 19, 59)), { from: at(21, 19, 59), to: at(22, 19, 59) })
  })
})

describe('the answer', () => {
  it('says plainly that nothing is wrong', () => {
    const glance = { sentence: 'No connection is stuck.', stats: [] }
    const answer = answerFor([], [system('interrupts'), { ...system('connections'), glance }], at(22, 2))
    assert.deepEqual(answer, {
      severity: 'ok',
      sentence: 'Quiet night. Two systems up, nothing waits for you.',
      paragraph: 'No connection is stuck.',
    })
  })

  it('counts what waits, and leads with what the system with the worst says', () => {
    const saying = (id: string, sentence: string): SystemState => ({ ...system(id), glance: { sentence, stats: [] } })
    const systems = [saying('interrupts', 'All queues land on CPU 3.'), saying('connections', 'apache2 waits.')]
    const alerts = [alert(1, { severity: 'critical' }), alert(2, { system: 'interrupts' })]
    const answer = answerFor(alerts, systems, at(22, 2))
    assert.equal(answer.severity, 'critical')
    assert.equal(answer.sentence, 'Two things need you tonight. The rest is quiet.')
    assert.equal(answer.paragraph, 'apache2 waits. All queues land on CPU 3.')
  })

  it('does not count what somebody has acknowledged', () => {
    const mine = alert(1, { acknowledged: { at: at(22, 1), by: 'eva' } })
    const answer = answerFor([mine], [system('connections')], at(22, 12))
    assert.equal(answer.severity, 'ok')
    assert.equal(answer.sentence, 'Quiet day. One system up, what is open is acknowledged.')
  })

  it('puts a broken system before everything else, with why and what to do', () => {
    const broken = system('interrupts', { state: 'down', why: 'cannot read /proc/interrupts', fix: 'Run as root.' })
    const answer = answerFor([alert(1)], [broken, system('connections')], at(22, 2))
    assert.equal(answer.severity, 'critical')
    assert.equal(answer.sentence, 'The system interrupts is down, and one thing waits for you.')
    assert.equal(answer.paragraph, 'interrupts: cannot read /proc/interrupts. Run as root.')
  })
})
