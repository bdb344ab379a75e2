import type { CpuidData, CpuidRow, MsrRow } from '../src/core/cpuid-data.ts'
import type { Register } from '../src/core/place.ts'
import { signatureWord } from '../src/core/signature.ts'
import type { Database } from '../src/map/database.ts'

const MODELS = [
  'Skylake-Server-IBRS',
  'Cascadelake-Server',
  'Icelake-Server',
  'SapphireRapids',
  'EPYC-Rome',
  'EPYC-Genoa',
]
const REGISTERS: readonly Register[] = ['eax', 'ebx', 'ecx', 'edx']

/** What CPUs of today would answer: the words of some models and the leaves around them that carry no feature. */
export function dumpRows(db: Database): CpuidData[] {
  return MODELS.flatMap(name => {
    const model = db.model(name)
    const [signature] = model?.signatures ?? []
    if (!model || !signature) return []
    const rows = new Map<string, [number, number, number, number, number, number]>()
    const rowOf = (leaf: number, subleaf: number) => {
      const row = rows.get(`${leaf}.${subleaf}`) ?? [leaf, subleaf, 0, 0, 0, 0]
      rows.set(`${leaf}.${subleaf}`, row)
      return row
    }
    for (let leaf = 0; leaf <= 0x1f; leaf++) rowOf(leaf, 0)
    for (let sub = 1; sub < 12; sub++) rowOf(0xd, sub)
    for (let leaf = 0; leaf <= 0x21; leaf++) rowOf(0x8000_0000 + leaf, 0)
    const msrs = new Map<number, [number, number, number]>()
    db.features.words.forEach((place, i) => {
      const word = model.features.words[i] ?? 0
      if (place.kind === 'cpuid')
        rowOf(place.leaf, place.subleaf)[2 + REGISTERS.indexOf(place.register)] = word
      else if (place.kind === 'msr') {
        const row = msrs.get(place.index) ?? [place.index, 0, 0]
        row[place.half === 'low' ? 1 : 2] = word
        msrs.set(place.index, row)
      }
    })
    rowOf(1, 0)[2] = signatureWord({ stepping: 4, ...signature })
    spellVendor(rowOf(0, 0), model.vendor?.id ?? '')
    const leaves: CpuidRow[] = [...rows.values()]
    const list: MsrRow[] = [...msrs.values()]
    return [{ leaves, msrs: list }]
  })
}

/** EBX, EDX, ECX: four letters each. */
function spellVendor(row: [number, number, number, number, number, number], id: string): void {
  const word = (from: number) =>
    [3, 2, 1, 0].reduce((value, i) => value * 256 + (id.charCodeAt(from + i) || 0), 0)
  row[3] = word(0)
  row[5] = word(4)
  row[4] = word(8)
}
