import { loadYamlFor } from '../../formats/dialects.ts'
import { filesOf, isDirectory, isFile, readWholeText, STDIN } from '../../host/files/files.ts'
import { MODEL_ARCHES } from '../../questions/context.ts'
import { doctorQuestion } from '../../questions/doctor/question.ts'
import { inputOfHosts } from '../../questions/input/hypervisor.ts'
import { fitsQuestion, levelQuestion } from '../../questions/level/question.ts'
import { isUnopposed } from '../../questions/models/compute.ts'
import { modelsQuestion } from '../../questions/models/question.ts'
import { nameQuestion } from '../../questions/name/question.ts'
import { treeQuestion } from '../../questions/tree/question.ts'
import { hypervisorRequest, NO_CACHE, openHosts } from '../hypervisor.ts'
import { countsAsNo, FLEET, ownCommand } from '../own.ts'

export const nameCommand = ownCommand({
  question: nameQuestion,
  description:
    "Describe a feature: its place and meaning, every tool's name for it, and the models that have it. Takes the name " +
    'of any tool as it writes it (HW_CPU_X86_AVX2, cpuid.avx2), a place such as CPUID.07H.0:EBX[5] or 7.0.ebx.5, a ' +
    'whole register such as MSR.10AH, and a CPU model of any tool.',
  example: 'virt-cpu name avx512_vnni',
  fields: { name: { positional: 'many' }, arch: { words: MODEL_ARCHES } },
  each: 'name',
  status: ({ meanings: features, note }) => (features.length > 0 || note !== undefined ? 0 : 1),
})

export const treeCommand = ownCommand({
  question: treeQuestion,
  description:
    'Show how the CPU models descend from each other; with a model or family, its history: ' +
    'what each version adds and removes, when and why.',
  example: 'virt-cpu tree EPYC',
  fields: { model: { positional: 'one' }, arch: { words: MODEL_ARCHES } },
  status: ({ kind }) => (kind === 'unknown' ? 1 : 0),
})

export const modelsCommand = ownCommand({
  question: modelsQuestion,
  description:
    'List the named models that guests can be given on every host, best first, with level, vendor and the versions of ' +
    'QEMU and libvirt that they need, and what blocks the others on which host. Of a fleet, whatever describes it, the ' +
    'verdict is yes, assumed, unknown or no; --usable-on takes the word of recorded hypervisors alone; without either, of this host.',
  example: 'virt-cpu models examples/fleet',
  guestsAlone: true,
  fleets: { documents: { ...FLEET, required: false } },
  fields: { virttype: { words: ['kvm', 'qemu'] } },
  inputs: {
    placeholders: { hosts: [''] },
    arguments: [
      {
        name: 'usable-on',
        value: 'file',
        repeats: true,
        help: 'recorded hosts: conversations with QEMU, domain capabilities, directories of them',
      },
    ],
    async open(args, context) {
      const [recorded, more] = [args.all('usable-on'), args.all('fleet')]
      if (recorded.length === 0 && more.length > 0) return { input: { hosts: undefined }, notes: [] }
      const { hosts, notes } = await openHosts(context, [...recorded, ...more], hypervisorRequest(args))
      return { input: { hosts: inputOfHosts(hosts) }, notes }
    },
  },
  options: [NO_CACHE],
  status(answer, args) {
    if ('guestsAlone' in answer) return 0
    const none =
      'models' in answer
        ? answer.models.length > 0 && answer.models.every(({ verdict }) => countsAsNo(verdict, args))
        : answer.usableModels.length === 0 &&
          !answer.blockedModels.some(model => isUnopposed(model) && !countsAsNo('unknown', args))
    return none ? 1 : 0
  },
})

export const fitsCommand = ownCommand({
  question: fitsQuestion,
  description:
    'Find which guests, hosts and pools cannot run an operating system or a program, what is missing, and the cheapest ' +
    'fix; and what a guest has that the system must not have. Status 1: some cannot.',
  example: 'virt-cpu fits --os rhel10 examples/fleet examples/guests',
  guestsAlone: true,
  fields: { os: { value: 'system', read: texts => texts.flatMap(text => text.split(',')) } },
  status: ({ systems }, args) =>
    args.has('os') && systems.some(({ lines }) => lines.some(({ verdict }) => countsAsNo(verdict, args)))
      ? 1
      : 0,
})

export const levelCommand = ownCommand({
  question: levelQuestion,
  description:
    'Say what every host, guest and pool reaches: the level of x86-64 (of POWER a mode, of s390x a generation, of RISC-V ' +
    'a profile), what is missing to the next, the greatest -march and the one flag short of a greater. Of a pool of ' +
    'several vendors, what guests can have and what stays unsafe.',
  example: 'virt-cpu level examples/fleet examples/guests',
  guestsAlone: true,
})

export const doctorCommand = ownCommand({
  question: doctorQuestion,
  description:
    'Explain error texts about CPUs: of libvirt, QEMU, KVM and the kernel, of Nova, KubeVirt, oVirt, Xen, vSphere, ' +
    'Proxmox VE and others, and of programs in guests. Give logs, - for standard input, or the text itself in quotation ' +
    'marks, and beside them any documents of the hosts and guests that it is about. Status 1: no error in it is known.',
  example:
    'virt-cpu doctor "host doesn\'t support requested feature: CPUID.07H:EBX.hle [bit 4]" examples/fleet',
  fleets: {},
  inputs: {
    placeholders: { documents: [] },
    arguments: [
      {
        name: 'file',
        value: 'string',
        positional: 'many',
        required: true,
        help: 'logs, texts of errors, hosts and guests; directories of them; - for standard input',
      },
    ],
    async open(args) {
      const documents = args.all('file').flatMap(documentsOf)
      for (const { text } of documents) await loadYamlFor(text)
      return { input: { documents }, notes: [] }
    },
  },
  status: ({ findings }) => (findings.length === 0 ? 1 : 0),
})

/** An argument that names no file and has a blank is the text itself. */
function documentsOf(argument: string): { readonly path: string; readonly text: string }[] {
  const isText =
    argument !== STDIN && /\s/.test(argument.trim()) && !isFile(argument) && !isDirectory(argument)
  if (isText) return [{ path: '<text>', text: argument }]
  return [...filesOf([argument])].map(({ path }) => ({
    path: path === STDIN ? '<stdin>' : path,
    text: readWholeText(path),
  }))
}
