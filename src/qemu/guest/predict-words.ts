import type { U32 } from '../../core/bits.ts'
import type { Cpuid, CpuidRegisters } from '../../core/cpuid.ts'
import { walkLeaves } from '../../core/cpuid-walk.ts'
import type { Place } from '../../core/feature.ts'
import { once } from '../../core/memo.ts'
import { compareVersions } from '../../map/kvm-rules.ts'
import { GuestRegisters } from './guest-registers.ts'
import {
  FEATURES,
  isUntil,
  listWanted,
  machineVersionOf,
  resolveModel,
  type WordsRequest,
} from './wanted-features.ts'

/** Words that are not predicted, and why. */
interface WordsException {
  readonly name: string
  readonly why: string
  /** The bits of a row's registers that it is of. */
  readonly of: (leaf: U32, subleaf: U32) => Partial<CpuidRegisters>
  readonly ofMsr?: (index: U32) => boolean
}

const ALL = 0xffff_ffff
const EVERY: CpuidRegisters = { eax: ALL, ebx: ALL, ecx: ALL, edx: ALL }
const leavesOf =
  (...leaves: readonly U32[]) =>
  (leaf: U32): Partial<CpuidRegisters> =>
    leaves.includes(leaf) ? EVERY : {}

interface ConditionalException extends WordsException {
  readonly when: (request: WordsRequest) => boolean
}

const isKvm = ({ accelerator }: WordsRequest): boolean => accelerator !== 'tcg'
const isPassed = ({ cpu: { mode } }: WordsRequest): boolean =>
  mode === 'host-passthrough' || mode === 'maximum'

/** Every rule by which words are not predicted. */
export const EXCEPTIONS: readonly ConditionalException[] = [
  {
    name: 'host-identity',
    why: "a CPU that is the host's has its vendor, signature, name, highest leaves and what they hold",
    when: request => isPassed(request) && isKvm(request),
    of: leaf =>
      leaf === 1
        ? { eax: ALL }
        : leaf === 0x8000_0001
          ? { eax: ALL }
          : leavesOf(
              0,
              2,
              4,
              5,
              6,
              0x8000_0000,
              0x8000_0002,
              0x8000_0003,
              0x8000_0004,
              0x8000_0005,
              0x8000_0006,
              0x8000_001d,
              0x8000_001e,
            )(leaf),
  },
  {
    name: 'caches',
    why: 'which caches QEMU emulates is known of machine types up to 10.0, and not of caches of the host',
    when: ({ machine, qemu, cpu }) =>
      cpu.cache?.mode === 'passthrough' ||
      compareVersions(machineVersionOf(machine) ?? qemu ?? '99.0', '10.0') > 0,
    of: leavesOf(2, 4, 0x8000_0005, 0x8000_0006, 0x8000_001d),
  },
  {
    name: 'old-machines',
    why: 'machine types before 3.0 have highest leaves, signatures, names and topologies of their own',
    when: ({ machine }) => isUntil(machine, '2.12'),
    of: (leaf, subleaf) =>
      leaf === 1 || leaf === 0x8000_0001 || (leaf === 7 && subleaf === 0)
        ? { eax: ALL }
        : leavesOf(0, 2, 4, 0xb, 0x8000_0000, 0x8000_0003, 0x8000_0005, 0x8000_0006, 0x8000_001d)(leaf),
  },
  {
    name: 'host-addresses',
    why: "the width of addresses is the host's",
    when: ({ cpu: { maxphysaddr } }) => maxphysaddr?.mode === 'passthrough',
    of: leaf => (leaf === 0x8000_0008 ? { eax: 0xff } : {}),
  },
  {
    name: 'paravirtual',
    why: "KVM's and Hyper-V's own leaves depend on the kernel",
    when: isKvm,
    of: leaf => (leaf >= 0x4000_0000 && leaf < 0x8000_0000 ? EVERY : {}),
  },
  {
    name: 'host-details',
    why: "counters, enclaves, traces, matrices and saved state are described as the host's",
    when: isKvm,
    of: (leaf, subleaf) =>
      leaf === 0xd
        ? subleaf === 1
          ? { ebx: ALL, ecx: ALL, edx: ALL }
          : subleaf > 1
            ? EVERY
            : {}
        : leavesOf(0xa, 0x12, 0x14, 0x1d, 0x1e, 0x8000_001f, 0x8000_0022)(leaf),
  },
  {
    name: 'vmx-controls',
    why: 'the MSRs of VMX also hold the controls that must be on',
    when: isKvm,
    of: () => ({}),
    ofMsr: index => index >= 0x480 && index <= 0x491,
  },
]

