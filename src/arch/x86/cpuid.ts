import type { U32 } from '../../core/bits.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import type { Vendor } from '../../core/model.ts'
import { placeKey } from '../../core/place.ts'
import { signatureOf } from '../../core/signature.ts'
import type { Database } from '../../map/database.ts'
import type { CpuBits } from '../driver.ts'
import { tablesOf, type VendorWord } from './tables.ts'

/** The bits of EAX of leaf 1 that count: family, model, stepping; processor type and reserved bits do not. */
const SIGNATURE_MASK = 0x0fff_3fff

/**
 * The features, vendor and signature that CPUID and MSR words tell. Rows with one key are ORed.
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

/** Whether any bit is set that belongs to no feature of the database. */
export function hasOtherBits(db: Database, data: Cpuid): boolean {
  const known = new Map(db.features.words.map((place, i) => [placeKey(place), db.features.all.words[i] ?? 0]))
  for (const [place, word] of data.words()) if (word & ~(known.get(placeKey(place)) ?? 0)) return true
  return false
}
