/** What findings say. Every figure in a sentence comes from the sockets themselves. */
import { bytes, clock, count, text } from '#core/units.ts'
import type { Verdict } from '#core/verdict.ts'
import { type Group, allKeepAlive, idleTimes, median, sum } from './groups.ts'
import type { Kind } from './rules.ts'
import type { Socket } from './socket.ts'
import {
  closeCommand,
  growthText,
  pathText,
  probeCommand,
  programText,
  restartCommand,
  sentence,
  timeText,
} from './words.ts'

/** What a finding rests on. */
export interface FindingFacts {
  readonly kind: Kind
  readonly group: Group
  readonly stuck: readonly Socket[]
  readonly growthPerMinute: number | null
  readonly since: number | null
}

interface Sayings extends Omit<Verdict, 'key' | 'severity'> {
  readonly headline: string
  readonly meaning: string
}

/** The words for one kind of finding; `program` is its name, `remote` the other side. */
interface Voice {
  /** Between the path and the figures of the summary. */
  readonly symptom: string
  readonly evidence: string
  readonly fix: string
  readonly headline: string
  /** One sentence: why it matters. */
  readonly meaning: string
  readonly commands: readonly string[]
}

/** All the words about one finding; `at` is the time of the look. */
export function say(facts: FindingFacts, at: number): Sayings {
  const { group, stuck } = facts
  const voice = VOICES[facts.kind](facts)
  const state = facts.kind === 'unaccepted' ? 'connections' : (group.state ?? '')
  const figures = [voice.symptom, idleText(stuck), keepAliveText(stuck), trendText(facts, at)]
  const trend = trendText(facts, at)
  return {
    summary: [`${count(stuck.length)} ${state} ${pathText(group)}`, ...figures]
      .filter((part) => part !== '')
      .join(', '),
    evidence: [sentence(voice.evidence), ownersText(facts)].filter((part) => part !== '').join(' '),
    fix: voice.fix,
    commands: voice.commands,
    headline: sentence(voice.headline),
    meaning: `${count(stuck.length)} connections are stuck${trend === '' ? '' : `, ${trend}`}. ${voice.meaning}`,
  }
}

function idleText(stuck: readonly Socket[]): string {
  const times = idleTimes(stuck)
  return times.length === 0 ? '' : `idle median ${timeText(median(times))}`
}

function keepAliveText(stuck: readonly Socket[]): string {
  const on = allKeepAlive(stuck)
  if (on === null) return ''
  return on ? 'keep-alive on' : 'no keep-alive'
}

/** `+9/min since 14:02`, or the part of it that is known. */
function trendText({ growthPerMinute, since }: FindingFacts, at: number): string {
  const growth = growthPerMinute === null || growthPerMinute < 0.05 ? '' : growthText(growthPerMinute)
  return [growth, since === null ? '' : `since ${clock(since, at)}`].filter((part) => part !== '').join(' ')
}

/** Who holds them. */
function ownersText({ group, stuck }: FindingFacts): string {
  const whole = group.members.length
  const parts = [
    ...pidsText(group),
    ...(group.unit === null ? [] : [group.unit]),
    ...(group.user === null ? [] : [`user ${group.user}`]),
  ]
  const holders = parts.length === 0 ? '' : `Held by ${parts.join(', ')}.`
  const rest = whole > stuck.length ? `${count(whole - stuck.length)} more like these are not stuck.` : ''
  return [holders, rest].filter((part) => part !== '').join(' ')
}

/** Process numbers while they are few. */
function pidsText({ pids }: Group): string[] {
  if (pids.size === 0) return []
  if (pids.size === 1) return [`pid ${[...pids][0]}`]
  return [pids.size <= 3 ? `pids ${[...pids].join(' ')}` : `${count(pids.size)} processes`]
}

function sizeText(stuck: readonly Socket[], figure: (socket: Socket) => number | null): string {
  return text(bytes(sum(stuck, figure) ?? 0))
}

const remoteText = (group: Group): string => group.host ?? 'many hosts'
const limitFix = (program: string): string =>
  `Ask the remote whether it still hangs, close these, and give ${program} a time limit for whole requests (curl: --max-time, libcurl: CURLOPT_TIMEOUT).`

