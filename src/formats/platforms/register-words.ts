import type { U32 } from '../../core/bits.ts'
import { Cpuid } from '../../core/cpuid.ts'
import { type Place, placeKey, type Register } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { type Signature, signatureWord } from '../../core/model.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import type { Database } from '../../map/database.ts'
import { vendorWords } from '../dumps/linux-flags.ts'
import type { DistinctDump } from '../found.ts'

/** A register of which a source tells all bits, or those in `known`. */
export interface KnownWord {
  readonly place: Place
  readonly value: U32
  readonly known?: U32
}

const ALL = 0xffff_ffff

export const cpuidPlace = (leaf: U32, subleaf: U32, register: Register): Place => ({
  kind: 'cpuid',
  leaf,
  subleaf,
  register,
  indexed: true,
})

/** libvirt's names of the features that words of an x86 CPU show as present, and of those that they show as absent. */
export function featuresOfWords(words: Iterable<KnownWord>): { present: string[]; absent: string[] } {
  const byPlace = new Map<string, KnownWord>()
  for (const word of words) byPlace.set(placeKey(word.place), word)
  const present: string[] = []
  const absent: string[] = []
  for (const { name, place, bit } of CpuMap.builtIn().of('x86').features.list) {
    const word = byPlace.get(placeKey(place))
    if (!word || (((word.known ?? ALL) >>> bit) & 1) === 0) continue
    if ((word.value >>> bit) & 1) present.push(name)
    else absent.push(name)
  }
  return { present, absent }
}

/** Words of an x86 CPU of which only some are known, with what else the source says of it. */
export function dumpOfWords(
  words: readonly KnownWord[],
  { vendor = '', signature, ...more }: WordsOptions,
): DistinctDump {
  const own: KnownWord[] = []
  if (/^.{12}$/.test(vendor)) {
    const { ebx, ecx, edx } = vendorWords(vendor)
    const places = ['ebx', 'ecx', 'edx'] as const
    for (const [i, value] of [ebx, ecx, edx].entries())
      own.push({ place: cpuidPlace(0, 0, places[i] ?? 'ebx'), value })
  }
  if (signature) own.push({ place: cpuidPlace(1, 0, 'eax'), value: signatureWord(signature) })
  const all = [...own, ...words]
  return {
    cpus: ['0'],
    notes: [],
    ...more,
    data: Cpuid.ofWords(all.map(({ place, value }) => [place, value])),
    known: Cpuid.ofWords(all.map(({ place, known = ALL }) => [place, known])),
  }
}

interface WordsOptions extends Partial<DistinctDump> {
  /** Twelve characters; else it is unknown. */
  readonly vendor?: string | undefined
  readonly signature?: Signature | undefined
}

/** The features of which a dump tells: where it says which bits are known, those. */
export function coverageOfWords(db: Database, known: Cpuid): FeatureSet {
  const words = new Map<string, U32>()
  for (const [place, mask] of known.words()) words.set(placeKey(place), mask)
  const told = db.features.list.filter(({ place, bit }) => ((words.get(placeKey(place)) ?? 0) >>> bit) & 1)
  return db.features.setOf(told)
}