/** What a guest will see, as far as rules tell. */
export interface PredictedWords {
  /** Every leaf and MSR that it can read; without what was refused. */
  readonly words: Cpuid
  /** Asked for, and not to be had on the host: QEMU does not start with `enforce`. In libvirt's names. */
  readonly refused: readonly string[]
  /** The rules by which words are not predicted. */
  readonly exceptions: readonly WordsException[]
}

/**
 * The CPUID and MSR words that a guest sees before its system runs: of its model's version in that QEMU, its features,
 * and what QEMU and the accelerator add. Undefined for a model of which nothing is known.
 */
export function predictWords(request: WordsRequest): PredictedWords | undefined {
  const model = resolveModel(request)
  if (!model) return undefined
  const { wanted, refused } = listWanted(request, model)
  const guest = new GuestRegisters(request, model, wanted, new Set(refused))
  const msrs = MSRS().map(index => {
    const low = guest.word({ kind: 'msr', index, half: 'low' })
    return [index, low, guest.word({ kind: 'msr', index, half: 'high' })] as const
  })
  return {
    words: walkLeaves((leaf, subleaf) => guest.registers(leaf, subleaf)).withMsrs(msrs),
    refused,
    exceptions: EXCEPTIONS.filter(({ when }) => when(request)),
  }
}

/** Every place of which a prediction may speak: what a guest has to read. */
export const placesToRead = once((): readonly Place[] => [
  ...[...RANGES].flatMap(([base, last]) => Array.from({ length: last + 1 }, (_, n) => placeOf(base + n, 0))),
  ...[...SUBLEAVES].flatMap(([leaf, last]) => Array.from({ length: last }, (_, n) => placeOf(leaf, n + 1))),
  ...MSRS().map(index => ({ kind: 'msr', index, half: 'low' }) as const),
])

const placeOf = (leaf: U32, subleaf: U32): Place => ({
  kind: 'cpuid',
  leaf,
  subleaf,
  register: 'eax',
  indexed: true,
})

/** The ranges of leaves that QEMU fills, each with how many follow its first; of a hypervisor's leaves also KVM's. */
const RANGES: ReadonlyMap<U32, number> = new Map([
  [0, 0x2a],
  [0x4000_0000, 0xc],
  [0x8000_0000, 0x26],
  [0xc000_0000, 4],
])

/** The leaves that have subleaves, and the last of them that QEMU fills. */
const SUBLEAVES: ReadonlyMap<U32, number> = new Map([
  [4, 5],
  [7, 2],
  [0xb, 3],
  [0xd, 20],
  [0xf, 1],
  [0x10, 3],
  [0x12, 3],
  [0x14, 1],
  [0x18, 1],
  [0x1d, 1],
  [0x1e, 1],
  [0x1f, 5],
  [0x20, 1],
  [0x24, 1],
  [0x8000_001d, 5],
  [0x8000_0020, 3],
  [0x8000_0026, 4],
])

/** Whether a leaf takes a subleaf. */
export const isIndexed = (leaf: U32): boolean => SUBLEAVES.has(leaf)

const MSRS = once((): readonly U32[] => [
  ...new Set([...FEATURES().values()].flatMap(({ place }) => (place.kind === 'msr' ? [place.index] : []))),
])
