import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { composeConsensus } from './compose/consensus.ts'
import { parseConsensus } from './consensus.ts'
import { TordirError } from './error.ts'
import type { Flavour, RelayEntry } from './types.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures/consensus')
const fixture = (name: string): Buffer => readFileSync(join(FIXTURES, `${name}.txt`))
const valid = (name: string): ReturnType<typeof parseConsensus> => parseConsensus(fixture(`valid/${name}`))
const plain = parseConsensus(fixture('signed/ns'))
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')

describe('a consensus', () => {
  it('says what it is, when it holds, who voted and who signed', () => {
    assert.equal(plain.flavour, 'ns')
    assert.equal(plain.method, 35)
    assert.equal(plain.validAfter, Date.UTC(2026, 0, 15, 12))
    assert.equal(plain.freshUntil, Date.UTC(2026, 0, 15, 13))
    assert.equal(plain.validUntil, Date.UTC(2026, 0, 15, 15))
    assert.deepEqual(plain.clientVersions, ['0.4.8.21', '0.4.8.22', '0.4.9.11'])
    assert.deepEqual(plain.params, { cc_alg: 2 })
    assert.deepEqual(plain.bandwidthWeights, { Wmx: 10_000 })
    assert.deepEqual(
      plain.voters.map(({ nickname, address, dirPort, orPort }) => [nickname, address, dirPort, orPort]),
      [
        ['tide', '192.0.2.2', 80, 443],
        ['lamp', '192.0.2.3', 80, 443],
        ['moon', '192.0.2.1', 80, 443],
      ],
    )
    assert.deepEqual(
      plain.signatures.map(({ algorithm, signature }) => [algorithm, signature.length]),
      [
        ['sha1', 256],
        ['sha1', 256],
      ],
    )
  })

  it('has its relays with everything that is said of them', () => {
    assert.deepEqual(plain.relays[0], {
      nickname: 'heron',
      fingerprint: '0102030405060708090A0B0C0D0E0F1011121314',
      digest: 'A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3',
      published: Date.UTC(2026, 0, 15, 7),
      address: '198.51.100.7',
      orPort: 9001,
      dirPort: 9030,
      otherAddresses: ['[2001:db8::7]:9001'],
      flags: ['Exit', 'Fast', 'Running', 'Stable', 'V2Dir', 'Valid'],
      version: 'Tor 0.4.9.11',
      weight: 4200,
      unmeasured: false,
      exitPolicy: 'accept 80,443,8000-8080',
      protocols: 'Cons=1-2 Desc=1-2 Link=1-5 Relay=1-4',
    })
    const [, second] = parseConsensus(fixture('signed/microdesc')).relays
    assert.equal(second?.digest, Buffer.alloc(32, 9).toString('base64').slice(0, 43))
    assert.deepEqual([second?.published, second?.exitPolicy, second?.unmeasured], [null, null, true])
  })

  it('is signed from its beginning through the space behind the first directory-signature', () => {
    for (const name of ['signed/ns', 'signed/microdesc', 'valid/archived']) {
      const text = fixture(name).toString('latin1')
      const { start, end } = parseConsensus(bytes(text)).signed
      assert.ok(text.slice(start, end).startsWith('network-status-version 3'))
      assert.ok(text.slice(start, end).endsWith('\ndirectory-signature '))
      assert.equal(text.indexOf('directory-signature '), end - 'directory-signature '.length)
    }
  })
})

