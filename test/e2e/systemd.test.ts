/** Under a real systemd: set-ups and services through a restart of the machine, the system's tor, Nocturne's own unit. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { NEEDS_SYSTEMD, systemdMachine } from './systemd-machine.ts'

/** Puts the shipped units where an administrator does. */
const UNITS = ['nocturne.service', 'nocturne-setups.socket', 'nocturne-setups@.service']
  .map((name) => {
    const text = readFileSync(join(import.meta.dirname, '../../packaging', name), 'utf8')
    return `cat > /etc/systemd/system/${name} <<'UNIT'\n${text}UNIT\n`
  })
  .join('')

/** Everything that a set-up can change here, a line each. What systemd writes at its first start is not meant. */
const STATE = `state() {
  find /etc /var/lib/noc-torbox ! -name '*-' ! -name .pwd.lock ! -name machine-id ! -name .updated -printf '%p %M %u:%g %l\\n' 2>/dev/null | sort
  find /etc -type f ! -name '*-' ! -name .pwd.lock ! -name machine-id ! -name .updated -exec sha256sum {} + | sort
  nft -s list ruleset; ip -brief address; ip rule; ip -6 rule; systemctl list-unit-files --no-legend | sort; systemctl list-units --all --no-legend 'noc*'
}
`
/** A line \`name: exit code\` after a command, whose output is kept when it fails. */
const TRY = `try() { name=$1; shift; "$@" >/tmp/said 2>&1; code=$?; echo "$name: $code"; [ $code = 0 ] || cat /tmp/said; }
`
const LISTENS = `ss -Hltnp src 10.100.100.1 | awk '{ print $4, $6 }' | sed 's/,.*//' | sort
`

