import type { Statement } from '../found.ts'
import { libvirtNames } from './linux-host.ts'

/** What Kubernetes says of a node. */
export interface KubernetesNode {
  readonly name?: string | undefined
  readonly uuid?: string | undefined
  readonly kernel?: string | undefined
  /** As Go calls it: `amd64`. */
  readonly arch?: string | undefined
  readonly cpus?: number | undefined
  readonly labels: ReadonlyMap<string, string>
  readonly annotations?: ReadonlyMap<string, string> | undefined
}

/** What the labels of KubeVirt and of Node Feature Discovery say of a node; empty where it has none of them. */
export function statementsOfNode(node: KubernetesNode): Statement[] {
  return [...kubevirtStatement(node), ...statementsOfCpuid(node, cpuidOfLabels(node), DENY_LISTED)]
}

const ARCHS: ReadonlyMap<string, string> = new Map([
  ['amd64', 'x86_64'],
  ['arm64', 'aarch64'],
  ['386', 'i686'],
  ['arm', 'armv7l'],
])

/** libvirt's name of an architecture that Go names; `amd64` where none is named. */
export const archOfGo = (name = 'amd64'): string => ARCHS.get(name) ?? name

/** Go's name of an architecture that libvirt names. */
export const toGoArch = (name: string): string => [...ARCHS].find(([, ours]) => ours === name)?.[0] ?? name

const factsOf = (node: KubernetesNode) => ({
  kind: 'statement' as const,
  arch: archOfGo(node.arch ?? node.labels.get('kubernetes.io/arch')),
  name: node.name ?? node.labels.get('kubernetes.io/hostname'),
  uuid: node.uuid,
  kernel: node.kernel,
  cpus: node.cpus,
})

/** The names behind a prefix of label keys; KubeVirt before 0.35 used keys of the other form. */
function namesUnder(labels: ReadonlyMap<string, string>, kind: string): string[] {
  const prefixes = [`${kind}.node.kubevirt.io/`, `feature.node.kubernetes.io/${kind}-`]
  return [...labels].flatMap(([key, value]) => {
    const prefix = prefixes.find(one => key.startsWith(one))
    return prefix !== undefined && value !== 'false' ? [key.slice(prefix.length)] : []
  })
}

/**
 * What virt-handler labels: the host-model of domain capabilities, expanded, and the usable models that are not
 * obsolete. A feature without a label may still be given to guests that ask for it.
 */
function kubevirtStatement(node: KubernetesNode): Statement[] {
  const { labels } = node
  const features = namesUnder(labels, 'cpu-feature')
  const models = namesUnder(labels, 'cpu-model')
  const [model] = namesUnder(labels, 'host-model-cpu')
  if (features.length === 0 && models.length === 0 && model === undefined) return []
  const [vendor] = namesUnder(labels, 'cpu-vendor')
  const present = [...new Set([...features, ...namesUnder(labels, 'host-model-required-features')])]
  return [
    {
      ...factsOf(node),
      layer: 'offered',
      vocabulary: 'libvirt',
      present,
      complete: false,
      vendor,
      model,
      hypervisor: 'KubeVirt',
      labels: new Set(
        [...labels].flatMap(([key, value]) => (isSelected(key) && value !== 'false' ? key : [])),
      ),
      models: new Map(models.map(name => [name, undefined])),
      notes: kubevirtNotes(node, new Set(present), vendor),
    },
  ]
}

/** Whether a label's key is one of those by which KubeVirt finds a node for a guest's CPU. */
export const isSelected = (key: string): boolean =>
  /^(?:cpu|host-model)-[a-z-]+\.node\.kubevirt\.io\//.test(key)

/** Whether it is QEMU's emulation: no Intel CPU ever had 3DNow!, and no AMD CPU both that and five-level paging. */
export const isEmulated = (features: ReadonlySet<string>, vendor?: string): boolean =>
  features.has('3dnow') && (vendor === 'Intel' || features.has('la57'))

