import { question } from '../question.ts'
import { XmlAnswer } from '../schema.ts'
import { askDomcapabilities } from './compute.ts'
import { domcapabilitiesInput } from './input.ts'

export const domcapabilitiesQuestion = question({
  name: 'domcapabilities',
  summary: 'List what a QEMU can give a guest on a host: CPUs, devices and features',
  input: domcapabilitiesInput,
  answer: XmlAnswer,
  run: askDomcapabilities,
})
