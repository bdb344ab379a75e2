import { printCapabilities } from '../../qemu/print-capabilities.ts'
import { readReportedCpu } from '../input/read.ts'
import { question } from '../question.ts'
import { XmlAnswer } from '../schema.ts'
import { capabilitiesInput } from './input.ts'

export const capabilitiesQuestion = question({
  name: 'capabilities',
  summary:
    "Print a host and the guests it can run as libvirt's document, from the facts of `capabilities --json`",
  input: capabilitiesInput,
  answer: XmlAnswer,
  run(_context, { host: { cpu, node: _node, ...around }, guests = [] }) {
    const facts = { ...around, cpu: readReportedCpu(cpu, 'host.cpu') }
    return { answer: { xml: printCapabilities(facts, guests) } }
  },
})
