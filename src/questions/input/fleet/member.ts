import type { FeatureSet } from '../../../core/feature-set.ts'
import type { HypervisorModels } from '../../../fleet/asked-model.ts'
import type { FleetGuest } from '../../../fleet/guest.ts'
import type { FleetHost } from '../../../fleet/host.ts'
import type { Note } from '../../words/note.ts'

/** What a document says of a host's CPU: everything but where the host belongs. */
export type HostMember = Omit<FleetHost, 'name' | 'path' | 'pool' | 'weight' | 'documentHash'>

/** What a hypervisor says that it can give guests on its host. */
export type HypervisorFacts = Pick<FleetHost, 'features' | 'vendor' | 'model' | 'physBits' | 'hypervisor'> & {
  readonly models: HypervisorModels
}

export type GuestMember = Omit<FleetGuest, 'host' | 'pool' | 'required'> & {
  /** What it takes where its host has it. */
  readonly optional?: FeatureSet
}

/** One thing that a document tells of a fleet, and what there is to note about it. */
export type Member = { readonly notes: readonly Note[] } & (
  | { readonly kind: 'host'; readonly facts: HostMember }
  | { readonly kind: 'hypervisor'; readonly facts: HypervisorFacts }
  /** The name is empty where the document has none. */
  | { readonly kind: 'guest'; readonly facts: GuestMember }
)
