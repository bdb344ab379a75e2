import type { Dialect, Statement } from '../found.ts'

/** What `qemu-system-x86_64 -cpu help` prints: the emulator's models, and nothing of the host. */
export const qemuCpuHelp: Dialect = {
  name: 'qemu-cpu-help',
  title: 'qemu-system-x86_64 -cpu help',
  sniff: text =>
    /^(?:x86[ \t]+|[ \t]+)\S+[ \t]+\(alias (?:of \S+-v\d+|configured by machine type)\)/m.test(text) ||
    /^x86[ \t]+qemu64\b/m.test(text) ||
    (/^Available CPUs:/m.test(text) && /^Recognized CPUID flags:/m.test(text)),
  read: text => {
    const models = [...text.matchAll(/^(?:x86[ \t]+|[ \t]+)\[?([\w+.-]+)\]?(?:[ \t]{2,}|[ \t]*\r?$)/gm)]
    const list = text.split(/^Recognized CPUID flags:/m)[0] ?? ''
    const emulatorModels = models.filter(({ index }) => index < list.length).map(([, name = '']) => name)
    return emulatorModels.length > 0 ? [{ ...EMULATOR, emulatorModels }] : []
  },
}

const EMULATOR: Statement = {
  kind: 'statement',
  layer: 'offered',
  arch: 'x86_64',
  vocabulary: 'qemu',
  present: [],
  complete: false,
  notes: ['`-cpu help` lists the models of the emulator: which of them the host can run it does not say'],
}
