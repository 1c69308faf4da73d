/**
 * `npm run bench -- tormap/history [HOURS [RELAYS]]`: a month of a network that lives, kept hour by hour, then hours
 * opened in random order by a process that has just begun to look, and in a row as the slider with play does.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { pretendNetwork } from '../../src/systems/tormap/history/fixtures/network.ts'
import { openHistory } from '../../src/systems/tormap/history/store.ts'
import { mapWire } from '../../src/systems/tormap/wire-map.ts'

interface Look {
  readonly wall: number
  readonly work: number
}

const HOURS = Number(process.argv[2] ?? 720)
const RELAYS = Number(process.argv[3] ?? 9000)
const LOOKS = 60

/** CPU milliseconds of this process so far: other programs don't count. */
const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
const at = (values: readonly number[], share: number): string =>
  (values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0).toFixed(1)
const spread = (values: readonly number[]): string =>
  `best ${at(values, 0)}, median ${at(values, 0.5)}, 90 % ${at(values, 0.9)}, worst ${at(values, 1)} ms`

const folder = mkdtempSync(join(tmpdir(), 'noc-bench-'))
const size = (): number => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
try {
  const from = Date.UTC(2026, 9, 1)
  const network = pretendNetwork(RELAYS, from)
  const history = await openHistory(folder, from)
  const adding: number[] = []
  let map = network.next()
  for (let hour = 0; hour < HOURS; hour += 1) {
    const began = cpu()
    await history.add(map)
    adding.push(cpu() - began)
    if (hour % 24 === 23) console.log(`day ${(hour + 1) / 24}: ${(size() / 1e6).toFixed(1)} MB`)
    if (hour < HOURS - 1) map = network.next()
  }
  history.close()
  console.log(`${HOURS} hours of ${RELAYS} relays: ${(size() / 1e6).toFixed(1)} MB; bar for 720 hours: 50 MB`)
  console.log(`keeping an hour, CPU: ${spread(adding)}`)

  const looking = await openHistory(folder, from)
  const hours = looking.hours()
  const look = async (open: (hour: number) => Promise<unknown>, hour: number): Promise<Look> => {
    const [began, worked] = [performance.now(), cpu()]
    await open(hour)
    return { wall: performance.now() - began, work: cpu() - worked }
  }
  const report = (name: string, looks: readonly Look[]): void => {
    console.log(`${name}, time: ${spread(looks.map(({ wall }) => wall))}`)
    console.log(`${name}, CPU:  ${spread(looks.map(({ work }) => work))}`)
  }
  const anywhere = Array.from({ length: LOOKS }, (_, index) => hours[(index * 397) % hours.length] ?? from)
  const inARow = hours.slice(0, LOOKS)
  for (const [name, list] of [
    ['any hour', anywhere],
    ['the next hour', inARow],
  ] as const) {
    const [whole, drawn]: [Look[], Look[]] = [[], []]
    for (const hour of list) drawn.push(await look(looking.openDrawn, hour))
    report(`opening ${name} to draw it (bar: 50 ms)`, drawn)
    for (const hour of list) whole.push(await look(looking.open, hour))
    report(`opening ${name} with everything`, whole)
  }
  const began = performance.now()
  looking.counts(from, Infinity)
  console.log(`counts of all hours: ${(performance.now() - began).toFixed(1)} ms`)
  const wire = JSON.stringify(mapWire(map))
  console.log(
    `the map's document: ${(wire.length / 1e3).toFixed(0)} kB, ${(gzipSync(wire).length / 1e3).toFixed(1)} kB gz`,
  )
  looking.close()
} finally {
  rmSync(folder, { recursive: true })
}
