import { MODEL_ARCHES } from '../../questions/context.ts'
import { nameQuestion } from '../../questions/name/question.ts'
import { ownCommand } from '../own.ts'

export const command = ownCommand({
  question: nameQuestion,
  description:
    "Describe a feature: its place and meaning, every tool's name for it, and the models that have it. Takes the name " +
    'of any tool as it writes it (HW_CPU_X86_AVX2, cpuid.avx2), a place such as CPUID.07H.0:EBX[5] or 7.0.ebx.5, a ' +
    'whole register such as MSR.10AH, and a CPU model of any tool.',
  example: 'virt-cpu name avx512_vnni',
  fields: { name: { positional: 'many' }, arch: { words: MODEL_ARCHES } },
  each: 'name',
  status: ({ features, note }) => (features.length > 0 || note !== undefined ? 0 : 1),
})