function kubevirtNotes(
  { annotations }: KubernetesNode,
  present: ReadonlySet<string>,
  vendor: string | undefined,
): string[] {
  const notes: string[] = []
  if (isEmulated(present, vendor))
    notes.push(
      'the labels describe an emulated CPU: when the node was labelled it had no /dev/kvm; enable KVM there and have it ' +
        'labelled anew',
    )
  if (annotations?.get('node-labeller.kubevirt.io/skip-node') === 'true')
    notes.push('the node is excluded from labelling: its labels may be out of date')
  if (present.size > 0 && !present.has('sse2') && vendor !== 'IBM')
    notes.push('this version of KubeVirt has no labels for what its minimal model (Penryn) has')
  return notes
}

/** CPUID as klauspost's library names it, which Node Feature Discovery uses. */
export interface NfdCpu {
  /** The library's names. */
  readonly flags: readonly string[]
  /** `Intel`, `AMD`. */
  readonly vendor?: string | undefined
}

function cpuidOfLabels({ labels }: KubernetesNode): NfdCpu {
  const prefix = 'feature.node.kubernetes.io/cpu-cpuid.'
  const flags = [...labels].filter(([key, value]) => key.startsWith(prefix) && value === 'true')
  return {
    flags: flags.map(([key]) => key.slice(prefix.length)),
    vendor: labels.get('feature.node.kubernetes.io/cpu-model.vendor_id'),
  }
}

/**
 * Words that mean other bits on Intel than on AMD, with libvirt's names of both; where the vendor is unknown they say nothing.
 * @see https://github.com/klauspost/cpuid, `SPEC_CTRL_SSBD`
 */
const BY_VENDOR: ReadonlyMap<string, readonly [intel: string, amd: string]> = new Map([
  ['IBPB', ['spec-ctrl', 'ibpb']],
  ['IBRS', ['spec-ctrl', 'ibrs']],
  ['STIBP', ['stibp', 'amd-stibp']],
  ['SPEC_CTRL_SSBD', ['ssbd', 'amd-ssbd']],
  ['PREFETCHI', ['prefetchiti', 'prefetchi']],
])

/** What the library knows since it tells x86-64 levels, and with it `X87`, which every CPU has. */
const SURELY_KNOWN =
  'AVX AVX2 AVX512BW AVX512CD AVX512DQ AVX512F AVX512VL BMI1 BMI2 CX16 F16C FMA3 LAHF LZCNT MOVBE OSXSAVE POPCNT ' +
  'SSE3 SSE4 SSE42 SSSE3'

/** What gets no label by default. @see NFD, `attributeBlacklist` */
const DENY_LISTED: ReadonlySet<string> = new Set(
  'BMI1 BMI2 CLMUL CMOV CX16 F16C LZCNT MMX POPCNT SSE SSE2 SSE3 SSE4 SSE42 SSSE3'.split(' '),
)

/**
 * What the kernel lets programs use, by libvirt's names; words that we do not know stay as they are.
 * @param hidden words that the list leaves out although the CPU may have them
 */
export function statementsOfCpuid(
  node: KubernetesNode,
  { flags, vendor }: NfdCpu,
  hidden: ReadonlySet<string> = new Set(),
): Statement[] {
  if (flags.length === 0) return []
  const listed = new Set(flags)
  const known = listed.has('X87') ? SURELY_KNOWN.split(' ') : []
  const side = vendor === 'Intel' ? 0 : vendor === 'AMD' || vendor === 'Hygon' ? 1 : undefined
  const present = flags.flatMap(flag => {
    const pair = BY_VENDOR.get(flag)
    if (pair) return side === undefined ? [] : pair[side]
    return libvirtNames('klauspost', [flag])
  })
  const missing = known.filter(word => !listed.has(word) && !hidden.has(word))
  return [
    {
      ...factsOf(node),
      layer: 'kernel',
      vocabulary: 'libvirt',
      present: [...new Set(present)],
      absent: libvirtNames('klauspost', missing),
      complete: false,
      vendor,
    },
  ]
}
