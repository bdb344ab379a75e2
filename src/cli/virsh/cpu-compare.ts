import type { Command } from '../command.ts'
import { FileComparer } from './file-comparer.ts'
import { FILES } from './file-options.ts'
import { hostSide } from './host-side.ts'

export const command: Command = {
  spec: {
    name: 'cpu-compare',
    summary: 'compare host CPU with a CPU described by an XML file',
    description: 'compare CPU with host CPU',
    options: [
      { ...FILES, help: 'file containing an XML CPU description' },
      { name: 'error', help: 'report error if CPUs are incompatible' },
      { name: 'validate', help: 'validate the XML document against schema' },
      {
        name: 'host',
        value: 'file',
        ours: true,
        help: 'a recorded host instead of this one: capabilities, <cpu> or a dump',
      },
      { name: 'schema', value: 'dir', ours: true, help: "where --validate finds libvirt's cpu.rng" },
      { name: 'explain', ours: true, help: 'say on stderr what is missing, and where it is' },
      { name: 'json', ours: true, help: 'the answers with their reasons as JSON' },
    ],
    example:
      'virt-cpu cpu-compare examples/redhat-guide/workstation.xml --host examples/redhat-guide/server.xml --explain',
    style: 'virsh',
  },

  async run(args, session) {
    const { filesOf } = await import('../../host/files/files.ts')
    const comparer = new FileComparer(hostSide(args, session), args, session)
    const alone = args.all('file').length === 1
    for (const file of filesOf(args.all('file'))) await comparer.compare(file, file.named && alone)
    return comparer.end()
  },
}
