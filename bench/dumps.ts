import { Cpuid, type CpuidRegisters, rowOf } from '../src/core/cpuid.ts'
import { signatureWord } from '../src/core/model.ts'
import type { Database } from '../src/map/database.ts'

const MODELS = [
  'Skylake-Server-IBRS',
  'Cascadelake-Server',
  'Icelake-Server',
  'SapphireRapids',
  'EPYC-Rome',
  'EPYC-Genoa',
]

/** What CPUs of today would answer: the words of some models and the leaves around them that carry no feature. */
export function dumpRows(db: Database): Cpuid[] {
  return MODELS.flatMap(name => {
    const model = db.model(name)
    const [signature] = model?.signatures ?? []
    if (!model || !signature) return []
    const features = Cpuid.ofWords(
      db.features.words.map((place, i) => [place, model.features.words[i] ?? 0] as const),
    )
    const rows = [
      rowOf(0, 0, vendorWords(model.vendor?.id ?? '')),
      rowOf(1, 0, { eax: signatureWord({ stepping: 4, ...signature }) }),
      ...range(0, 0x1f).map(leaf => rowOf(leaf, 0, {})),
      ...range(1, 11).map(subleaf => rowOf(0xd, subleaf, {})),
      ...range(0x8000_0000, 0x8000_0021).map(leaf => rowOf(leaf, 0, {})),
    ]
    return [Cpuid.of([...rows, ...features.rows()], features.msrs()).merged()]
  })
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** EBX, EDX, ECX: four letters each. */
function vendorWords(id: string): Partial<CpuidRegisters> {
  const word = (from: number) =>
    [3, 2, 1, 0].reduce((value, i) => value * 256 + (id.charCodeAt(from + i) || 0), 0)
  return { ebx: word(0), edx: word(4), ecx: word(8) }
}
