import { loadYamlFor } from '../../formats/dialects.ts'
import { filesOf, isDirectory, isFile, readWholeText, STDIN } from '../../host/files/files.ts'
import { doctorQuestion } from '../../questions/doctor/question.ts'
import { ownCommand } from '../own.ts'

export const command = ownCommand({
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
