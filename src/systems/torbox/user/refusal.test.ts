import assert from 'node:assert/strict'
import { it } from 'node:test'
import { refusal } from './refusal.ts'

const unshare = 'unshare: unshare failed: Operation not permitted\n'
const kernel = (files: Readonly<Record<string, string>>) => (file: string) => files[file] ?? null

it('a kernel that forbids user namespaces is named with the switch that allows them', () => {
  for (const [file, value, hint] of [
    ['/proc/sys/kernel/unprivileged_userns_clone', '0\n', 'kernel.unprivileged_userns_clone=1'],
    ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1\n', 'apparmor_restrict_unprivileged_userns=0'],
    ['/proc/sys/user/max_user_namespaces', '0\n', 'user.max_user_namespaces'],
  ] as const) {
    const error = refusal(unshare, kernel({ [file]: value }))
    assert.equal(error.code, 'NOC_TORBOX_USERNS')
    assert.match(error.hint ?? '', new RegExp(hint))
    assert.doesNotMatch(error.message, /unshare:/)
  }
})

it('a refusal without such a switch keeps the words of the program', () => {
  const error = refusal('unshare: write failed /proc/self/uid_map: Operation not permitted\n', kernel({}))
  assert.equal(error.code, 'NOC_TORBOX_USERNS')
  assert.match(error.message, /uid_map: Operation not permitted/)
})

it('a covered /proc, and any other failure, is one sentence too', () => {
  assert.equal(refusal('mount: /proc: permission denied.\n', kernel({})).code, 'NOC_TORBOX_PROC')
  const nft = refusal('Error: Could not process rule: No such file or directory\ntable inet noc_box {\n', kernel({}))
  assert.equal(nft.message, "The box can't be built: Error: Could not process rule: No such file or directory.")
  assert.match(refusal('', kernel({})).message, /without a word/)
})
