import * as v from 'valibot'
import { updateRunningCpu } from '../../arch/operations.ts'
import type { Cpu } from '../../core/cpu.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import type { Context } from '../context.ts'
import { readCpu, readData } from '../input/read.ts'
import { cpudata } from '../input/schemas.ts'
import { question } from '../question.ts'
import { text, XmlAnswer } from '../schema.ts'

/** The definition of a running guest, corrected by what its hypervisor gave and refused. @throws LibvirtError */
export const answerUpdateLive = ({ map }: Context, guest: Cpu, enabled: Cpuid, disabled: Cpuid): Cpu =>
  updateRunningCpu(map, 'x86_64', guest, enabled, disabled)

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
    return {
      answer: { xml: printCpu(answerUpdateLive(context, cpu, readData(enabled), readData(disabled))) },
    }
  },
})
