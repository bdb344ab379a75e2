import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import { parseCpuArgument } from '../../src/formats/platforms/qemu-command.ts'
import { predictWords } from '../../src/qemu/guest/predict-words.ts'
import type { Trial } from '../../src/questions/verify/answer.ts'

/** A trial in which a guest was seen on both sides. */
export type SeenTrial = Trial & Required<Pick<Trial, 'before' | 'after'>>

/** Returns a trial in which a guest sees exactly what is predicted, before its migration and after. */
export function trialOf(argument: string, more: Partial<SeenTrial> = {}): SeenTrial {
  const cpu = parseCpuArgument(argument)
  const base = { vcpus: 1, accelerator: 'tcg', machine: 'pc-q35-10.0', qemu: '10.0.2' } as const
  const { words } = predictWords({ cpu, ...base, qemu: '10.0' }) ?? {}
  const seen = { cpuid: [...(words?.rows() ?? [])], msr: [...(words?.msrs() ?? [])] }
  return {
    guest: 'web',
    cpu: printCpu(cpu),
    ...base,
    argument: `${argument},enforce=on`,
    from: 'this host',
    to: 'this host',
    before: { pass: 3, ...seen },
    last: 5,
    after: { pass: 6, ...seen },
    milliseconds: { total: 300 },
    ...more,
  }
}
