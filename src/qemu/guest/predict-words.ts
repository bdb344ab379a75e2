import type { U32 } from '../../core/bits.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import { walkLeaves } from '../../core/cpuid-walk.ts'
import type { Place } from '../../core/feature.ts'
import { once } from '../../core/memo.ts'
import { GuestRegisters } from './guest-registers.ts'
import { EXCEPTIONS, type WordsException } from './unpredicted.ts'
import { FEATURES, listWanted, resolveModel, type WordsRequest } from './wanted-features.ts'

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
