import { bitMask, bits, type U32 } from '../../core/bits.ts'
import type { CpuidRegisters } from '../../core/cpuid.ts'
import { type Place, placeKey, type Register } from '../../core/feature.ts'
import { signatureWord } from '../../core/model.ts'
import { builtinQemuModels } from '../../map/qemu-models.ts'
import {
  dropDetails,
  FEATURES,
  isUntil,
  type ResolvedModel,
  WITH_DETAILS,
  type WordsRequest,
} from './wanted-features.ts'

/** Parts of the extended state: what brings them, their size, and where they are in the standard form. @see SDM 1, 13.5 */
const STATE: readonly (readonly [component: number, feature: string, size: U32, offset: U32])[] = [
  [2, 'avx', 0x100, 0x240],
  [3, 'mpx', 0x40, 0x3c0],
  [4, 'mpx', 0x40, 0x400],
  [5, 'avx512f', 0x40, 0x440],
  [6, 'avx512f', 0x200, 0x480],
  [7, 'avx512f', 0x400, 0x680],
  [9, 'pku', 8, 0xa80],
  [17, 'amx-tile', 0x40, 0xac0],
  [18, 'amx-tile', 0x2000, 0xb00],
  [19, 'apxf', 0x80, 0x3c0],
]

/** The legacy region and the header of the extended state. */
const STATE_BASE = 0x240

const [AMD, HYGON, INTEL] = ['AuthenticAMD', 'HygonGenuine', 'GenuineIntel']
/** The bits of leaf 1 EDX that AMD repeats in leaf 80000001H EDX. @see APM 3, CPUID Fn8000_0001 EDX */
const REPEATED = 0x0183_f3ff
const SYSCALL = bitMask(11)

const bitsFor = (count: number): number => Math.ceil(Math.log2(count))
const idsFor = (count: number): number => 2 ** bitsFor(count)

/** The level of a cache, of EAX of its leaf. */
const levelOf = (eax: U32): number => bits(eax, 5, 3)

/** Four characters of a text as a register has them; zero behind its end. */
const wordIn = (text: string, at: number): U32 =>
  [3, 2, 1, 0].reduce((word, i) => word * 0x100 + (text.charCodeAt(at + i) || 0), 0)

/** A guest's first CPU, as CPUID and MSRs describe it. */
export class GuestRegisters {
  readonly #request: WordsRequest
  readonly #model: ResolvedModel
  /** Also what was refused: QEMU counts it in the highest leaves. */
  readonly #asked: ReadonlySet<string>
  readonly #wanted: ReadonlySet<string>
  readonly #words = new Map<string, U32>()
  readonly #basic: U32
  readonly #extended: U32

  constructor(
    request: WordsRequest,
    model: ResolvedModel,
    wanted: ReadonlySet<string>,
    refused: ReadonlySet<string>,
  ) {
    this.#request = request
    this.#model = model
    this.#asked = wanted
    const given = new Set([...wanted].filter(name => !refused.has(name)))
    for (const of of WITH_DETAILS) if (!given.has(of)) dropDetails(given, of)
    this.#wanted = given
    for (const name of this.#wanted) this.#add(name)
    const leaves = [...wanted].flatMap(leavesNeededBy)
    const { basic, extended } = model.facts.leaves
    const more = this.#dies > 1 && this.#is(INTEL) ? [0x1f] : []
    this.#basic = Math.max(basic, ...more, ...leaves.filter(leaf => leaf < 0x4000_0000))
    this.#extended = Math.max(extended, ...leaves.filter(leaf => leaf >= 0x8000_0000 && leaf < 0xc000_0000))
  }

  word(place: Place): U32 {
    return this.#words.get(placeKey(place)) ?? 0
  }

  registers(leaf: U32, subleaf: U32): CpuidRegisters {
    const word = (register: Register) => this.word({ kind: 'cpuid', leaf, subleaf, register, indexed: true })
    const features = { eax: word('eax'), ebx: word('ebx'), ecx: word('ecx'), edx: word('edx') }
    return { ...features, ...this.#special(leaf, subleaf, features) }
  }

  #add(name: string): void {
    const feature = FEATURES().get(name)
    if (!feature || (feature.place.kind === 'cpuid' && feature.place.leaf === 0xd && !this.#has('xsave')))
      return
    const key = placeKey(feature.place)
    this.#words.set(key, ((this.#words.get(key) ?? 0) | bitMask(feature.bit)) >>> 0)
  }

  readonly #has = (name: string): boolean => this.#wanted.has(name)
  readonly #is = (...vendors: readonly string[]): boolean => vendors.includes(this.#model.vendorId)

  get #dies(): number {
    return this.#request.cpu.topology?.dies ?? 1
  }

  get #threads(): number {
    return this.#request.cpu.topology?.threads ?? 1
  }

  /** How many logical CPUs a package has. */
  get #package(): number {
    const { cores = 1 } = this.#request.cpu.topology ?? {}
    return this.#dies * cores * this.#threads
  }

