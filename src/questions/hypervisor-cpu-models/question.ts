import * as v from 'valibot'
import { readHypervisorSupport } from '../../qemu/allowance.ts'
import { checkDomainType } from '../../qemu/choice.ts'
import { readReplies, requestedHypervisor } from '../input/recorded-hypervisor.ts'
import { modelsInput } from '../input/schemas.ts'
import { question } from '../question.ts'
import { HypervisorModel } from './answer.ts'
import { hypervisorModels } from './compute.ts'

export const hypervisorCpuModelsQuestion = question({
  name: 'hypervisor-cpu-models',
  summary: 'List the models that a QEMU can give guests on its host, and what blocks the others',
  input: modelsInput,
  answer: v.strictObject({ models: v.array(HypervisorModel) }),
  run(context, { replies, all = false, ...use }) {
    const { capabilities, choice } = requestedHypervisor(readReplies(replies), use)
    checkDomainType(capabilities, choice)
    const given = capabilities.accelerators.get(choice.accelerator)
    const allowance = given && readHypervisorSupport(given)
    const models = allowance ? hypervisorModels(context, allowance, choice.arch) : []
    return { answer: { models: all ? models : models.filter(({ usable }) => usable === 'yes') } }
  },
})
