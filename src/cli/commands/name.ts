import { MODEL_ARCHES } from '../../questions/context.ts'
import { nameQuestion } from '../../questions/name/question.ts'
import { ownCommand } from '../own.ts'

export const command = ownCommand({
  question: nameQuestion,
  description:
    "Describe a feature: its place and meaning, every tool's name for it, and the models that have it. " +
    "Takes libvirt's name, any tool's, or a place such as CPUID.07H.0:EBX[5].",
  example: 'virt-cpu name avx512_vnni',
  fields: { name: { positional: 'many' }, arch: { words: MODEL_ARCHES } },
  each: 'name',
  status: ({ features }) => (features.length > 0 ? 0 : 1),
})