const VOICES: Readonly<Record<Kind, (facts: FindingFacts) => Voice>> = {
  hang: ({ group, stuck }) => ({
    symptom: '0 bytes received',
    evidence: `${programText(group)} sent ${sizeText(stuck, (s) => s.bytesSent)} in all and never got a byte back.`,
    fix: limitFix(programText(group)),
    headline: `${programText(group)} waits for ${remoteText(group)}, which accepts and never answers.`,
    meaning: 'Each holds its process until it is closed; nothing ends them by itself.',
    commands: [...probeCommand(group), ...closeCommand(group)],
  }),
  unanswered: ({ group, stuck }) => ({
    symptom: 'last request unanswered',
    evidence: `The remote answered before (${sizeText(stuck, (s) => s.bytesReceived)} in all); the last word was ours.`,
    fix: limitFix(programText(group)),
    headline: `${remoteText(group)} no longer answers ${programText(group)}.`,
    meaning: 'They got answers before; the last request of each stays without one.',
    commands: [...probeCommand(group), ...closeCommand(group)],
  }),
  'syn-sent': ({ group, stuck }) => ({
    symptom: `no reply to the connect after ${Math.max(...stuck.map((s) => s.retransmits))} retries`,
    evidence: 'Neither accepted nor refused: packets are dropped on the way or the host is gone.',
    fix: `Find out who drops them (firewall, route, dead host), or make ${programText(group)} give up sooner.`,
    headline: `${remoteText(group)} does not even refuse ${programText(group)}.`,
    meaning: 'Each connect waits about two minutes before it fails.',
    commands: [...probeCommand(group), ...closeCommand(group)],
  }),
  'close-wait': ({ group }) => ({
    symptom: `closed by the remote, not by ${programText(group)}`,
    evidence: `The remote has said goodbye; ${programText(group)} never closes its side. That is a fault of the program.`,
    fix: `Restart ${group.unit ?? programText(group)} or close these; then have the program mended.`,
    headline: `${programText(group)} does not close its connections.`,
    meaning: 'They stay until the program closes them or ends, and take its file descriptors.',
    commands: [...restartCommand(group), ...closeCommand(group)],
  }),
  unaccepted: ({ group, stuck }) => ({
    symptom: 'not accepted',
    evidence: `The kernel has them ready with ${sizeText(stuck, (s) => s.receiveQueue)} to read; ${programText(group)} does not take them.`,
    fix: `See what ${programText(group)} is busy with, or whether all its workers are stuck; restart it if they are.`,
    headline: `${programText(group)} no longer accepts connections on port ${group.port}.`,
    meaning: 'Who connects now waits in the kernel, and later is turned away.',
    commands: restartCommand(group),
  }),
  unread: ({ group, stuck }) => ({
    symptom: `${sizeText(stuck, (s) => s.receiveQueue)} unread`,
    evidence: `Data has come and ${programText(group)} does not read it.`,
    fix: `See what ${programText(group)} is busy with; restart it if it is stuck.`,
    headline: `${programText(group)} does not read what it receives.`,
    meaning: 'The other side has sent and waits for us.',
    commands: [...restartCommand(group), ...closeCommand(group)],
  }),
  unsent: ({ group, stuck }) => {
    const closed = stuck.every((s) => s.timer === 4)
    return {
      symptom: `${sizeText(stuck, (s) => s.sendQueue)} ${closed ? 'not taken by the remote' : 'not acknowledged'}`,
      evidence: closed
        ? 'The remote has closed its receive window: its program does not read.'
        : 'Segments are sent again and again without an acknowledgement: the path or the remote is dead.',
      fix: 'Close these, or wait until the kernel gives up (about 15 minutes).',
      headline: `${remoteText(group)} does not take what ${programText(group)} sends.`,
      meaning: 'What waits to be sent holds memory of the kernel.',
      commands: closeCommand(group),
    }
  },
  silent: ({ group }) => ({
    symptom: '0 bytes received',
    evidence: 'This host connects and never says a word.',
    fix: `Limit connections of one host, or give ${programText(group)} a time limit for the first request.`,
    headline: `${remoteText(group)} connects to ${programText(group)} and says nothing.`,
    meaning: `Each takes a place that ${programText(group)} has for clients.`,
    commands: closeCommand(group),
  }),
  idle: ({ group }) => ({
    symptom: 'all idle and still growing',
    evidence: 'Answered once, never used again, never closed: they leak.',
    fix: `Let ${programText(group)} use its connections again or close them.`,
    headline: `${programText(group)} piles up idle connections with ${remoteText(group)}.`,
    meaning: 'It ends when one of the two has no file descriptors left.',
    commands: [...restartCommand(group), ...closeCommand(group)],
  }),
}
