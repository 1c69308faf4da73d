import type { Kind } from '../types.ts'
import { address } from './address.ts'
import { bridge } from './bridge.ts'
import { directory } from './directory.ts'
import { fileBlock } from './file-block.ts'
import { file } from './file.ts'
import { networkNamespace } from './network-namespace.ts'
import { nftTable } from './nft-table.ts'
import { debianPackage } from './package.ts'
import { service } from './service.ts'
import { sysctl } from './sysctl.ts'
import { torrcBlock } from './torrc-block.ts'
import { user } from './user.ts'
import { veth } from './veth.ts'

export { persistedSysctl } from './sysctl.ts'
export {
  address,
  bridge,
  debianPackage,
  directory,
  file,
  fileBlock,
  networkNamespace,
  nftTable,
  service,
  sysctl,
  torrcBlock,
  user,
  veth,
}

const kinds: readonly Kind[] = [
  address,
  bridge,
  debianPackage,
  directory,
  file,
  fileBlock,
  networkNamespace,
  nftTable,
  service,
  sysctl,
  torrcBlock,
  user,
  veth,
]

/** All kinds by the name that stands in journals, those of a set-up too. */
export function kindsByName(own: readonly Kind[] = []): ReadonlyMap<string, Kind> {
  return new Map([...kinds, ...own].map((kind) => [kind.name, kind]))
}
