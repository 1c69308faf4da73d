/** A machine with a real systemd, in a container on a copy of this host's files that is forgotten afterwards. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { needs } from '../peers.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Longest life of the machine from switching on to off, ms. */
const BOOT_MS = 120_000

/** For `{ skip: NEEDS_SYSTEMD }`. */
export const NEEDS_SYSTEMD: string | false = needs({
  root: true,
  programs: ['systemd-nspawn', 'unshare', 'tor', 'nft', 'ip', 'ss'],
})

/** A machine that can be switched on again and again. */
export interface SystemdMachine {
  /** Switches it on, runs a shell script when it is up, switches it off; gives what the script printed. */
  boot(script: string): Promise<string>
}

/** Only what the host has by itself starts; what happens to be installed here does not. */
const PREPARE = `set -e
mount -t tmpfs -o mode=755 test /run
mount -t tmpfs -o mode=755 test /mnt
mkdir /mnt/upper /mnt/work /mnt/machine
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work test /mnt/machine
cd /mnt/machine
rm -rf etc/systemd/system/*.wants etc/machine-id etc/nocturne var/lib/nocturne
mkdir -p etc/systemd/system/multi-user.target.wants etc/systemd/system.conf.d noc
# What else is installed on this host may be slow to stop.
printf '[Manager]\\nDefaultTimeoutStopSec=10s\\n' > etc/systemd/system.conf.d/try.conf
cat > usr/bin/noc <<'NOC'
#!/bin/sh
exec node /noc/bin/noc "$@"
NOC
chmod 755 usr/bin/noc
cat > etc/systemd/system/try.service <<'UNIT'
[Unit]
After=network.target tor.service noc-torbox.service noc-torbox-network.service
[Service]
ExecStart=/bin/sh /try.sh
ExecStopPost=-/bin/sh -c 'systemctl --no-block poweroff >/dev/null 2>&1'
StandardOutput=append:/try.out
StandardError=inherit
TimeoutStartSec=infinity
UNIT
ln -s ../try.service etc/systemd/system/multi-user.target.wants/try.service
`

/** The container is no unit of this host, and has no network but its own. */
const NSPAWN = `systemd-nspawn --quiet --register=no --keep-unit --private-network --boot --console=pipe \
  -D /mnt/machine --bind-ro=${ROOT}:/noc systemd.unit=multi-user.target </dev/null >/mnt/console 2>&1`

/** Prepares a machine; it and all it wrote end with the test. */
export async function systemdMachine(t: TestContext): Promise<SystemdMachine> {
  // Whoever holds the mounts reads commands; when we are gone its input ends, and with it everything.
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh'], { stdio: 'pipe' })
  t.after(async () => {
    holder.stdin.end()
    if (holder.exitCode === null) await once(holder, 'exit')
  })
  await told(holder, PREPARE)
  return {
    boot: async (script) => {
      const write = `cat > /mnt/machine/try.sh <<'TRY'\n${script}\nTRY\n`
      return told(
        holder,
        `rm -f /mnt/machine/try.out; ${write}timeout --kill-after=5 ${BOOT_MS / 1000} ${NSPAWN}; cat /mnt/machine/try.out`,
      )
    },
  }
}

/** What the holder prints for some commands. */
async function told(holder: ChildProcessWithoutNullStreams, commands: string): Promise<string> {
  const mark = '=== end ==='
  let out = ''
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      out += chunk.toString()
      if (!out.includes(mark)) return
      stop()
      resolve(out.slice(0, out.indexOf(mark)))
    }
    const ended = (): void => {
      stop()
      reject(new Error(`the machine could not be prepared: ${out}`))
    }
    const stop = (): void => {
      for (const stream of [holder.stdout, holder.stderr]) stream.off('data', take)
      holder.off('exit', ended)
    }
    for (const stream of [holder.stdout, holder.stderr]) stream.on('data', take)
    holder.on('exit', ended)
    holder.stdin.write(`${commands}\necho '${mark}'\n`)
  })
}
