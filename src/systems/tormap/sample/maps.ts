/** The sample as maps: parsed and verified like any other network, against its own authorities. */
import { parseCertificates } from '#proto/tordir/certificate.ts'
import { parseConsensus } from '#proto/tordir/consensus.ts'
import { parseServerDescriptors } from '#proto/tordir/server-descriptor.ts'
import { verifyConsensus } from '#proto/tordir/verify.ts'
import { assemble } from '../assemble.ts'
import type { RelayMap } from '../types.ts'
import { createSample } from './create.ts'
import { sampleAsn, sampleGeo } from './geo.ts'

/** Maps of the last `hours` hours of the sample, oldest first; every one is marked as a sample. */
export async function sampleMaps(now: number, hours?: number): Promise<readonly RelayMap[]> {
  const sample = await createSample(now, hours)
  const certificates = parseCertificates(sample.certificates)
  const [first] = sample.hours
  const { documents: descriptors } = parseServerDescriptors(first?.descriptors ?? new Uint8Array())
  const [geo, asn] = [sampleGeo(), sampleAsn()]
  return sample.hours.map(({ consensus: bytes }) => {
    const consensus = parseConsensus(bytes)
    const verification = verifyConsensus(bytes, consensus, certificates, sample.authorities, consensus.validAfter)
    return assemble({ consensus, verification, sample: true, descriptors, geo, asn })
  })
}
