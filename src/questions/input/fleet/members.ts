import { fleetArchOf } from '../../../arch/registry.ts'
import type { GuestCpu } from '../../../core/cpu.ts'
import { Evidence } from '../../../core/evidence.ts'
import type { FeatureSet } from '../../../core/feature-set.ts'
import type { HypervisorModels } from '../../../fleet/asked-model.ts'
import type { FleetGuest } from '../../../fleet/guest.ts'
import type { FleetHost } from '../../../fleet/host.ts'
import type { HostReport, Statement } from '../../../formats/found.ts'
import type { QemuCapabilities } from '../../../qemu/capabilities.ts'
import { type Context, contextFor } from '../../context.ts'
import type { Note } from '../../words/note.ts'
import { featuresOfStatement, vendorOfStatement } from '../stated.ts'

/** A document of a fleet: what it tells, and where it was found. */
export interface FleetDocument {
  /** Below the folder that was given, or the fleet file's, with `/` between folders; of a file given by name as typed. */
  readonly path: string
  /** Label of the pool that its folder makes. */
  readonly pool?: string | undefined
  /** What answers call it where no fleet file says otherwise: its path as typed. */
  readonly name: string
  readonly members: readonly Member[]
  /** Hash of its text: equal hashes are equal members. */
  readonly hash?: string | undefined
}

/** The path without an ending that only says what format the file has. */
export const stemOf = (path: string): string => path.replace(ENDING, '')

const ENDING = /\.(?:xml|txt|json|ya?ml|cpuid|dump|raw|replies|qmp)$/i

/** The stem of the host that a hypervisor's description belongs to: `a/n1` of `a/n1.domcaps.xml`. */
export const hostStemOf = (path: string): string => stemOf(path).replace(WHAT, '')

/** What tells which document of a host a file is. */
const DOCUMENT =
  '(?:virsh-?)?(?:host-?|dom-?)?(?:caps|capabilities)|(?:proc-?)?cpu-?info|ls-?cpu|cpuid(?:-r)?|hypervisor|qemu|qmp|replies|vulns?|vulnerabilities|mitigations'

const WHAT = new RegExp(`[._-](?:${DOCUMENT})$`, 'i')

/** A file that is called after what is in it, not after the host. */
const GENERIC = new RegExp(`^(?:${DOCUMENT}|cpu|flags|cpu-flags|midr_el1|host|node|output|stdout)$`, 'i')

/** Folders of every host. */
const SYSTEM_FOLDER = /\/?(?:^|\/)(?:tmp|proc|var|etc|root|home|run|usr|sys|data|out|output|files|facts)$/

/** Whether the file's name tells nothing of the host. */
export const isGeneric = (path: string): boolean => GENERIC.test(baseOf(stemOf(path)))

/**
 * What tells the host of a file apart: \`blue/n1\` of \`blue/n1.xml\`, \`blue/n1.domcaps.xml\`, \`blue/n1/capabilities.xml\` and
 * \`blue/n1/tmp/cpuinfo\`; empty: the folder that was given.
 */
export function labelOf(path: string): string {
  if (!isGeneric(path)) return hostStemOf(path)
  let folder = folderOf(path)
  while (SYSTEM_FOLDER.test(folder) && folder.replace(SYSTEM_FOLDER, '') !== '')
    folder = folder.replace(SYSTEM_FOLDER, '')
  return folder
}

/** `node-1` of `blue/node-1.xml`. */
export const baseOf = (stem: string): string => stem.slice(stem.lastIndexOf('/') + 1)

/** The first folder of a path, which is a pool; undefined: the file is in none. */
export const poolOfPath = (path: string): string | undefined =>
  path.includes('/') ? path.slice(0, path.indexOf('/')) : undefined

