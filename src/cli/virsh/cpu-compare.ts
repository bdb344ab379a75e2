import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { filesOf } from '../../host/files/files.ts'
import { answerCompare, compareNotes } from '../../questions/compare/compute.ts'
import type { Context } from '../../questions/context.ts'
import { definitionOf } from '../../questions/input/definition-of.ts'
import type { Noted } from '../../questions/words/note.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { openContext, type Session } from '../globals.ts'
import { FileComparer, type Side } from './file-comparer.ts'
import { FILES, firstCpu, thisHost } from './hosts.ts'

/** libvirt's results as virsh says them of a file. */
const SAID = {
  identical: (file: string) => `CPU described in ${file} is identical to host CPU`,
  superset: (file: string) => `Host CPU is a superset of CPU described in ${file}`,
  incompatible: (file: string) => `CPU described in ${file} is incompatible with host CPU`,
} as const

/** A host that files are compared with, read when the first file needs it: the one of `--host`, or this one. */
export function hostSide(args: Arguments, session: Session): Side {
  const path = args.get('host')
  let host: Promise<Noted<Cpu>> | undefined
  let known: Noted<Cpu> | undefined
  return {
    name: path ?? 'this host',
    said: SAID,
    failed: file => `Failed to compare host CPU with ${file}`,
    read: firstCpu,
    notes: () => known?.notes ?? [],
    async compare(input) {
      if (session.driver === 'test') throw new LibvirtError('no-support', 'virConnectCompareCPU')
      if (args.has('validate') && input.kind === 'definition') {
        const { validateCpu } = await import('../../host/files/libxml2.ts')
        await validateCpu(input.element, args.get('schema'), session.libvirt)
      }
      const context = await openContext(session)
      host ??= path === undefined ? thisHost(context) : recorded(context, path)
      known = await host
      const { value, notes } = definitionOf(context, input, 'auto')
      const answer = answerCompare(context, known.value, value)
      return { value: answer, notes: [...notes, ...compareNotes(context, known.value, value, answer)] }
    },
  }
}

/** The host that a file records. */
async function recorded(context: Context, path: string): Promise<Noted<Cpu>> {
  const { cpu: input } = await firstCpu({ path, named: true }, false)
  if (!input) throw new RangeError(`no CPU in ${path}`)
  const { value: cpu, notes } = definitionOf(context, input, 'auto')
  // Domain capabilities and guest definitions do not tell; whatever x86 CPU it is, the answer is the same.
  return { value: { ...cpu, arch: cpu.arch ?? 'x86_64' }, notes }
}

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
    const comparer = new FileComparer(hostSide(args, session), args, session)
    const alone = args.all('file').length === 1
    for (const file of filesOf(args.all('file'))) await comparer.compare(file, file.named && alone)
    return comparer.end()
  },
}
