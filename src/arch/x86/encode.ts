import type { Cpu, Policy } from '../../core/cpu.ts'
import type { CpuidData, CpuidRow, MsrRow } from '../../core/cpuid-data.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { placeKey } from '../../core/place.ts'
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
    vendor: { leaves: vendorLeaf(db, cpu.vendor), msrs: [] },
  }
}

function vendorLeaf(db: Database, name: string | undefined): CpuidRow[] {
  if (name === undefined) return []
  const word = tablesOf(db).vendors.find(({ vendor }) => vendor.name === name)
  if (!word) throw new LibvirtError('op-failed', `CPU vendor ${name} not found`)
  return [[0, 0, 0, word.ebx, word.ecx, word.edx]]
}

/** The words in which these features are set and nothing else is; rows that would be all zero are left out. */
export function wordsOf(db: Database, features: FeatureSet): CpuidData {
  const at = new Map(db.features.words.map((place, i) => [placeKey(place), features.words[i] ?? 0]))
  const leaves = new Map<string, CpuidRow>()
  const msrs = new Map<number, MsrRow>()
  for (const place of db.features.words) {
    if (!at.get(placeKey(place))) continue
    if (place.kind === 'msr') {
      const half = (which: 'low' | 'high') => at.get(placeKey({ ...place, half: which })) ?? 0
      msrs.set(place.index, [place.index, half('low'), half('high')])
    } else if (place.kind === 'cpuid') {
      const { leaf, subleaf } = place
      const word = (register: typeof place.register) => at.get(placeKey({ ...place, register })) ?? 0
      const row = [leaf, subleaf, word('eax'), word('ebx'), word('ecx'), word('edx')] as const
      leaves.set(`${leaf}.${subleaf}`, row)
    }
  }
  return { leaves: [...leaves.values()], msrs: [...msrs.values()] }
}
