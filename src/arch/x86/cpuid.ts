import type { U32 } from '../../core/bits.ts'
import type { Cpu, Policy } from '../../core/cpu.ts'
import { Cpuid, type CpuidRegisters, rowOf } from '../../core/cpuid.ts'
import { type Place, placeKey } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { oncePer } from '../../core/memo.ts'
import { signatureOf, type Vendor } from '../../core/model.ts'
import type { Database } from '../../map/database.ts'
import type { CpuBits, CpuSizes, Encoded } from '../driver.ts'
import { featuresWith } from './definition.ts'
import { tablesOf, type VendorWord } from './tables.ts'

/** The bits of EAX of leaf 1 that count: family, model, stepping; processor type and reserved bits do not. */
const SIGNATURE_MASK = 0x0fff_3fff

/**
 * The features, vendor and signature in CPUID and MSR words. Rows with one key are ORed.
 * Words and bits that no feature of the database uses are passed over.
 */
export function readCpuid(db: Database, data: Cpuid): CpuBits {
  const tables = tablesOf(db)
  const { leaves, msrs } = tables
  const words = db.features.blank()
  let eax1: U32 = 0
  for (const row of data.rows()) {
    if (row[0] === 1 && row[1] === 0) eax1 |= row[2]
    const targets = leaves.get(row[0], row[1])?.words
    if (!targets) continue
    or(words, targets[0], row[2])
    or(words, targets[1], row[3])
    or(words, targets[2], row[4])
    or(words, targets[3], row[5])
  }
  for (const [index, low, high] of data.msrs()) {
    const targets = msrs.get(index)
    if (!targets) continue
    or(words, targets.low, low)
    or(words, targets.high, high)
  }
  const signature = eax1 & SIGNATURE_MASK
  return {
    features: FeatureSet.over(words).meet(db.features.all),
    vendor: vendorOf(tables.vendors, data),
    signature: signature === 0 ? undefined : signatureOf(signature),
  }
}

function or(words: Uint32Array, word: number, value: U32): void {
  if (word >= 0) words[word] = (words[word] ?? 0) | value
}

/** The first vendor of the database all of whose bits are set: masked, not equal, as libvirt looks. */
function vendorOf(vendors: readonly VendorWord[], data: Cpuid): Vendor | undefined {
  const { ebx, ecx, edx } = data.registers(0, 0)
  return vendors.find(v => !(v.ebx & ~ebx) && !(v.ecx & ~ecx) && !(v.edx & ~edx))?.vendor
}

/** libvirt reads no other MSR of a host. */
const HOST_MSRS: readonly U32[] = [0xcf, 0x10a]

/**
 * The features that a dump can tell of: those of the leaves that it has, those of leaves above the highest, which are
 * zero, and those of the MSRs that it has. Without a dump: what libvirt's definition of a host can tell of.
 */
export function findCoverage(db: Database, data?: Cpuid): FeatureSet {
  const made = COVERAGES(db)
  const isTold = data ? toldBy(data) : isToldByDefinition
  const key = data ? db.features.words.map(place => (isTold(place) ? '1' : '0')).join('') : 'definition'
  const found = made.get(key) ?? db.features.setOf(db.features.list.filter(({ place }) => isTold(place)))
  made.set(key, found)
  return found
}

const isToldByDefinition = (place: Place): boolean => place.kind !== 'msr' || HOST_MSRS.includes(place.index)

/** Whether a dump tells of a word. */
function toldBy(data: Cpuid): (place: Place) => boolean {
  const keys = new Set(data.rows().map(([leaf, subleaf]) => `${leaf}.${subleaf}`))
  const msrs = new Set(data.msrs().map(([index]) => index))
  const has = (leaf: U32, subleaf: U32) => keys.has(`${leaf}.${subleaf}`)
  return place => {
    if (place.kind === 'msr') return msrs.has(place.index)
    if (place.kind !== 'cpuid' || has(place.leaf, place.subleaf)) return true
    const base = (place.leaf & 0xffff_0000) >>> 0
    if (has(base, 0) && place.leaf > data.word(base, 0, 'eax')) return true
    // Subleaf 0 of leaf 7 tells the highest of its subleaves.
    return place.leaf === 7 && has(7, 0) && place.subleaf > data.word(7, 0, 'eax')
  }
}

/** One object for hosts that tell of the same words. */
const COVERAGES = oncePer((_: Database) => new Map<string, FeatureSet>())

/** Whether any bit is set that belongs to no feature of the database. */
export function hasOtherBits(db: Database, data: Cpuid): boolean {
  const known = new Map(db.features.words.map((place, i) => [placeKey(place), db.features.all.words[i] ?? 0]))
  for (const [place, word] of data.words()) if (word & ~(known.get(placeKey(place)) ?? 0)) return true
  return false
}

/**
 * The sizes that CPUID reports: leaf 80000008H EAX[7:0], leaf 1 EBX[15:8] in 8 bytes, leaf 0DH.0 ECX, and of leaf
 * 15H ECX × EBX / EAX. A leaf that is missing or zero reports nothing.
 * Source: Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E.
 */
export function hardwareAxesOf(cpuid: Cpuid): CpuSizes {
  return {
    physBits: cpuid.field(0x8000_0008, 0, 'eax', 0, 8) || undefined,
    lineSize: cpuid.field(1, 0, 'ebx', 8, 8) * 8 || undefined,
    xsaveSize: cpuid.word(0xd, 0, 'ecx') || undefined,
    tscHz: rateOf(cpuid.registers(0x15, 0)),
  }
}

function rateOf({ eax: denominator, ebx: numerator, ecx: crystal }: CpuidRegisters): bigint | undefined {
  if (!denominator || !numerator || !crystal) return undefined
  return (BigInt(crystal) * BigInt(numerator)) / BigInt(denominator)
}

/**
 * What a definition asks for as CPUID and MSR words: the reverse of reading them. The model's features count as
 * required; a definition without vendor asks for none.
 * @throws LibvirtError for a definition without model, and for unknown names
 */
export function encodeDefinition(db: Database, cpu: Cpu): Encoded {
  if (cpu.model === undefined) throw new LibvirtError('invalid-arg', 'no guest CPU model specified')
  const wordsWith = (policy: Policy) => wordsOf(db, featuresWith(db, cpu, policy))
  return {
    force: wordsWith('force'),
    require: wordsWith('require'),
    optional: wordsWith('optional'),
    disable: wordsWith('disable'),
    forbid: wordsWith('forbid'),
    vendor: vendorLeaf(db, cpu.vendor),
  }
}

function vendorLeaf(db: Database, name: string | undefined): Cpuid {
  if (name === undefined) return Cpuid.empty
  const word = tablesOf(db).vendors.find(({ vendor }) => vendor.name === name)
  if (!word) throw new LibvirtError('op-failed', `CPU vendor ${name} not found`)
  return Cpuid.of([rowOf(0, 0, word)])
}

/** The words in which these features are set and nothing else is; rows that would be all zero are left out. */
export const wordsOf = (db: Database, features: FeatureSet): Cpuid =>
  Cpuid.ofWords(
    db.features.words
      .map((place, i) => [place, features.words[i] ?? 0] as const)
      .filter(([, word]) => word !== 0),
  )
