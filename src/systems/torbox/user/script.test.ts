import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { run } from '#core/host/run.ts'
import { type BoxPlan, boxCommand, boxScript, quote, withoutRights } from './script.ts'

const limits = { timeoutMs: 10_000, maxBytes: 65_536 }
const plan: BoxPlan = {
  name: 'test',
  tools: {
    unshare: '/bin/unshare',
    setpriv: '/bin/setpriv',
    nsenter: '/bin/nsenter',
    sh: '/bin/sh',
    mount: '/bin/mount',
    ip: '/sbin/ip',
    nft: '/sbin/nft',
  },
  node: process.execPath,
  uid: 1000,
  gid: 1000,
  switchUser: false,
  view: {
    hidden: ['/run', '/tmp'],
    kept: [{ path: "/run/it's", kind: 'file' }],
    made: [['/tmp', '1777']],
    sockets: ["/people/o'neil/$(reboot)/a b"],
    files: [['/etc/resolv.conf', 'nameserver 127.0.0.1\n']],
    variables: [],
    directory: '/people/$HOME',
  },
  argv: ['printf', '%s\n', '$(id)', "it's", '-e'],
}

describe('the script that builds a box', () => {
  it('takes words as they are, whatever a path or socket is named', async () => {
    const odd = fc.string({
      unit: fc.constantFrom("'", '"', '$', '`', '\\', '\n', ' ', '!', 'é', '-', ';', 'a'),
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { minLength: 1, maxLength: 5 }), async (words) => {
        const { stdout } = await run(['sh', '-c', `printf '%s\\0' ${words.map(quote).join(' ')}`], limits)
        assert.equal(stdout.toString(), `${words.join('\0')}\0`)
      }),
      { numRuns: 20 },
    )
  })

  it('is valid shell, with names that a shell would act on', async () => {
    const { code, stderr } = await run(['sh', '-n'], { ...limits, stdin: boxScript(plan) })
    assert.deepEqual([code, stderr], [0, ''])
  })

  it('gets the program as arguments, never as text', () => {
    const command = boxCommand(plan)
    assert.deepEqual(command.slice(-plan.argv.length), plan.argv)
    assert.ok(!command.slice(0, -plan.argv.length).some((word) => word.includes('$(id)')))
  })

  it('dies with the one who started it, as that user when root wants it', () => {
    assert.ok(boxCommand(plan).includes('--pdeathsig=KILL'))
    assert.ok(boxCommand(plan).includes('--kill-child'))
    assert.ok(!boxCommand(plan).some((word) => word.startsWith('--reuid')))
    assert.deepEqual(boxCommand({ ...plan, switchUser: true }).slice(1, 4), [
      '--reuid=1000',
      '--regid=1000',
      '--init-groups',
    ])
  })

  it('leaves no right to the program, not even to one of root', () => {
    assert.deepEqual(withoutRights(1000), ['--no-new-privs'])
    assert.ok(withoutRights(0).includes('--bounding-set=-all'))
  })
})
