import type { Cpu, Policy } from '../../core/cpu.ts'
import { Cpuid, rowOf } from '../../core/cpuid.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { Encoded } from '../driver.ts'
import { featuresWith } from './definition.ts'
import { tablesOf } from './tables.ts'

/**
 * What a definition asks for as CPUID and MSR words: the reverse of reading them. The model's features count as
 * required; a definition without vendor asks for none.
 * @throws LibvirtError for a definition without model, and for unknown names
 */
export function encode(db: Database, cpu: Cpu): Encoded {
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
