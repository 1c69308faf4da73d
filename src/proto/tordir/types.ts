/** What the documents of the Tor directory say, as plain data. Source: dir-spec of the Tor specifications. */

/** `ns` has full exit policies in summary and descriptor digests, `microdesc` what clients use. */
export type Flavour = 'ns' | 'microdesc'

/** One relay in a consensus. */
export interface RelayEntry {
  /** 1 to 19 letters and digits. Chosen by the operator, not unique. */
  readonly nickname: string
  /** SHA-1 of the RSA identity, 40 upper-case hexadecimal digits. */
  readonly fingerprint: string
  /** `ns`: SHA-1 of the server descriptor in upper-case hexadecimal; `microdesc`: SHA-256 in base64 without padding. */
  readonly digest: string
  /** When the descriptor was made, ms since 1970; null in `microdesc`, where the field has no meaning. */
  readonly published: number | null
  /** IPv4. */
  readonly address: string
  readonly orPort: number
  /** 0: none. */
  readonly dirPort: number
  /** The `a` lines: `[2001:db8::1]:9001`. */
  readonly otherAddresses: readonly string[]
  /** In the order of the document. Equal lists may be one array. */
  readonly flags: readonly string[]
  /** The `v` line (`Tor 0.4.8.12`); null without one. */
  readonly version: string | null
  /** Consensus weight (`w Bandwidth=`): a number for choosing paths, not a speed. */
  readonly weight: number
  /** `Unmeasured=1`: fewer than three authorities measured it, the weight is capped. */
  readonly unmeasured: boolean
  /** The `p` line (`accept 80,443`); null in `microdesc`. */
  readonly exitPolicy: string | null
  /** The `pr` line, unparsed; null without one. */
  readonly protocols: string | null
}

/** An authority that took part in the vote (`dir-source`, `contact`, `vote-digest`). */
export interface VoteSource {
  readonly nickname: string
  /** SHA-1 of the identity key, 40 upper-case hexadecimal digits. */
  readonly identity: string
  readonly host: string
  readonly address: string
  readonly dirPort: number
  readonly orPort: number
  readonly contact: string
}

export interface DirectorySignature {
  readonly algorithm: string
  /** Of the authority, 40 upper-case hexadecimal digits. */
  readonly identity: string
  /** SHA-1 of the signing key, 40 upper-case hexadecimal digits. */
  readonly signingKeyDigest: string
  readonly signature: Uint8Array
}

/** A parsed consensus; nothing in it is to be believed before `verifyConsensus` said good. Times are ms since 1970. */
export interface Consensus {
  readonly flavour: Flavour
  readonly method: number
  readonly validAfter: number
  readonly freshUntil: number
  readonly validUntil: number
  readonly clientVersions: readonly string[]
  readonly serverVersions: readonly string[]
  readonly knownFlags: readonly string[]
  readonly params: Readonly<Record<string, number>>
  readonly voters: readonly VoteSource[]
  /** Sorted by fingerprint, unique. */
  readonly relays: readonly RelayEntry[]
  readonly bandwidthWeights: Readonly<Record<string, number>>
  readonly signatures: readonly DirectorySignature[]
  /** The bytes that are signed: from `start` (0) to `end`, the space after the first `directory-signature`, included. */
  readonly signed: { readonly start: number; readonly end: number }
}

/** An authority's certificate: its identity key vouches for a signing key until `expires`. */
export interface AuthorityCertificate {
  /** SHA-1 of the identity key, 40 upper-case hexadecimal digits. */
  readonly identity: string
  /** PKCS #1 DER in base64. */
  readonly identityKey: string
  readonly signingKey: string
  /** SHA-1 of the signing key, 40 upper-case hexadecimal digits. */
  readonly signingKeyDigest: string
  readonly published: number
  readonly expires: number
}

/** An authority that the operator trusts, from the dated list or from `DirAuthority` lines. */
export interface TrustedAuthority {
  readonly nickname: string
  /** `v3ident`: 40 upper-case hexadecimal digits. */
  readonly identity: string
  /** `address:port` of the DirPort; null when it has none. */
  readonly dir: string | null
  readonly or: string | null
}

export type SignatureState = 'good' | 'bad' | 'no-certificate' | 'expired-certificate' | 'not-trusted' | 'unsupported'

/** How far a consensus can be believed. `unverified`: it was not checked (no certificates, Onionoo JSON). */
export interface Verification {
  readonly state: 'good' | 'bad' | 'unverified'
  /** Good signatures of trusted authorities, one each. */
  readonly good: number
  /** More than half of `authorities`. */
  readonly needed: number
  /** How many are trusted. */
  readonly authorities: number
  readonly signatures: readonly {
    readonly nickname: string
    readonly identity: string
    readonly state: SignatureState
  }[]
  /** One sentence. */
  readonly why: string
}

/** A microdescriptor. */
export interface Microdescriptor {
  /** SHA-256 of its text, base64 without padding: what a consensus' `m` line names. */
  readonly digest: string
  readonly otherAddresses: readonly string[]
  /** Fingerprints (`$` stripped, upper case) and nicknames as the operator wrote them. */
  readonly family: readonly string[]
  readonly familyIds: readonly string[]
  readonly exitPolicy: string | null
  readonly exitPolicy6: string | null
  /** Base64; null without one. */
  readonly ed25519: string | null
}

/** A server descriptor. Everything in it is what the operator's relay says of itself. */
export interface ServerDescriptor {
  readonly nickname: string
  readonly fingerprint: string
  /** SHA-1 of the signed text, upper-case hexadecimal: what an `ns` consensus names. */
  readonly digest: string
  readonly address: string
  readonly orPort: number
  readonly dirPort: number
  readonly otherAddresses: readonly string[]
  readonly platform: string | null
  readonly published: number
  /** Seconds. */
  readonly uptime: number | null
  /** Bytes a second. */
  readonly bandwidth: { readonly average: number; readonly burst: number; readonly observed: number }
  readonly contact: string | null
  readonly family: readonly string[]
  readonly familyIds: readonly string[]
  /** `accept 1.2.3.4:80`, in order. */
  readonly exitPolicy: readonly string[]
  readonly exitPolicy6: string | null
  readonly hibernating: boolean
  readonly ed25519: string | null
  readonly extraInfoDigest: string | null
  readonly protocols: string | null
  /** Hour of the `overload-general` line, ms since 1970; null without one. */
  readonly overloaded: number | null
}

/** An interval history of an extra-info document (`write-history`): bytes in each interval up to `end`. */
export interface IntervalHistory {
  readonly end: number
  /** Seconds. */
  readonly interval: number
  readonly values: readonly number[]
}

export interface ExtraInfo {
  readonly nickname: string
  readonly fingerprint: string
  /** SHA-1 of the signed text, upper-case hexadecimal: believe it when a server descriptor's `extraInfoDigest` is this. */
  readonly digest: string
  readonly published: number
  readonly read: IntervalHistory | null
  readonly write: IntervalHistory | null
  readonly dirreqRead: IntervalHistory | null
  readonly dirreqWrite: IntervalHistory | null
}
