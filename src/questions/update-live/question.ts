import * as v from 'valibot'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { readCpu, readData } from '../input/read.ts'
import { cpudata } from '../input/schemas.ts'
import { updateLive } from '../operations.ts'
import { question } from '../question.ts'
import { text, XmlAnswer } from '../schema.ts'

export const updateLiveQuestion = question({
  name: 'update-live',
  summary: "Correct a running guest's CPU by what its hypervisor gave and refused",
  input: v.strictObject({
    guest: text("The guest's <cpu>."),
    enabled: cpudata('What the hypervisor gave.'),
    disabled: cpudata('What the hypervisor refused.'),
  }),
  answer: XmlAnswer,
  run(context, { guest, enabled, disabled }) {
    const cpu = readCpu(guest, 'auto', 'guest')
    return { answer: { xml: printCpu(updateLive(context, cpu, readData(enabled), readData(disabled))) } }
  },
})
