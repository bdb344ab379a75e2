import type { GuestCpu } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import { once } from '../../core/memo.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { compareVersions } from '../../map/kvm-rules.ts'
import { builtinQemuModels, correctionsOf, type QemuModelFacts } from '../../map/qemu-models.ts'
import { builtinReleases } from '../../map/releases.ts'
import type { Accelerator } from '../capabilities.ts'

/** A guest whose words are to be predicted. */
export interface WordsRequest {
  /** As QEMU is to be given it. */
  readonly cpu: GuestCpu
  readonly vcpus: number
  readonly accelerator: Accelerator
  /** `pc-q35-10.0` */
  readonly machine: string
  /** `10.0`; absent: the newest that is known. */
  readonly qemu?: string | undefined
  /** What the accelerator can give guests on the host, in libvirt's names; absent: whatever is asked for. */
  readonly offered?: ReadonlySet<string> | undefined
}

const x86 = once(() => CpuMap.builtIn().of('x86'))

/** Every feature by its name, those that libvirt does not know among them. */
export const FEATURES = once(
  (): ReadonlyMap<string, Feature> =>
    new Map([...x86().features.list, ...x86().beyond].map(feature => [feature.name, feature])),
)

/** A version of one of QEMU's models. */
export interface ResolvedModel {
  readonly facts: QemuModelFacts
  readonly vendorId: string
  readonly features: readonly string[]
  /** What of them QEMU's model has and libvirt's has not. */
  readonly beyond: readonly string[]
}

/** The version of each family by its name, those that only QEMU has among them. */
const VERSIONS = once(
  () =>
    new Map(
      x86().families.flatMap(family =>
        family.versions.flatMap(({ versioned }) =>
          versioned ? [[versioned.name, { versioned, family }] as const] : [],
        ),
      ),
    ),
)

export function resolveModel(request: WordsRequest): ResolvedModel | undefined {
  const { cpu, offered } = request
  const isMaximum = cpu.mode === 'maximum' || cpu.mode === 'host-passthrough'
  if (isMaximum) {
    const facts = builtinQemuModels().of('max-v1')
    return (
      facts && {
        facts,
        vendorId: cpu.vendorId ?? facts.vendorId ?? '',
        features: [...(offered ?? [])],
        beyond: [],
      }
    )
  }
  const name = findVersion(request)
  const found = VERSIONS().get(name)
  const facts = found && builtinQemuModels().of(name)
  if (!facts) return undefined
  const names = [name, cpu.model ?? name]
  const { has, lacks, signature } = correctionsOf(names, machineVersionOf(request.machine))
  const own = x86()
    .features.in(found.versioned.features)
    .map(feature => feature.name)
  return {
    facts: { ...facts, signature: signature ?? facts.signature },
    vendorId: cpu.vendorId ?? facts.vendorId ?? found.versioned.vendor?.id ?? '',
    features: [...own, ...has].filter(feature => !lacks.includes(feature)),
    beyond: has,
  }
}

/**
 * The guest's CPU with `enforce` in mind: what QEMU's model has beyond libvirt's, no word of the definition speaks of,
 * and the accelerator cannot give is turned off by name. Without `enforce` QEMU leaves it out by itself.
 */
export function turnOffBeyond(request: WordsRequest): GuestCpu {
  const { cpu } = request
  const model = resolveModel(request)
  const named = new Set(cpu.features.map(({ name }) => name))
  const off = model ? listWanted(request, model).refused : []
  const more = off.filter(name => model?.beyond.includes(name) && !named.has(name))
  return { ...cpu, features: [...cpu.features, ...more.map(name => ({ name, policy: 'disable' as const }))] }
}

/** A plain name is the version that QEMU says it is; on a machine without versions, the newest that QEMU has. */
function findVersion({ cpu: { model = '' }, machine, qemu }: WordsRequest): string {
  const version = x86().model(model)?.canonical ?? model
  const { family } = VERSIONS().get(version) ?? {}
  if (version === model || machine !== 'microvm' || !family) return version
  const knows = (name: string) => qemu === undefined || builtinReleases().knows('qemu', qemu, name)
  const names = family.versions.flatMap(({ versioned }) => (versioned ? [versioned.name] : []))
  return names.findLast(knows) ?? version
}

