import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { environment, noc, scratch, until } from '../e2e/daemon-process.ts'
import { needs } from '../peers.ts'

/** Runs inside an own network namespace: asks a console on 0.0.0.0 as another machine would, without and with the token. */
const CLIENT = `
const { request } = await import('node:https')
const { readFileSync } = await import('node:fs')
const [ca, url, token] = process.argv.slice(1)
const ask = (path, headers) => new Promise((resolve, reject) =>
  request(new URL(path, url), { ca: readFileSync(ca), headers }, (r) => { r.resume(); resolve(r.statusCode) }).on('error', reject).end())
const bearer = { authorization: 'Bearer ' + token }
console.log(JSON.stringify({
  page: await ask('/', {}), read: await ask('/api/tonight', {}), metrics: await ask('/metrics', {}),
  withToken: await ask('/api/tonight', bearer), wrong: await ask('/api/tonight', { authorization: 'Bearer x' }) }))
`

describe('a console beyond loopback', { skip: needs({ root: true, programs: ['openssl', 'unshare', 'ip'] }) }, () => {
  it('speaks TLS, and asks for the token before it tells anything', async (t) => {
    const data = scratch(t)
    const [certificate, key] = [join(data, 'cert.pem'), join(data, 'key.pem')]
    const subject = ['-subj', '/CN=noc.test', '-addext', 'subjectAltName=DNS:noc.test,IP:127.0.0.1', '-days', '2']
    const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    execFileSync('openssl', [...kind, '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' })
    const config = join(data, 'nocturne.toml')
    writeFileSync(config, `[console]\nlisten = "0.0.0.0:8470"\ncertificate = "${certificate}"\nkey = "${key}"\n`)
    const inside = `ip link set lo up && exec "$0" "$1" up --json --config "$2"`
    const daemon = spawn('unshare', ['-n', 'sh', '-c', inside, process.execPath, noc, config], {
      env: environment(data),
    })
    t.after(() => void daemon.kill('SIGKILL'))
    let said = ''
    for (const stream of [daemon.stdout, daemon.stderr])
      stream.setEncoding('utf8').on('data', (c: string) => (said += c))
    await until('the daemon', () => (said.includes('"url"') ? true : undefined))
    const token = readFileSync(join(data, 'token'), 'utf8').trim()
    const client = ['--input-type=module', '-e', CLIENT, certificate, 'https://127.0.0.1:8470', token]
    const answer = execFileSync('nsenter', ['-t', String(daemon.pid), '-n', process.execPath, ...client], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    assert.deepEqual(JSON.parse(answer), { page: 200, read: 401, metrics: 401, withToken: 200, wrong: 401 })
  })
})
