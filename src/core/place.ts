import { hex, type U32 } from './bits.ts'

export type Register = 'eax' | 'ebx' | 'ecx' | 'edx'

/** In the order of the manuals and of rows. */
export const REGISTERS: readonly Register[] = ['eax', 'ebx', 'ecx', 'edx']

/** One 32-bit word that carries features: a register of a CPUID leaf, one half of an MSR, or part of a register that has a name. */
export type Place =
  | {
      readonly kind: 'cpuid'
      readonly leaf: U32
      readonly subleaf: U32
      readonly register: Register
      /** Whether the leaf takes a subleaf at all; decides only how the place is written. */
      readonly indexed: boolean
    }
  | { readonly kind: 'msr'; readonly index: U32; readonly half: 'low' | 'high' }
  | {
      readonly kind: 'named'
      /** As manuals call it: `ID_AA64PFR0_EL1`, `STFLE`. */
      readonly name: string
      /** The number that the word's lowest bit has in it. */
      readonly offset: number
    }

/** As the manuals write it: `CPUID.07H.0:EBX[5]`, `CPUID.01H:ECX[3]`, `MSR.10AH[33]` (bits 0 to 63), `STFLE[129]`. */
export function printPlace(place: Place, bitNumber: number): string {
  if (place.kind === 'named') return `${place.name}[${place.offset + bitNumber}]`
  const upper = (word: U32) => `${hex(word, 2).toUpperCase()}H`
  if (place.kind === 'msr')
    return `MSR.${upper(place.index)}[${bitNumber + (place.half === 'high' ? 32 : 0)}]`
  const leaf = place.indexed ? `${upper(place.leaf)}.${place.subleaf}` : upper(place.leaf)
  return `CPUID.${leaf}:${place.register.toUpperCase()}[${bitNumber}]`
}

/** Equal for equal words: whether the leaf is indexed does not count. */
export function placeKey(place: Place): string {
  if (place.kind === 'named') return `${place.name}.${place.offset}`
  return place.kind === 'msr'
    ? `msr.${hex(place.index, 1)}.${place.half}`
    : `${hex(place.leaf, 1)}.${place.subleaf}.${place.register}`
}