describe('what the specification allows', () => {
  it('is taken, each file of the corpus', () => {
    for (const file of readdirSync(join(FIXTURES, 'valid'))) {
      assert.doesNotThrow(() => parseConsensus(readFileSync(join(FIXTURES, 'valid', file))), file)
    }
  })

  it('changes nothing: order of lines, lines and arguments that nobody knows, old prefixes', () => {
    for (const name of [
      'lines-in-another-order',
      'lines-that-nobody-knows',
      'opt-before-keywords',
      'further-arguments',
      'ns-with-microdescriptor',
    ]) {
      const { relays, validAfter, voters, signatures } = valid(name)
      assert.deepEqual(
        { relays, validAfter, voters },
        { relays: plain.relays, validAfter: plain.validAfter, voters: plain.voters },
        name,
      )
      assert.equal(signatures.length, 2, name)
    }
    assert.deepEqual(valid('microdesc-with-policy').relays, valid('microdesc').relays)
  })

  it('has defaults for what is missing', () => {
    const { method, clientVersions, params, relays } = valid('only-what-must-be-there')
    assert.deepEqual({ method, clientVersions, params }, { method: 1, clientVersions: [], params: {} })
    const { version, protocols, weight, exitPolicy, otherAddresses } = relays[0] as RelayEntry
    assert.deepEqual([version, protocols, weight, exitPolicy, otherAddresses], [null, null, 0, null, []])
    assert.deepEqual(valid('relay-without-flags').relays[1]?.flags, [])
    assert.deepEqual(valid('no-relays').relays, [])
  })

  it('keeps names that JavaScript has a meaning for as names', () => {
    const text = fixture('signed/ns').toString().replace('params cc_alg=2', 'params __proto__=7 constructor=8')
    assert.deepEqual(Object.entries(parseConsensus(bytes(text)).params), [
      ['__proto__', 7],
      ['constructor', 8],
    ])
  })

  it('shows contacts in UTF-8, whatever bytes they have', () => {
    assert.equal(valid('contact-in-utf8').voters[0]?.contact, 'Tīde ☾ <tide at example dot test>')
    assert.equal(valid('contact-not-in-utf8').voters[0]?.contact, 't\ufffdde at example dot test')
    assert.deepEqual(
      valid('legacy-key-of-an-authority').voters.map(({ nickname }) => nickname),
      ['tide', 'moon-legacy', 'lamp', 'moon'],
    )
  })
})

describe('what it forbids', () => {
  const expected = readFileSync(join(FIXTURES, 'invalid.txt'), 'utf8').trimEnd().split('\n')

  it('is refused with what is wrong, the line and the byte, each file of the corpus', () => {
    const files = readdirSync(join(FIXTURES, 'invalid')).toSorted()
    const said = files.map((file) => {
      try {
        parseConsensus(readFileSync(join(FIXTURES, 'invalid', file)))
        return `${file} was taken`
      } catch (error) {
        assert.ok(error instanceof TordirError, `${file}: ${String(error)}`)
        return `${file.slice(0, -'.txt'.length)}: ${error.message}`
      }
    })
    assert.deepEqual(said, expected)
  })

  it('names a line and a byte that belong together', () => {
    for (const line of expected) {
      const [, name = '', at = '', offset = ''] = /^([^:]+): .* \(line (\d+), byte (\d+)\)$/.exec(line) ?? []
      const before = fixture(`invalid/${name}`).subarray(0, Number(offset)).toString('latin1')
      assert.equal(before.split('\n').length, Number(at), name)
    }
  })

  it('is refused at every length but the whole, and after any change it is a consensus or refused in words', () => {
    for (const name of ['signed/ns', 'signed/microdesc']) {
      const whole = fixture(name)
      const oneSignature = whole.indexOf('directory-signature', whole.indexOf('directory-signature') + 1)
      for (let length = 0; length < whole.length; length += 1) {
        if (length === oneSignature) assert.equal(parseConsensus(whole.subarray(0, length)).signatures.length, 1)
        else assert.throws(() => parseConsensus(whole.subarray(0, length)), TordirError, `${name} cut at ${length}`)
      }
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 9 }),
          (changes) => {
            const changed = Buffer.from(whole)
            for (const [at, byte] of changes) changed[at] = byte
            takenOrRefused(changed)
          },
        ),
        { numRuns: 2000 },
      )
    }
  })

  it('is refused in words when it is garbage', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), takenOrRefused))
  })
})

