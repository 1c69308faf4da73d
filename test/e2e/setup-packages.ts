/** A Debian of three small packages below a scratch root, for apt and dpkg themselves. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ScratchHost, sh } from './setup-host.ts'

const FOLDERS = [
  'var/lib/dpkg/info',
  'var/lib/dpkg/updates',
  'var/lib/dpkg/triggers',
  'etc/sysctl.d',
  'etc/apt/preferences.d',
  'etc/apt/apt.conf.d',
  'etc/apt/trusted.gpg.d',
  'var/lib/apt/lists/partial',
  'var/cache/apt/archives/partial',
  'var/log/apt',
  'usr/share',
  'run',
]

/** Fills the root with what apt and useradd need, and with the packages noc-a, which needs noc-b, and noc-c. */
export function debianRoot(scratch: ScratchHost): void {
  const { host } = scratch
  for (const folder of FOLDERS) mkdirSync(join(host.root, folder), { recursive: true })
  // dpkg removes directories that a package leaves empty.
  scratch.put('/usr/share/kept', '')
  scratch.put('/var/lib/dpkg/status', '')
  scratch.put('/var/lib/dpkg/available', '')
  scratch.put('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n')
  scratch.put('/etc/group', 'root:x:0:\n')
  scratch.put('/etc/shadow', 'root:*:19000:0:99999:7:::\n', 0o640)
  scratch.put('/etc/gshadow', 'root:*::\n', 0o640)
  const packages = [
    buildPackage(host.root, 'noc-a', 'Depends: noc-b\n'),
    buildPackage(host.root, 'noc-b', ''),
    buildPackage(host.root, 'noc-c', ''),
  ]
  scratch.put('/repository/Packages', packages.join('\n'))
  scratch.put('/etc/apt/sources.list', `deb [trusted=yes] file:${host.root}/repository ./\n`)
}

function buildPackage(root: string, name: string, depends: string): string {
  const tree = join(root, 'repository', name)
  const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: Test <test@example.org>\n${depends}Description: test\n`
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true })
  mkdirSync(join(tree, 'usr/share'), { recursive: true })
  writeFileSync(join(tree, 'DEBIAN/control'), control)
  writeFileSync(join(tree, 'usr/share', name), 'installed\n')
  const deb = `${tree}.deb`
  sh('dpkg-deb', '--build', '--root-owner-group', tree, deb)
  rmSync(tree, { recursive: true })
  const hash = createHash('sha256').update(readFileSync(deb)).digest('hex')
  return `${control}Filename: ./${name}.deb\nSize: ${statSync(deb).size}\nSHA256: ${hash}\n`
}

/** What apt, dpkg and useradd write besides what they are for: lists, logs, locks and backups. */
export function aptNoise(path: string): boolean {
  return (
    /^\/var\/(lib\/apt|cache\/apt|log)(\/|$)/.test(path) ||
    /^\/var\/lib\/dpkg\/(lock|.*-old|triggers\/|info\/format|available)/.test(path) ||
    /^\/etc\/(passwd|group|shadow|gshadow)-$/.test(path) ||
    path === '/etc/.pwd.lock'
  )
}