/** `10.0` of `pc-q35-10.0`; undefined for a machine type without a version, which is as the newest. */
export const machineVersionOf = (machine: string): string | undefined =>
  /-(\d+\.\d+)(?:\.\d+)?$/.exec(machine)?.[1]

export const isUntil = (machine: string, version: string): boolean =>
  compareVersions(machineVersionOf(machine) ?? '99.0', version) <= 0

interface Wanted {
  readonly wanted: ReadonlySet<string>
  readonly refused: readonly string[]
}

/** What QEMU turns on or off of every model, unless it is told otherwise. @see QEMU, documentation, "CPU model configuration" */
const BY_ACCELERATOR: Readonly<Record<Accelerator, { readonly on: string[]; readonly off: string[] }>> = {
  tcg: { on: ['hypervisor'], off: ['vme'] },
  kvm: { on: ['hypervisor', 'x2apic'], off: ['monitor', 'acpi', 'svm'] },
  hvf: { on: ['hypervisor'], off: [] },
}

/** The features whose details guests do not have without them. */
export const WITH_DETAILS = ['vmx', 'svm', 'arch-capabilities', 'core-capability'] as const

function isDetailOf(of: (typeof WITH_DETAILS)[number], { name, place }: Feature): boolean {
  if (of === 'vmx') return name.startsWith('vmx-')
  if (of === 'svm') return place.kind === 'cpuid' && place.leaf === 0x8000_000a
  return place.kind === 'msr' && place.index === (of === 'arch-capabilities' ? ARCH_CAPABILITIES : 0xcf)
}

const ARCH_CAPABILITIES = 0x10a

export function listWanted(request: WordsRequest, { features }: ResolvedModel): Wanted {
  const { cpu, accelerator, offered } = request
  const asked = new Map(
    cpu.features.flatMap(({ name, policy = 'require' }) =>
      policy === 'optional' ? [] : [[name, policy === 'require' || policy === 'force'] as const],
    ),
  )
  const { on, off } = BY_ACCELERATOR[accelerator]
  const base = [...features.filter(name => !off.includes(name)), ...on]
  const wanted = new Set([...base, ...[...asked].flatMap(([name, is]) => (is ? [name] : []))])
  for (const [name, is] of asked) if (!is) wanted.delete(name)
  const details = WITH_DETAILS.flatMap(of => (wanted.has(of) ? [] : dropDetails(wanted, of)))
  const lost = [...details, ...dropDependents(wanted, request)]
  return {
    wanted,
    refused: inOrder([...lost.filter(name => asked.get(name)), ...listNotOffered(wanted, offered)]),
  }
}

/** Takes out what QEMU gives no guest that lacks something else, and returns it. */
function dropDependents(wanted: Set<string>, { qemu }: WordsRequest): string[] {
  const lost: string[] = []
  for (let before = -1; before < lost.length; ) {
    before = lost.length
    for (const { without, features } of builtinQemuModels().dependents(qemu))
      if (!wanted.has(without)) lost.push(...features.filter(name => wanted.delete(name)))
  }
  return lost
}

/** Takes the details of a feature out of what is wanted, and returns them. */
export function dropDetails(wanted: Set<string>, of: (typeof WITH_DETAILS)[number]): string[] {
  const details = [...wanted].filter(name => {
    const feature = FEATURES().get(name)
    return feature && isDetailOf(of, feature)
  })
  for (const name of details) wanted.delete(name)
  return details
}

/** What every accelerator gives: QEMU decides it by the guest's topology, or by itself. */
const ALWAYS_OFFERED: readonly string[] = ['hypervisor', 'ht', 'cmp_legacy']

function listNotOffered(wanted: ReadonlySet<string>, offered: ReadonlySet<string> | undefined): string[] {
  if (!offered) return []
  return [...wanted].filter(name => {
    const feature = FEATURES().get(name)
    if (!feature || offered.has(name) || ALWAYS_OFFERED.includes(name)) return false
    // Where the MSR itself is not to be had, QEMU says so and nothing of its bits.
    return offered.has('arch-capabilities') || !isDetailOf('arch-capabilities', feature)
  })
}

/** In the order of the CPU map. */
const inOrder = (names: readonly string[]): string[] => {
  const wanted = new Set(names)
  return [...FEATURES().keys()].filter(name => wanted.has(name))
}