function takenOrRefused(bytes: Uint8Array): void {
  try {
    parseConsensus(bytes)
  } catch (error) {
    assert.ok(error instanceof TordirError, String(error))
  }
}

describe('bounds', () => {
  it('hold for a whole document, before anything else of it is looked at', () => {
    assert.throws(() => parseConsensus(new Uint8Array(64 * 1024 * 1024 + 1)), /more than 67108864 bytes/)
  })

  const [head = '', foot = ''] = fixture('signed/ns')
    .toString('latin1')
    .split(/(?=r heron)|(?=directory-footer)/)
    .filter((part) => !part.startsWith('r '))
  const refused = (text: string, what: RegExp): void => {
    assert.throws(
      () => parseConsensus(bytes(text)),
      (error) => error instanceof TordirError && what.test(error.message),
    )
  }
  const relay = (index: number): string => {
    const identity = Buffer.alloc(20)
    identity.writeUInt32BE(index)
    return `r x ${identity.toString('base64').slice(0, 27)} oKGio6SlpqeoqaqrrK2ur7CxsrM 2026-01-15 07:00:00 192.0.2.1 1 0\ns Valid\n`
  }

  it('hold for lines, objects, relays and what a relay has', () => {
    const entry = relay(1)
    refused(`${head}tea ${'x'.repeat(131_072)}\n${entry}${foot}`, /more than 131072 bytes/)
    refused(
      `${head}tea\n-----BEGIN X-----\n${'AAAA\n'.repeat(30_000)}-----END X-----\n${entry}${foot}`,
      /object X has more/,
    )
    refused(`${head}${entry}v ${'x'.repeat(20_000)}\n${foot}`, /relay has more than 16384 bytes/)
    refused(`${head}${entry}${'tea\n'.repeat(5_000)}${foot}`, /relay has more than 16384 bytes/)
    refused(
      head + Array.from({ length: 100_001 }, (_, index) => relay(index + 1)).join('') + foot,
      /more than 100000 relays/,
    )
    refused(
      head.replace('known-flags Exit', `known-flags ${Array.from({ length: 64 }, (_, i) => `F${i}`).join(' ')}`) + foot,
      /known-flags/,
    )
    refused(
      head.replace(
        'dir-source',
        `${'dir-source a-legacy '.concat('0'.repeat(40), ' a 192.0.2.1 1 1\n').repeat(65)}dir-source`,
      ) + foot,
      /64 authorities/,
    )
    refused(head + foot + foot.slice(foot.indexOf('directory-signature')).repeat(40), /more than 64 signatures/)
  })

  it('are met by the greatest network there can be', () => {
    const text = head + Array.from({ length: 100_000 }, (_, index) => relay(index + 1)).join('') + foot
    assert.equal(parseConsensus(bytes(text)).relays.length, 100_000)
  })

  it('keep documents without a space, and of one line, from costing more than their size', () => {
    refused(head + 'a\n'.repeat(1_000_000), /line has no keyword|too early|belongs/)
    refused(`${head}r ${'x'.repeat(4_000_000)}`, /last line/)
    refused(`${head}${'-----BEGIN X-----\n'.repeat(100_000)}`, /object|dashes/)
  })
})