test('a machine with systemd', { skip: NEEDS_SYSTEMD, timeout: 300_000 }, async (t) => {
  const { boot } = await systemdMachine(t)

  await t.test('a set-up starts its services as units', async () => {
    const said = await boot(`${STATE}${TRY}state > /before
      try apply noc torbox apply --yes
      try plan noc torbox plan
      systemctl is-active noc-torbox
      ${LISTENS}`)
    assert.equal(said, 'apply: 0\nplan: 0\nactive\n10.100.100.1:9040 users:(("tor"\n10.100.100.1:9050 users:(("tor"\n')
  })

  await t.test(
    'after a restart of the machine the rules come first, then the bridge, then tor; undo brings all back',
    async () => {
      const said = await boot(`${STATE}${TRY}
      systemctl is-active noc-torbox-network noc-torbox
      try plan noc torbox plan
      when() { systemctl show --value --property "$2" "$1"; }
      [ $(when noc-torbox-network ActiveEnterTimestampMonotonic) -le $(when noc-torbox ExecMainStartTimestampMonotonic) ] && echo in order
      try undo noc torbox undo --yes
      state > /after; diff /before /after && echo nothing left`)
      assert.equal(said, 'active\nactive\nplan: 0\nin order\nundo: 0\nnothing left\n')
    },
  )

  await t.test("the system's own tor serves the boxes too, and is as it was afterwards", async () => {
    const said = await boot(`${STATE}${TRY}
      mkdir -p /etc/nocturne; printf '[torbox]\\ntor = "system"\\n' > /etc/nocturne/nocturne.toml
      systemctl start tor@default
      pid=$(systemctl show --value --property MainPID tor@default)
      state > /before
      try apply noc torbox apply --yes
      try plan noc torbox plan
      ${LISTENS}
      try undo noc torbox undo --yes
      state > /after; diff /before /after && echo nothing left
      [ -z "$(ss -Hltn src 10.100.100.1)" ] && echo listens no more
      [ $pid = $(systemctl show --value --property MainPID tor@default) ] && echo never restarted`)
    const ports = '10.100.100.1:9040 users:(("tor"\n10.100.100.1:9050 users:(("tor"\n'
    assert.equal(said, `apply: 0\nplan: 0\n${ports}undo: 0\nnothing left\nlistens no more\nnever restarted\n`)
  })

  await t.test('the unit starts the daemon, which reports when it is ready, reloads, and stops', async () => {
    const said = await boot(`${TRY}
      ${UNITS}
      systemctl daemon-reload
      try start systemctl start nocturne
      systemctl is-active nocturne
      noc status --json | node -p 'JSON.parse(require("fs").readFileSync(0)).systems.filter((s) => s.health.state === "up").map((s) => s.id).join()'
      try reload systemctl reload nocturne
      for look in $(seq 50); do
        journalctl -o cat -u nocturne | grep -qF 'configuration read again' && echo read again && break
        sleep 0.2
      done
      try stop systemctl stop nocturne
      systemctl show --value --property Result nocturne`)
    assert.equal(said, 'start: 0\nactive\ninterrupts,connections,torbox\nreload: 0\nread again\nstop: 0\nsuccess\n')
  })

  await t.test('the daemon that its unit locks in lets its helper look at set-ups and carry them out', async () => {
    const said = await boot(`${STATE}${TRY}
      ${UNITS}
      systemctl daemon-reload
      rm -rf /etc/nocturne /var/lib/nocturne
      try start systemctl start nocturne
      state | grep -v nocturne > /before
      api() { path=$1; shift; curl -sS -m 30 -H "authorization: Bearer $(noc token)" -H 'content-type: application/json' "$@" "http://127.0.0.1:8470/api/setups$path"; echo; }
      get() { node -p "JSON.parse(require('fs').readFileSync(0)).$1"; }
      wish() { printf '{"hash":"%s"}' "$(api /torbox/$1 | get hash)"; }
      ended() { for look in $(seq 150); do [ "$(api '' | get progress.running)" = false ] && break; sleep 0.2; done; }
      inside() { nsenter --target $(systemctl show --value --property MainPID nocturne) --mount sh -c "$1" 2>/dev/null || echo "may not $1"; }
      inside 'touch /var/lib/nocturne/here'; inside 'touch /var/lib/nocturne/setups/x'; inside 'touch /etc/nocturne/x'; inside 'systemctl list-units >/tmp/units'
      api /torbox/plan | get error.code
      api '' | get 'setups[0].error' | grep -o 'locked in by its unit'
      noc setups
      systemctl start nocturne-setups.socket
      api /torbox/apply -d '{"hash":"'$(printf %064d 0)'"}' | get error.code
      api /torbox/apply -d "$(wish plan)"
      ended
      noc setups | sed 's/, [0-9:]*,/,/'
      try plan noc torbox plan
      systemctl is-active noc-torbox
      for look in $(seq 60); do [ "$(curl -sS http://127.0.0.1:8470/api/torbox | get tor.state)" = starting ] && echo 'tor answers the daemon' && break; sleep 0.3; done
      nft delete table bridge noc_torbox
      noc setups | grep -o 'drifted: 1 to make'; noc setups >/dev/null; echo "exit code $?"
      try again noc torbox apply --yes
      api /torbox/undo -d "$(wish undo)"
      ended
      systemctl list-units --all --no-legend 'nocturne-setups@*'
      try stop systemctl stop nocturne nocturne-setups.socket
      state | grep -v nocturne > /after; diff /before /after && echo nothing left`)
    assert.equal(
      said,
      `start: 0
may not touch /var/lib/nocturne/setups/x
may not touch /etc/nocturne/x
may not systemctl list-units >/tmp/units
NOC_HOST_LOCKED_IN
locked in by its unit
SET-UP  STATE        LAST
torbox  not applied
NOC_SETUP_STALE
{"run":1}
SET-UP  STATE    LAST
torbox  applied  apply by console at 127.0.0.1, complete
plan: 0
active
tor answers the daemon
drifted: 1 to make
exit code 1
again: 0
{"run":3}
stop: 0
nothing left
`,
    )
  })
})
