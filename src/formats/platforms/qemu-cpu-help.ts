import { ParseError } from '../../core/parse-error.ts'
import type { Dialect, Statement } from '../found.ts'

/** What `qemu-system-x86_64 -cpu help` prints: the emulator's models, and nothing of the host. */
export const qemuCpuHelp: Dialect = {
  name: 'qemu-cpu-help',
  title: 'qemu-system-x86_64 -cpu help',
  sniff: text =>
    /^(?:x86[ \t]+|[ \t]+)\S+[ \t]+\(alias (?:of \S+-v\d+|configured by machine type)\)/m.test(text) ||
    /^x86[ \t]+qemu64\b/m.test(text) ||
    (/^Available CPUs:/m.test(text) && /^Recognized CPUID flags:/m.test(text)) ||
    targetOf(text) !== undefined,
  read: (text, source) => {
    const target = targetOf(text)
    if (target !== undefined)
      throw new ParseError(
        `the models of qemu-system-${target}, and nothing of the host: \`virt-cpu cpu-models ${target}\` lists libvirt's`,
        source,
      )
    const models = [...text.matchAll(/^(?:x86[ \t]+|[ \t]+)\[?([\w+.-]+)\]?(?:[ \t]{2,}|[ \t]*\r?$)/gm)]
    const list = text.split(/^Recognized CPUID flags:/m)[0] ?? ''
    const emulatorModels = models.filter(({ index }) => index < list.length).map(([, name = '']) => name)
    return emulatorModels.length > 0 ? [{ ...EMULATOR, emulatorModels }] : []
  },
}

/** Models that only one other emulator has, in the form in which it lists them. */
const OTHERS: readonly (readonly [mark: RegExp, target: string])[] = [
  [/^[ \t]+(?:cortex-[am]\d+|neoverse-n1)[ \t]*\r?$/m, 'aarch64'],
  [/^PowerPC \S+[ \t]+(?:PVR [0-9a-f]{8}|\(alias )/m, 'ppc64'],
  [/^s390 \S+[ \t]+\(/m, 's390x'],
  [/^[ \t]+(?:rv64|sifive-u54|thead-c906)[ \t]*\r?$/m, 'riscv64'],
  [/^[ \t]*la464(?:-loongarch-cpu)?[ \t]*\r?$/m, 'loongarch64'],
]

const targetOf = (text: string): string | undefined => OTHERS.find(([mark]) => mark.test(text))?.[1]

const EMULATOR: Statement = {
  kind: 'statement',
  layer: 'offered',
  arch: 'x86_64',
  vocabulary: 'qemu',
  present: [],
  complete: false,
  notes: ['`-cpu help` lists the models of the emulator: which of them the host can run it does not say'],
}
