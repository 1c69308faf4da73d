/**
 * What a set-up is made of. A set-up is a list of steps; a step is one thing on the host (a kind and its parameters)
 * and the reason for it. States and parameters are plain JSON: they go into the journal as they are, and undo reads
 * them back without the set-up that wrote them.
 */

/** What survives a journal. Use `type`, not `interface`, for states and parameters: only types are assignable to it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What a program said when a kind ran it. */
export interface HostAnswer {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** How a kind runs a program; defaults are those of a quick look. */
export interface HostRun {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  /** Inside this named network namespace; null or not given: where we run. */
  readonly netns?: string | null
}

/** The machine that is changed, or a scratch root and a network namespace that stand for one. */
export interface Host {
  /** In front of every path of a file; '' is this machine, '/tmp/x' a scratch root. No slash at the end. */
  readonly root: string
  /** The named network namespace (`ip netns`) in which network kinds act; null: the one we run in. */
  readonly netns: string | null
  run(argv: readonly string[], options?: HostRun): Promise<HostAnswer>
}

/** How far undo brings the former state back: `exact`, all but what `losses` says, or not at all. */
export type Invert = 'exact' | 'best-effort' | 'never'

/**
 * What undo makes of a state that is neither `before` nor `after`: `ours` was left by a killed write and is restored,
 * `void` means that there is nothing left to restore, `foreign` is a conflict.
 */
export type Between = 'ours' | 'void' | 'foreign'

/**
 * One observable sort of thing on a host. Undo needs no code of its own: writing the former state is the undo.
 * Methods, not properties, on purpose: `Kind<FileParams, FileState>` stays assignable to `Kind`.
 */
export interface Kind<P extends Json = Json, S extends Json = Json> {
  /** One word; the first part of ids and the key in the journal. */
  readonly name: string
  readonly invert: Invert
  /** What `best-effort` and `never` leave behind, one sentence. */
  readonly losses?: string
  /** `sysctl:net.ipv4.ip_forward`: names the same thing in plan, journal and conflicts. */
  id(params: P): string
  /** Looks; never changes anything. */
  read(host: Host, params: P): Promise<S>
  /**
   * The state to be reached, from the present one. May look at the host (a normal form, an id of a user), never
   * changes it; throws a NocError when it can't be reached from here.
   */
  want(params: P, now: S, host: Host): S | Promise<S>
  /** Refuses a state that the program it is for would not take; only asked on apply, before the journal's intent. */
  check?(host: Host, params: P, to: S): Promise<void>
  /** Brings the host from one state to the other: atomic, or repeatable after a kill. Also the undo. */
  write(host: Host, params: P, to: S, from: S): Promise<void>
  /** Removes what a killed `write` may have left beside the state (a temporary file). */
  tidy?(host: Host, params: P): Promise<void>
  /** What a notified step does: a service reads its configuration again. False: it doesn't run, nothing was done. */
  reload?(host: Host, params: P): Promise<boolean>
  /** Default: deep equality. */
  same?(a: S, b: S): boolean
  /** Default: `foreign`. */
  between?(now: S, before: S, after: S): Between
  /** The difference for people, a line each, starting with `-`, `+` or a space. */
  show(params: P, from: S, to: S): readonly string[]
}

/** Says whether a thing works, not whether its file is there. */
export interface Probe {
  /** What is so when all is well, one sentence: "A packet from the box leaves through Tor." */
  readonly says: string
  run(host: Host, signal: AbortSignal): Promise<{ readonly ok: boolean; readonly saw: string }>
}

/** What a step is about, beside its kind and parameters. */
export interface About {
  /** The sentence that the HOWTO would say. */
  readonly why: string
  /** Where that comes from: a manual page, an RFC, a page of docs/. */
  readonly source?: string
  /** Comes after these. */
  readonly needs?: readonly Step[]
  /** Reloaded once, after all that notify it; again on undo. They come after this step. */
  readonly notify?: readonly Step[]
  /** A reason to refuse ("would cut your ssh session"), or null. Asked by plan and again before the act. */
  readonly guard?: (host: Host) => Promise<string | null>
  readonly probe?: Probe
  /** Its state is never shown and never lies in the journal itself. */
  readonly secret?: boolean
}

/** One thing to be so, and why; made by `step`. */
export interface Step extends About {
  readonly id: string
  readonly use: Kind
  readonly params: Json
}

/** Ties kind and parameters together, so that the compiler checks them. */
export function step<P extends Json, S extends Json>(use: Kind<P, S>, params: P, about: About): Step {
  return { ...about, id: use.id(params), use, params }
}

/** All that a system changes on a host. `C` is the system's table in nocturne.toml. */
export interface Setup<C = unknown> {
  /** The system's id; names the journal. */
  readonly name: string
  /** What the host is afterwards, one line. */
  readonly summary: string
  /** Kinds of its own; undo finds them here. */
  readonly kinds?: readonly Kind[]
  /** Pure; the order is that of `needs` and `notify`, then of this list. */
  steps(config: C): readonly Step[]
}

/** Something that would be changed or reloaded. */
export interface Change {
  readonly step: Step
  readonly now: Json
  readonly to: Json
  /** False: it is as it should be and only read its configuration again. */
  readonly changed: boolean
  /** Why a guard refuses it; null: it doesn't. */
  readonly refused: string | null
  /** Reloaded, because of these steps' changes or of a run that was cut short before. */
  readonly reload: boolean
}

/** What apply would do, in order. No change: the host is as it should be. */
export interface Plan {
  readonly setup: string
  readonly steps: readonly Step[]
  readonly changes: readonly Change[]
  /** Names exactly these changes from exactly this state. */
  readonly hash: string
}

/** A kind and its parameters: what the journal keeps of a step that must be reloaded. */
export type Target = { readonly id: string; readonly kind: string; readonly params: Json }

/** A value in the journal: itself, or (secret or large) the SHA-256 of its JSON, which lies in the blob directory. */
export type Kept = { readonly json: Json } | { readonly blob: string }

/** Names a line of the journal: which run, and the line within it. */
export type Ref = { readonly run: number; readonly seq: number }

/** How a run ended: all done; something was kept because others had changed it; stopped before the end. */
export type Outcome = 'complete' | 'conflict' | 'stopped'

/** What is written before an act, so that a kill can't lose the former state. */
export type Intent = {
  readonly t: 'intent'
  readonly id: string
  readonly kind: string
  readonly params: Kept
  readonly before: Kept
  readonly after: Kept
  readonly why: string
  readonly secret: boolean
  /** Ids of what must not be taken away from under it. */
  readonly needs: readonly string[]
  /** What must read its configuration again because of this. */
  readonly notify: readonly Target[]
  /** The intent that this one takes back. */
  readonly undoes: Ref | null
}

/** What a line of the journal says. */
export type Note =
  | {
      readonly t: 'begin'
      readonly verb: 'apply' | 'undo'
      /** Who did it: the user behind sudo, a console's address. */
      readonly actor: string
      /** Of the plan that was applied. */
      readonly hash: string | null
    }
  | Intent
  | { readonly t: 'done'; readonly of: Ref }
  | { readonly t: 'failed'; readonly of: Ref; readonly why: string }
  /** It is as it was before the intent `of`. */
  | { readonly t: 'undone'; readonly of: Ref }
  /** It was kept, because it is neither as before nor as after the intent `of`. */
  | { readonly t: 'conflict'; readonly of: Ref; readonly why: string }
  | { readonly t: 'reloaded'; readonly id: string }
  | { readonly t: 'end'; readonly outcome: Outcome }

/** A line of the journal; `at` is ms since 1970. */
export type Entry<N extends Note = Note> = Ref & { readonly at: number } & N

/** What apply, undo and verify tell while they work; the same for terminal, JSON lines and console. */
export type SetupEvent =
  | { readonly event: 'begin'; readonly setup: string; readonly verb: 'apply' | 'undo'; readonly run: number }
  | { readonly event: 'act'; readonly id: string; readonly why: string; readonly diff: readonly string[] }
  | { readonly event: 'done'; readonly id: string }
  /** Undo found the former state already. */
  | { readonly event: 'same'; readonly id: string }
  | { readonly event: 'conflict'; readonly id: string; readonly why: string; readonly diff: readonly string[] }
  | { readonly event: 'reload'; readonly id: string }
  | { readonly event: 'probe'; readonly id: string; readonly says: string; readonly ok: boolean; readonly saw: string }
  | { readonly event: 'end'; readonly setup: string; readonly run: number; readonly outcome: Outcome }

/** `path` is absolute. `mode` as in chmod: '0644'. `owner`: 'user:group', names or numbers. */
export type FileParams = {
  readonly path: string
  readonly content: string
  readonly mode?: string
  readonly owner?: string
  /** A program that must accept the content before it is installed; `{}` stands for a private copy of it. */
  readonly check?: readonly string[]
}
/** A part of a file between markers `# >>> noc:NAME` and `# <<< noc:NAME`; the rest stays everybody's. */
export type FileBlockParams = {
  readonly path: string
  readonly name: string
  readonly content: string
  /** What starts a comment there; default '#'. */
  readonly comment?: string
  readonly check?: readonly string[]
}
/** A block in a torrc; refused unless tor accepts the whole file with it. */
export type TorrcBlockParams = { readonly path: string; readonly name: string; readonly content: string }
/** Its parent must be there. `disposable`: undo removes it with all that is in it by then. */
export type DirectoryParams = {
  readonly path: string
  readonly mode?: string
  readonly owner?: string
  readonly disposable?: boolean
}
/** A value of the running kernel: `net.ipv4.conf.tornet.forwarding` (a name with dots in it: slashes for the rest). */
export type SysctlParams = { readonly key: string; readonly value: string; readonly netns?: string }
/** A bridge that is up. */
export type BridgeParams = { readonly name: string; readonly netns?: string }
/** Two ends of a cable, both up. */
export type VethParams = {
  readonly name: string
  readonly netns?: string
  readonly peer: string
  /** Where the other end lives. */
  readonly peerNetns?: string
  /** The bridge that the near end is plugged into. */
  readonly master?: string
  /** Ports of that bridge that are isolated don't reach each other. */
  readonly isolated?: boolean
}
/** `address` with its prefix: '10.100.100.1/24', 'fd00::1/64'. */
export type AddressParams = { readonly device: string; readonly address: string; readonly netns?: string }
/** A namespace as `ip netns` knows it, its loopback up. */
export type NetworkNamespaceParams = { readonly name: string }
/** A whole table under an own name (`noc_...`); `rules` is what stands between its braces. */
export type NftTableParams = {
  readonly family: 'inet' | 'ip' | 'ip6' | 'bridge' | 'arp'
  readonly name: string
  readonly rules: string
  readonly netns?: string
}
/** Debian packages, by name. */
export type PackageParams = { readonly names: readonly string[] }
/**
 * A program that runs on. With `exec` it is our own: a unit where systemd runs, else a process that is started again
 * when it ends. Without `exec` it is a unit that a package brought.
 */
export type ServiceParams = {
  readonly name: string
  /** The program (an absolute path) and its arguments. It stays in the foreground. */
  readonly exec?: readonly string[]
  /** Who runs it; default root. */
  readonly user?: string
  readonly netns?: string
  /** What being notified means; default 'reload' (SIGHUP for our own). */
  readonly onNotify?: 'reload' | 'restart'
}
/** A system user with a group of the same name; one that is there already is left as it is. */
export type UserParams = { readonly name: string; readonly home?: string; readonly shell?: string }
