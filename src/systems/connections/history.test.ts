import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addConntrackLine, type ConntrackAges, conntrackKey } from './conntrack.ts'
import { socketOf, socketsOf } from './fixtures/sockets.ts'
import { ageMemory, growthMemory } from './history.ts'

const nothing = (): null => null

test('growth needs two looks and reaches back five minutes', () => {
  const growth = growthMemory()
  growth.note(0, new Map([['a', 10]]))
  assert.equal(growth.perMinute('a'), null)
  growth.note(10_000, new Map([['a', 12]]))
  assert.equal(growth.perMinute('a'), 12)
  for (let at = 20_000; at <= 3_600_000; at += 10_000) growth.note(at, new Map([['a', 12 + at / 20_000]]))
  assert.equal(growth.perMinute('a'), 3)
  assert.equal(growth.perMinute('never'), 0)
})

test('a group that was not there before grew from nothing, one that went shrank', () => {
  const growth = growthMemory()
  growth.note(0, new Map([['gone', 5]]))
  growth.note(60_000, new Map([['new', 7]]))
  assert.deepEqual([growth.perMinute('new'), growth.perMinute('gone')], [7, -5])
})

test('a clock that jumps back does not make growth from nothing', () => {
  const growth = growthMemory()
  growth.note(100_000, new Map([['a', 1]]))
  growth.note(50_000, new Map([['a', 9]]))
  assert.equal(growth.perMinute('a'), null)
})

test('an age is counted from the first sight, and never below what the kernel implies', () => {
  const ages = ageMemory()
  const old = socketOf({ lastSent: 400, lastReceived: 7000 })
  ages.note(1000, [old], nothing)
  assert.equal(ages.age(old), 7000)
  const quiet = socketOf({ lastSent: null, lastReceived: null })
  ages.note(61_000, [old, quiet], nothing)
  assert.deepEqual([ages.age(old), ages.age(quiet)], [60_000, null])
  ages.note(62_000, [quiet], nothing)
  assert.equal(ages.age(quiet), 1000)
})

test('sockets that are gone are forgotten before they fill the memory', () => {
  const ages = ageMemory()
  const many = socketsOf(3000, { lastSent: null })
  ages.note(0, many, nothing)
  const [stays = socketOf(), goes = socketOf()] = many
  ages.note(1000, [stays], nothing)
  assert.deepEqual([ages.age(stays), ages.age(goes)], [1000, 90])
})

test('connection tracking tells the age of what was there before us, through NAT too', () => {
  const tracked: ConntrackAges = new Map()
  const lines = [
    'ipv4     2 tcp      6 431998 ESTABLISHED src=192.0.2.10 dst=198.51.100.1 sport=40000 dport=80 src=198.51.100.1 dst=203.0.113.1 sport=80 dport=61000 [ASSURED] mark=0 zone=0 delta-time=2460 use=2',
    'tcp      6 431997 ESTABLISHED src=2001:db8::7 dst=2001:db8::1 sport=53434 dport=443 src=2001:db8::2 dst=2001:db8::7 sport=8443 dport=53434 [ASSURED] mark=0 delta-time=7 [start=Sun Nov 22 11:35:57 2026] use=1',
    'tcp      6 10 TIME_WAIT src=x dst=y sport=1 dport=2 delta-time=3',
    'garbage',
  ]
  for (const line of lines) addConntrackLine(line, tracked)
  const made = socketOf()
  const natted = socketOf({ local: '2001:db8::2', localPort: 8443, remote: '2001:db8::7', remotePort: 53_434 })
  assert.deepEqual([tracked.get(conntrackKey(made)), tracked.get(conntrackKey(natted))], [2460, 7])
  const ages = ageMemory()
  ages.note(5_000_000, [made], () => 2_460_000)
  assert.equal(ages.age(made), 2_460_000)
})