  #special(leaf: U32, subleaf: U32, features: CpuidRegisters): Partial<CpuidRegisters> {
    const rule = RULES.get(leaf)
    return rule ? this[rule](subleaf, features, leaf) : {}
  }

  vendor(_: U32, __: CpuidRegisters, leaf: U32): Partial<CpuidRegisters> {
    const eax = leaf === 0 ? this.#basic : this.#extended
    const id = this.#model.vendorId
    return eax === 0 ? {} : { eax, ebx: wordIn(id, 0), ecx: wordIn(id, 8), edx: wordIn(id, 4) }
  }

  identity(_: U32, { ecx, edx }: CpuidRegisters): Partial<CpuidRegisters> {
    const count = this.#package
    const shared = count > 1 ? { ebx: 0x800 | (count << 16), edx: (edx | bitMask(28)) >>> 0 } : { ebx: 0x800 }
    return { eax: signatureWord(this.#model.facts.signature), ecx, ...shared }
  }

  cache(subleaf: U32, _: CpuidRegisters, leaf: U32): Partial<CpuidRegisters> {
    const { cpu, machine } = this.#request
    const isHidden = this.#is(AMD) && !isUntil(machine, '6.0')
    const row = isHidden ? undefined : builtinQemuModels().cache(this.#model.facts.name, leaf, subleaf)
    if (!row) return {}
    const isOff = cpu.cache?.mode === 'disable'
    if (leaf === 2) return isOff ? { ...row, ecx: row.ecx & ~0xff } : row
    if (isOff && levelOf(row.eax) === 3) return {}
    return { ...row, eax: this.#sharing(row.eax) | ((idsFor(this.#package / this.#threads) - 1) << 26) }
  }

  amdCache(subleaf: U32, _: CpuidRegisters, leaf: U32): Partial<CpuidRegisters> {
    const { machine } = this.#request
    const models = builtinQemuModels()
    const row = models.cache(this.#model.facts.name, leaf, subleaf)
    if (!row) return {}
    // Up to that machine type the flag of an indexing by all bits was as in leaf 4.
    const flags = isUntil(machine, '9.0') ? (models.cache(this.#model.facts.name, 4, subleaf)?.edx ?? 0) : 0
    return { ...row, eax: this.#sharing(row.eax), edx: row.edx | (flags & 4) }
  }

  /** Caches of the third level are a die's, the others a core's. */
  #sharing(eax: U32): U32 {
    const count = levelOf(eax) === 3 ? this.#package / this.#dies : this.#threads
    return eax | ((idsFor(count) - 1) << 14)
  }

  oldCache(_: U32, __: CpuidRegisters, leaf: U32): Partial<CpuidRegisters> {
    const row = builtinQemuModels().cache(this.#model.facts.name, leaf, 0)
    if (!row) return {}
    return leaf === 0x8000_0006 && this.#request.cpu.cache?.mode === 'disable' ? { ...row, edx: 0 } : row
  }

  monitorLines(): Partial<CpuidRegisters> {
    return { ecx: 3 }
  }

  structured(subleaf: U32): Partial<CpuidRegisters> {
    const subleaves = [...this.#asked].flatMap(name => {
      const { place } = FEATURES().get(name) ?? {}
      return place?.kind === 'cpuid' && place.leaf === 7 ? [place.subleaf] : []
    })
    return subleaf === 0 ? { eax: Math.max(0, ...subleaves) } : {}
  }

  levels(subleaf: U32, _: CpuidRegisters, leaf: U32): Partial<CpuidRegisters> {
    const [threads, count, dies] = [this.#threads, this.#package, this.#dies]
    if (leaf === 0x1f && dies === 1) return {}
    const all: readonly (readonly [shift: number, count: number, kind: number])[] = [
      [bitsFor(threads), threads, 0x100],
      ...(leaf === 0x1f
        ? ([
            [bitsFor(count / dies), count / dies, 0x201],
            [bitsFor(count), count, 0x502],
          ] as const)
        : [[bitsFor(count), count, 0x201] as const]),
    ]
    const [eax, ebx, ecx] = all[subleaf] ?? [0, 0, subleaf]
    return { eax, ebx, ecx }
  }

  state(subleaf: U32, { eax }: CpuidRegisters): Partial<CpuidRegisters> {
    if (!this.#has('xsave')) return {}
    const parts = STATE.filter(([, feature]) => this.#has(feature))
    const ends = parts.map(([, , size, offset]) => size + offset)
    if (subleaf === 0) {
      const mask = parts.reduce((word, [component]) => word | bitMask(component), 3) >>> 0
      return { eax: mask, ebx: STATE_BASE, ecx: Math.max(STATE_BASE, ...ends) }
    }
    if (subleaf === 1) return { eax, ebx: parts.reduce((size, [, , more]) => size + more, STATE_BASE) }
    const [, , size = 0, offset = 0] = parts.find(([component]) => component === subleaf) ?? []
    return { eax: size, ebx: offset }
  }

  emulator(): Partial<CpuidRegisters> {
    if (isUntil(this.#request.machine, '2.8')) return {}
    return { eax: 0x4000_0001, ebx: wordIn('TCGT', 0), ecx: wordIn('CGTC', 0), edx: wordIn('GTCG', 0) }
  }

  extendedIdentity(_: U32, { ecx, edx }: CpuidRegisters): Partial<CpuidRegisters> {
    const isShared = this.#package > 1 && this.#is(AMD, HYGON)
    const low = this.#is(AMD) ? this.registers(1, 0).edx & REPEATED : 0
    // Intel's CPUs, and QEMU, have SYSCALL only in 64-bit mode, in which a guest without a system is not.
    const hidden = this.#is(INTEL) && this.#request.accelerator === 'tcg' ? SYSCALL : 0
    return {
      eax: signatureWord(this.#model.facts.signature),
      ecx: isShared ? ecx | bitMask(1) : ecx,
      edx: ((edx | low) & ~hidden) >>> 0,
    }
  }

  brand(_: U32, __: CpuidRegisters, leaf: U32): Partial<CpuidRegisters> {
    const word = (n: number) => wordIn(this.#model.facts.brand, 16 * (leaf - 0x8000_0002) + 4 * n)
    return { eax: word(0), ebx: word(1), ecx: word(2), edx: word(3) }
  }

  addresses(): Partial<CpuidRegisters> {
    const { maxphysaddr } = this.#request.cpu
    const count = this.#package
    const ecx = count > 1 ? (bitsFor(count) << 12) | (count - 1) : 0
    if (!this.#has('lm')) return { eax: this.#has('pse36') || this.#has('pae') ? 36 : 32, ecx }
    const linear = this.#has('la57') ? 57 : 48
    return { eax: (linear << 8) | (maxphysaddr?.bits ?? 40), ecx }
  }

  secureVirtualMachine(): Partial<CpuidRegisters> {
    return this.#has('svm') ? { eax: 1, ebx: 0x10 } : {}
  }

  amdTopology(): Partial<CpuidRegisters> {
    return { ebx: (this.#threads - 1) << 8 }
  }

  /** There is such a range where a feature of it is asked for. */
  centaur(_: U32, __: CpuidRegisters, leaf: U32): Partial<CpuidRegisters> {
    if (![...this.#asked].flatMap(leavesNeededBy).includes(0xc000_0001)) return {}
    return { eax: leaf === 0xc000_0000 ? 0xc000_0001 : signatureWord(this.#model.facts.signature) }
  }
}

type Rule = keyof {
  [Key in keyof GuestRegisters as GuestRegisters[Key] extends (
    subleaf: U32,
    features: CpuidRegisters,
    leaf: U32,
  ) => Partial<CpuidRegisters>
    ? Key
    : never]: 0
}

/** What a leaf holds besides features. @see SDM 2A and APM 3, CPUID */
const RULES: ReadonlyMap<U32, Rule> = new Map<U32, Rule>([
  [0, 'vendor'],
  [1, 'identity'],
  [2, 'cache'],
  [4, 'cache'],
  [5, 'monitorLines'],
  [7, 'structured'],
  [0xb, 'levels'],
  [0xd, 'state'],
  [0x1f, 'levels'],
  [0x4000_0000, 'emulator'],
  [0x8000_0000, 'vendor'],
  [0x8000_0001, 'extendedIdentity'],
  [0x8000_0002, 'brand'],
  [0x8000_0003, 'brand'],
  [0x8000_0004, 'brand'],
  [0x8000_0005, 'oldCache'],
  [0x8000_0006, 'oldCache'],
  [0x8000_0008, 'addresses'],
  [0x8000_000a, 'secureVirtualMachine'],
  [0x8000_001d, 'amdCache'],
  [0x8000_001e, 'amdTopology'],
  [0xc000_0000, 'centaur'],
  [0xc000_0001, 'centaur'],
])

/** Features for which QEMU has a CPU reach other leaves than the one that they stand in. */
const REACHED_FOR: ReadonlyMap<string, U32[]> = new Map([
  ['svm', [0x8000_000a]],
  ['intel-pt', [7, 0x14]],
  ['sgx', [7, 0x12]],
  ['perfmon-v2', []],
])

/** The leaves that QEMU has a CPU reach for a feature: its own, but for leaf 7 EDX, and those of its details. */
function leavesNeededBy(name: string): U32[] {
  const { place } = FEATURES().get(name) ?? {}
  const reached = REACHED_FOR.get(name)
  if (reached !== undefined) return reached
  if (place?.kind !== 'cpuid' || place.leaf === 1) return []
  return place.leaf === 7 && place.subleaf === 0 && place.register === 'edx' ? [] : [place.leaf]
}
