import { MODEL_ARCHES } from '../../questions/context.ts'
import { nameQuestion } from '../../questions/name/question.ts'
import { treeQuestion } from '../../questions/tree/question.ts'
import { ownCommand } from '../own.ts'

export const nameCommand = ownCommand({
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

export const treeCommand = ownCommand({
  question: treeQuestion,
  description:
    'Show how the CPU models descend from each other; with a model or family, its history: ' +
    'what each version adds and removes, when and why.',
  example: 'virt-cpu tree EPYC',
  fields: { model: { positional: 'one' }, arch: { words: MODEL_ARCHES } },
  status: ({ kind }) => (kind === 'unknown' ? 1 : 0),
})