/** `blue/racks` of `blue/racks/node-1.xml`; empty: the file is in no folder. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** What a document says of a host's CPU: everything but where the host belongs. */
export type HostMember = Omit<
  FleetHost,
  'name' | 'path' | 'pool' | 'weight' | 'documentHash' | 'evidence' | 'withheld' | 'unsure' | 'judge'
> & {
  /** The features of the CPU that the document can tell of; absent: all. */
  readonly known?: FeatureSet | undefined
  /** What its QEMU reported; absent: no conversation with it was recorded. */
  readonly recorded?: QemuCapabilities | undefined
  /** What a hypervisor's description says that guests are given; absent: there is none. */
  readonly offered?: Evidence | undefined
}

/** What a hypervisor says that it can give guests on its host. */
export type HypervisorFacts = Omit<HostMember, 'known' | 'hardwareFeatures'> & {
  readonly models: HypervisorModels
  readonly offered: Evidence
}

export type GuestMember = Omit<FleetGuest, 'host' | 'pool' | 'required' | 'unasked'> & {
  /** The CPU's definition, of a platform's own model and of a guest whose model another document may define. */
  readonly definition?: GuestCpu | undefined
  /** It is a model of the platform's own, and no guest. */
  readonly isModel?: true | undefined
  /** What the document calls the host that it runs on. */
  readonly onHost?: string | undefined
  /** What it takes where its host has it. */
  readonly optional?: FeatureSet
  /** Whether it is given all that its host can give it. */
  readonly isMinimum?: boolean
  /** The width of addresses that QEMU gives where the definition says none. */
  readonly defaultBits?: number | undefined
}

/** What no two hosts share. */
export type OwnFacts = Pick<FleetHost, 'uuid' | 'tscHz'>

/** One thing that a document tells of a fleet, and what there is to note about it. */
export type Member = {
  readonly notes: readonly Note[]
  /** The architecture of the fleet that it belongs to: hosts of two are never compared. */
  readonly arch: string
  /** What the document itself calls it; counts where it holds several. */
  readonly called?: string | undefined
  /** The host's report that it stands in. */
  readonly report?: HostReport | undefined
  /** What counts instead of that in the facts, where hosts share them. */
  readonly own?: OwnFacts | undefined
} & (
  | { readonly kind: 'host'; readonly facts: HostMember }
  | { readonly kind: 'hypervisor'; readonly facts: HypervisorFacts }
  /** The name is empty where the document has none. */
  | { readonly kind: 'guest'; readonly facts: GuestMember }
)

/** A host as a platform describes it: of its CPU or its kernel, or of what its hypervisor offers. */
export function memberOfStatement(given: Context, statement: Statement): Member {
  const context = contextFor(given, fleetArchOf(given.map, statement.arch))
  const { arch } = context
  const { name, layer, models, model } = statement
  const { features, known, notes } = featuresOfStatement(context, statement)
  const vendor = vendorOfStatement(context, statement)
  const isCore = model !== undefined && context.cpus.knowsModel?.(model)
  const { core } = isCore ? context.cpus.read({ type: 'host', arch, model, vendor, features: [] }) : {}
  const about = { features, ...pick(statement), vendor, core }
  if (layer !== 'offered') return { kind: 'host', arch, facts: { ...about, known }, notes, called: name }
  const offered = Evidence.recorded(features, known)
  const usable = new Map([...(models ?? [])].map(([own, blockers]) => [own, blockers ?? []]))
  return { kind: 'hypervisor', arch, facts: { ...about, models: usable, offered }, notes, called: name }
}

/** What a host keeps of a statement beside its features. */
const pick = ({
  uuid,
  emulatorModels,
  labels,
  model,
  signature,
  brand,
  microcode,
  cpus,
  physBits,
  kernel,
  hypervisor,
  vulnerabilities,
  mitigations,
}: Statement) => ({
  uuid,
  emulatorModels,
  labels,
  model,
  signature,
  brand,
  microcode,
  cpus,
  physBits,
  kernel,
  hypervisor,
  vulnerabilities,
  mitigations,
})
