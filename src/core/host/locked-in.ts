/** What a daemon may not do under a unit that locks it in (packaging/nocturne.service). */
import { accessSync, constants } from 'node:fs'
import { NocError, systemErrorCode } from '../errors.ts'

/** Whether this process sees the machine's files read-only, whatever its rights. */
export function lockedIn(): boolean {
  try {
    accessSync('/etc', constants.W_OK)
    return false
  } catch (error) {
    return systemErrorCode(error) === 'EROFS'
  }
}

/** `may`: "look at set-ups"; `hint` says who may. */
export function lockedInError(may: string, hint: string): NocError {
  return new NocError('NOC_HOST_LOCKED_IN', `This daemon is locked in by its unit: it may not ${may}.`, { hint })
}