describe('round trip', () => {
  const text = (pattern: RegExp): fc.Arbitrary<string> => fc.stringMatching(pattern)
  const hex = (size: number): fc.Arbitrary<Buffer> =>
    fc.uint8Array({ minLength: size, maxLength: size }).map((b) => Buffer.from(b))
  const FLAGS = ['Authority', 'BadExit', 'Exit', 'Fast', 'Guard', 'Running', 'Valid']
  const entry = (flavour: Flavour): fc.Arbitrary<RelayEntry> =>
    fc.record(
      {
        nickname: text(/^[A-Za-z0-9]{1,19}$/),
        fingerprint: hex(20).map((b) => b.toString('hex').toUpperCase()),
        digest:
          flavour === 'ns'
            ? hex(20).map((b) => b.toString('hex').toUpperCase())
            : hex(32).map((b) => b.toString('base64').slice(0, 43)),
        published: flavour === 'ns' ? fc.integer({ min: 0, max: 4e9 }).map((s) => s * 1000) : fc.constant(null),
        address: fc.ipV4(),
        orPort: fc.nat(65_535),
        dirPort: fc.nat(65_535),
        otherAddresses: fc.array(
          fc
            .tuple(
              fc.ipV6().filter((ip) => !ip.includes('.')),
              fc.integer({ min: 1, max: 65_535 }),
            )
            .map(([ip, port]) => `[${ip}]:${port}`),
          { maxLength: 3 },
        ),
        flags: fc.subarray(FLAGS),
        version: fc.option(text(/^Tor [0-9.]{1,12}$/)),
        weight: fc.nat(0xffff_ffff),
        unmeasured: fc.boolean(),
        exitPolicy:
          flavour === 'ns'
            ? fc.option(fc.constantFrom('accept 80', 'reject 1-65535', 'accept 20-23,80-80,443'))
            : fc.constant(null),
        protocols: fc.option(fc.constantFrom('Link=1-5', 'Cons=1,3-4 Desc=2', '')),
      },
      { noNullPrototype: true },
    )

  for (const flavour of ['ns', 'microdesc'] as const) {
    it(`${flavour}: what is written is read again, also with the lines of relays in any order`, () => {
      const relays = fc.uniqueArray(entry(flavour), { maxLength: 5, selector: ({ fingerprint }) => fingerprint })
      fc.assert(
        fc.property(relays, fc.infiniteStream(fc.nat()), (relays, random) => {
          const sorted = relays.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
          const document = Buffer.from(
            composeConsensus({ flavour, validAfter: Date.UTC(2026, 5, 1), relays, authorities: [], knownFlags: FLAGS }),
          ).toString('latin1')
          const signed = `${document}0000000000000000000000000000000000000000 0000000000000000000000000000000000000000\n-----BEGIN SIGNATURE-----\nAAAA\n-----END SIGNATURE-----\n`
          assert.deepEqual(parseConsensus(bytes(signed)).relays, sorted)
          const shuffled = signed
            .split(/(?<=\n)(?=r |directory-footer)/)
            .map((part) => (part.startsWith('r ') ? mixed(part, () => random.next().value) : part))
            .join('')
          assert.deepEqual(parseConsensus(bytes(shuffled)).relays, sorted)
        }),
        { numRuns: 200 },
      )
    })
  }
})

/** A relay's lines but the first in any order, the `a` lines among themselves in theirs, and one behind them that nobody knows. */
function mixed(lines: string, random: () => number): string {
  const [first = '', ...rest] = lines.trimEnd().split('\n')
  const isOther = (line: string): boolean => line.startsWith('a ')
  const others = rest.filter(isOther)
  const order = rest.filter((line) => !isOther(line)).map((line) => ({ line, key: random() }))
  const known = order.toSorted((a, b) => a.key - b.key).map(({ line }) => line)
  return `${[first, ...known, ...others, 'rumour has it'].join('\n')}\n`
}

const real = process.env['NOC_TOR_DATA'] ?? ''
if (existsSync(join(real, 'cached-consensus'))) {
  it('a real consensus of the public network has the same relays in both flavours', () => {
    const [ns, microdesc] = ['cached-consensus', 'cached-microdesc-consensus'].map((name) =>
      parseConsensus(readFileSync(join(real, name))),
    )
    assert.equal(ns?.relays.length, 6088)
    const common = (relay: RelayEntry): object => ({ ...relay, digest: '', published: null, exitPolicy: null })
    assert.deepEqual(ns?.relays.map(common), microdesc?.relays.map(common))
    assert.equal(ns?.relays.filter(({ flags }) => flags.includes('Exit')).length, 1438)
    assert.equal(ns?.relays.filter(({ otherAddresses }) => otherAddresses.length > 0).length, 2686)
  })
}
