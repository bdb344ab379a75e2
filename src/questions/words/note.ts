import type { Obstacles } from '../../arch/driver.ts'
import { type Feature, placeOf } from '../../core/feature.ts'
import type { HostWarning, ProbeWarning } from '../../formats/host/host-facts.ts'
import type { LostFeature, Reason } from '../answer-parts.ts'

/**
 * Something the reader of an answer should know. `source` names the CPU it is about; absent: the answer
 * as a whole. The sentences are made by `say`.
 */
export type Note = { readonly source?: string } & (
  | { readonly kind: 'syscall-lost' }
  | { readonly kind: 'no-xsave-subleaf' }
  | { readonly kind: 'hypervisor-present' }
  /** `isUnknown`: a question that has three values was asked. */
  | { readonly kind: 'no-msrs'; readonly isUnknown?: true }
  | { readonly kind: 'model-lacks'; readonly model: string; readonly features: readonly Reason[] }
  /** What of its model nothing says that the CPU has it; `isNamed`: the document itself names the model. */
  | {
      readonly kind: 'known-in-part'
      readonly model: string
      readonly isNamed: boolean
      readonly features: readonly Reason[]
    }
  /** A document names a model that is not known. */
  | { readonly kind: 'model-unknown'; readonly model: string }
  /** `each`: every kind is told by itself; absent: the first is told. */
  | {
      readonly kind: 'cores-differ'
      readonly groups: readonly (readonly string[])[]
      readonly each?: true
    }
  /** libvirt has no model of this machine's core; `best`: what it is by all that is known. */
  | { readonly kind: 'core-unnamed'; readonly best: string }
  | { readonly kind: 'cpus-differ'; readonly groups: readonly (readonly string[])[] }
  | { readonly kind: 'security-dropped'; readonly features: readonly LostFeature[] }
  | { readonly kind: 'order-matters' }
  | { readonly kind: 'first-only' }
  | ({ readonly kind: 'beyond-libvirt'; readonly arch: string } & Obstacles)
  | {
      readonly kind: 'not-compared'
      readonly arch: string
      /** Absent: nothing is known of the CPUs. */
      readonly missing?: readonly Reason[]
      /** The CPU's model where its machine is newer than the host's. */
      readonly newer?: string | undefined
    }
  /** What of the answers about an architecture neither libvirt nor QEMU has. */
  | { readonly kind: 'caveat'; readonly arch: string; readonly text: string }
  | { readonly kind: 'cross-vendor'; readonly vendors: readonly string[] }
  | { readonly kind: 'feature-skipped'; readonly feature: string }
  | { readonly kind: 'host-skipped'; readonly model: string }
  /** A file that nobody named and that holds nothing of use; what it seems to be, where that can be told. */
  | { readonly kind: 'file-without-cpu'; readonly looksLike?: string }
  /** A file that nobody named, meant to describe a host or a guest, which cannot be read. */
  | { readonly kind: 'file-skipped'; readonly fault: string; readonly looksLike?: string }
  /** Another recording of the host, which differs: the one that counts is the source. */
  | { readonly kind: 'recorded-again'; readonly other: string }
  /** A host's CPU has the features without all that they need. */
  | { readonly kind: 'half-hidden'; readonly features: readonly string[]; readonly needed: readonly string[] }
  /** The name of a host's CPU is that of another generation than its signature. */
  | {
      readonly kind: 'called-otherwise'
      readonly brand: string
      readonly title: string
      readonly signature: string
    }
  /** Another host that may be the same machine in another form: it is counted twice then. */
  | { readonly kind: 'hosts-alike'; readonly other: string }
  /** Documents that have one uuid, one name or files called alike, and that are not of one host: what speaks against it. */
  | {
      readonly kind: 'hosts-not-joined'
      readonly what: 'entry' | 'uuid' | 'name' | 'file'
      readonly others: readonly string[]
      readonly against: string
    }
  /** libvirt found other emulators on some hosts than on others. */
  | {
      readonly kind: 'emulators-differ'
      readonly lists: readonly { readonly emulators: readonly string[]; readonly hosts: readonly string[] }[]
    }
  /** The QEMU of the guests' own host does not know their model: they cannot have started there. */
  | {
      readonly kind: 'guest-model-newer'
      readonly qemu: string
      readonly model: string
      readonly guests: readonly string[]
    }
  | { readonly kind: 'guest-default-cpu'; readonly model: string }
  | { readonly kind: 'guest-cpu-unknown'; readonly mode: string }
  | { readonly kind: 'guest-model-unknown'; readonly model: string; readonly near?: string }
  /** What a definition gives a guest that is of no use to it, because it lacks what that needs. */
  | {
      readonly kind: 'needs-missing'
      readonly features: readonly string[]
      readonly needed: readonly string[]
    }
  /** `by`: the platform's command that tells all, where no libvirt runs. */
  | { readonly kind: 'hypervisor-only'; readonly by?: string | undefined }
  | { readonly kind: 'accelerator-not-probed'; readonly virttype: string }
  | { readonly kind: 'conversation-alone' }
  | { readonly kind: 'dump'; readonly text: string }
  /** Nobody said which QEMU reads what is written. */
  | { readonly kind: 'written-for'; readonly qemu: string }
  /** No document says what the hypervisors of these hosts give: what KVM makes of such CPUs is assumed. */
  | {
      readonly kind: 'offer-assumed'
      readonly hostCount: number
      /** Some of them, in words: `hosts` has what each was read from. */
      readonly such: string
      /** Absent: KVM, or nobody says. */
      readonly hypervisor?: string
    }
  /** The guest's document and its host's cannot both be true. */
  | {
      readonly kind: 'guest-contradicts'
      readonly guest: string
      readonly host: string
      readonly features: readonly string[]
      /** Whether the guest's document says what it has as it runs. */
      readonly isLive: boolean
    }
  /** Names in a list that no feature has in that vocabulary. */
  | { readonly kind: 'words-unknown'; readonly words: readonly string[]; readonly vocabulary: string }
  | ProbeWarning
  | HostWarning
)

/** Something read, and what there is to say about how it came to be. */
export interface Noted<T> {
  readonly value: T
  readonly notes: readonly Note[]
}

export const reasonOf = (feature: Feature): Reason => ({
  feature: feature.name,
  place: placeOf(feature),
  title: feature.title,
})

/** Lost features that the same hosts lack, together; in the order of their first feature. */
export function byHosts(
  lost: readonly LostFeature[],
): { hosts: readonly string[]; features: LostFeature[] }[] {
  const groups = new Map<string, { hosts: readonly string[]; features: LostFeature[] }>()
  for (const feature of lost) {
    const key = feature.hosts.join('\n')
    const group = groups.get(key)
    if (group) group.features.push(feature)
    else groups.set(key, { hosts: feature.hosts, features: [feature] })
  }
  return [...groups.values()]
}

/** The fault of a skipped file that no reader takes. */
export const NO_FORMAT = 'it is in no format that is read'
