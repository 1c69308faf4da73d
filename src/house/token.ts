import { randomBytes } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Name of the token's file in the data directory. */
export const TOKEN_NAME = 'token'
/** 192 bits: far beyond guessing, still one line to paste. */
const TOKEN_BYTES = 24

/** Makes the start-up token and leaves it where only the daemon's user can read it. */
export async function createToken(directory: string): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const file = join(directory, TOKEN_NAME)
  await writeFile(`${file}.new`, `${token}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return token
}
