import { CompareAnswer } from '../answer-parts.ts'
import {
  answerFromRecording,
  hypervisorCompare,
  readReplies,
  reportedCpu,
  requestedHypervisor,
} from '../input/hypervisor.ts'
import { readCpu } from '../input/read.ts'
import { compareInput } from '../input/schemas.ts'
import { question } from '../question.ts'

export const hypervisorCpuCompareQuestion = question({
  name: 'hypervisor-cpu-compare',
  summary: 'Check whether a QEMU can give guests a CPU on its host',
  input: compareInput,
  answer: CompareAnswer,
  run(context, { replies, cpu, ...use }) {
    const conversation = readReplies(replies)
    const hypervisor = requestedHypervisor(conversation, use)
    const reported = reportedCpu(context, hypervisor)
    const dialogue = hypervisorCompare(context, hypervisor, reported, readCpu(cpu, 'auto', 'cpu'))
    return { answer: answerFromRecording(dialogue, conversation) }
  },
})
