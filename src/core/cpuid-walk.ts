import { bit, bits, type U32 } from './bits.ts'
import { Cpuid, type CpuidRegisters, type CpuidRow, rowOf } from './cpuid.ts'
import type { Register } from './feature.ts'

/** Executes CPUID once. Where the answer comes from is not our business. */
export type Query = (leaf: U32, subleaf: U32) => CpuidRegisters

/**
 * Every leaf and subleaf that a CPU admits to having, in order: those that libvirt reads, and those beyond that
 * carry features of newer maps or describe the machine. A CPU that says nonsense costs a bounded time.
 * @see SDM 2A and APM 3, CPUID
 */
export function walkLeaves(query: Query): Cpuid {
  return Cpuid.of([...bases(query)].flatMap(base => walkRange(query, base)))
}

function walkRange(query: Query, base: U32): CpuidRow[] {
  const maximum = query(base, 0).eax
  // A range that is not there answers as another leaf does, or with zeros.
  if (maximum < base || maximum > base + 0xffff) return []
  const last = Math.min(maximum, base + MOST_LEAVES - 1)
  const rows: CpuidRow[] = []
  for (let leaf = base; leaf <= last; leaf++) rows.push(...subleaves(query, leaf))
  return rows
}

/** No range has had more than a quarter of this. */
const MOST_LEAVES = 0x100
const MOST_SUBLEAVES = 0x40

/** Where ranges of leaves begin: the basic one, a hypervisor's, the extended one, and VIA's and Zhaoxin's. */
function* bases(query: Query): Iterable<U32> {
  yield 0
  if (bit(query(1, 0).ecx, 31)) yield HYPERVISOR
  yield 0x8000_0000
  yield 0xc000_0000
}

const HYPERVISOR = 0x4000_0000

/** The subleaves of a leaf that are there to be read: a row each. */
function subleaves(query: Query, leaf: U32): CpuidRow[] {
  const rule = RULES.get(leaf)
  if (!rule) return [rowOf(leaf, 0, query(leaf, 0))]
  const ask: Ask = subleaf => query(leaf, subleaf)
  return [...rule(ask, query)].map(subleaf => rowOf(leaf, subleaf, query(leaf, subleaf)))
}

type Ask = (subleaf: U32) => CpuidRegisters
type Rule = (ask: Ask, query: Query) => Iterable<U32>

/** 0 to what EAX of subleaf 0 says. */
const upToEax: Rule = ask => range(0, ask(0).eax)

/** A subleaf for each cache; the one that says that there are no more is read too. */
const untilNoCache: Rule = function* (ask) {
  for (let n = 0; n < MOST_SUBLEAVES; n++) {
    yield n
    if (bits(ask(n).eax, 0, 5) === 0) return
  }
}

/** Levels of the topology; none where the leaf is not used. */
const levels: Rule = function* (ask) {
  for (let n = 0; n < MOST_SUBLEAVES && bits(ask(n).ecx, 8, 8) !== 0; n++) yield n
}

/** Subleaf 0, and those whose bit is set in a register of it. */
function* inMask(ask: Ask, register: Register): Iterable<U32> {
  yield 0
  for (const n of range(1, 31)) if (bit(ask(0)[register], n)) yield n
}

/** Components of the extended state: of XCR0, and of IA32_XSS. */
const stateComponents: Rule = function* (ask) {
  yield* [0, 1]
  const { eax: low, edx: high } = ask(0)
  const { ecx: lowSupervisor, edx: highSupervisor } = ask(1)
  for (const n of range(2, 31)) if (bit(low | lowSupervisor, n)) yield n
  for (const n of range(32, 63)) if (bit(high | highSupervisor, n - 32)) yield n
}

/** Only where leaf 7 has SGX: its two subleaves, then sections of memory until one is not there. */
const enclaves: Rule = function* (ask, query) {
  if (!bit(query(7, 0).ebx, 2)) return
  yield* [0, 1]
  for (let n = 2; n < MOST_SUBLEAVES && bits(ask(n).eax, 0, 4) !== 0; n++) yield n
}

/** Vendors of systems on a chip begin with the third subleaf. */
const vendorAttributes: Rule = ask => (ask(0).eax >= 3 ? range(0, ask(0).eax) : [])

/** Subleaf 1 has features, whether or not subleaf 0 says that it is there. */
const matrixMultiply: Rule = ask => range(0, Math.max(1, ask(0).eax))

const RULES: ReadonlyMap<U32, Rule> = new Map<U32, Rule>([
  [4, untilNoCache],
  [7, upToEax],
  [0xb, levels],
  [0xd, stateComponents],
  [0xf, ask => inMask(ask, 'edx')],
  [0x10, ask => inMask(ask, 'ebx')],
  [0x12, enclaves],
  [0x14, upToEax],
  [0x17, vendorAttributes],
  [0x18, upToEax],
  [0x1d, upToEax],
  [0x1e, matrixMultiply],
  [0x1f, levels],
  [0x20, upToEax],
  [0x24, upToEax],
  [0x8000_001d, untilNoCache],
  [0x8000_0020, ask => inMask(ask, 'ebx')],
  [0x8000_0026, levels],
])

function* range(from: U32, to: U32): Iterable<U32> {
  for (let n = from; n <= to && n < MOST_SUBLEAVES; n++) yield n
}
