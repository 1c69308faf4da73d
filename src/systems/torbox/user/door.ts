/** The one way out of a box: tor's SOCKS port, with a login that keeps the box's circuits apart from all others. */
import { createHash, randomBytes } from 'node:crypto'
import { type Socket, connect } from 'node:net'
import { NocError, reasonOf } from '#core/errors.ts'
import { logIn } from '#proto/socks5/client.ts'
import type { SocksLogin } from '#proto/socks5/codec.ts'

/** Where tor's SOCKS port is, seen from outside the box. */
export type SocksAddress = { readonly unix: string } | { readonly host: string; readonly port: number }

/** A box's door to tor. */
export interface Door {
  readonly address: SocksAddress
  /** The SOCKS user name by which tor's stream events name this box; a new one for each identity. */
  readonly user: string
  /** What streams log in with. A program's own login separates its streams further, as tor itself does. */
  login(own?: SocksLogin): SocksLogin
  /** From now on streams get other circuits; those that are open keep theirs. */
  renew(): void
  open(): Socket
}

/** Bytes of an identity's secret: nobody else, in another box or outside, can share its circuits by guessing. */
const SECRET_BYTES = 16

/** Makes the door of the box with this name. */
export function createDoor(name: string, address: SocksAddress): Door {
  let identity = 0
  let secret = ''
  const renew = (): void => {
    identity += 1
    secret = randomBytes(SECRET_BYTES).toString('hex')
  }
  renew()
  const user = (): string => `noc-torbox-${name}-${identity}`
  return {
    address,
    get user() {
      return user()
    },
    login: (own) => ({ user: user(), password: own === undefined ? secret : mixed(secret, own) }),
    renew,
    open: () => {
      const where = 'unix' in address ? { path: address.unix } : address
      const socket = connect({ ...where, allowHalfOpen: true })
      // What users type shall not wait for more (RFC 896); tor makes cells of it anyway.
      return socket.setNoDelay(true)
    },
  }
}

function mixed(secret: string, { user, password }: SocksLogin): string {
  return createHash('sha256')
    .update(JSON.stringify([secret, user, password]))
    .digest('hex')
}

/** Milliseconds in which a SOCKS port answers a greeting: it is on this machine. */
const GREETING_MS = 3000

/** Throws one sentence when there is no SOCKS port behind the door that takes a login. */
export async function checkDoor(door: Door): Promise<void> {
  const socket = door.open()
  const late = AbortSignal.timeout(GREETING_MS)
  try {
    await logIn(socket, door.login(), late)
  } catch (error) {
    const where = 'unix' in door.address ? door.address.unix : `${door.address.host}:${door.address.port}`
    const failure = error instanceof Error ? (error.cause ?? error) : error
    const why = late.aborted ? `no word within ${GREETING_MS / 1000} s` : reasonOf(failure).replace(/\.$/, '')
    throw new NocError('NOC_TORBOX_TOR', `Tor does not answer at its SOCKS port ${where}: ${why}.`, {
      hint: 'Is it running (systemctl status tor), and is that its SocksPort?',
      cause: error,
    })
  } finally {
    socket.destroy()
  }
}
