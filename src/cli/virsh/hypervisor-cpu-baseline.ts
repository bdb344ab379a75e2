import { driverOf } from '../../arch/registry.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { findPrinter } from '../../formats/write.ts'
import { filesOf } from '../../host/files/files.ts'
import { checkIgnoreHost } from '../../qemu/hypervisor-cpu.ts'
import { writtenFor, writtenIn } from '../../questions/answer-parts.ts'
import type { Context } from '../../questions/context.ts'
import {
  type GivenCpu,
  hypervisorBaseline,
  hypervisorReasons,
} from '../../questions/hypervisor-cpu/question.ts'
import { definitionOf } from '../../questions/input/definition-of.ts'
import { featureNames, type HypervisorHost } from '../../questions/input/hypervisor.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import { printNote } from '../../questions/words/describe.ts'
import type { Note } from '../../questions/words/note.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { openContext, type Session } from '../globals.ts'
import {
  HYPERVISOR,
  hypervisorRequest,
  inquireQemu,
  openHosts,
  PROBES,
  refuseReadOnly,
} from '../hypervisor.ts'
import { CommandError } from '../spec.ts'
import { atSource, FORMAT, formatOf, tellNotExpressed, tellSkipped } from './hosts.ts'
import { readForHypervisor, splitFiles, TELLING } from './hypervisor-files.ts'

export const command: Command = {
  spec: {
    name: 'hypervisor-cpu-baseline',
    summary: 'compute baseline CPU usable by a specific hypervisor',
    description:
      'Compute baseline CPU for a set of given CPUs. The result will be tailored to the specified hypervisor.',
    options: [
      { name: 'file', value: 'string', positional: 'many', help: 'file containing XML CPU descriptions' },
      ...HYPERVISOR,
      { name: 'features', help: 'Show features that are part of the CPU model type' },
      { name: 'migratable', help: 'Do not include features that block migration' },
      {
        name: 'ignore-host',
        since: 'ignore-host',
        help: 'when computing baseline from several CPUs, do not take hypervisor capabilities into account and work with input data only',
      },
      {
        name: 'model',
        value: 'string',
        help: 'Shortcut for calling the command with a single CPU model and no additional features',
      },
      ...PROBES,
      ...FORMAT,
      ...TELLING,
    ],
    example: 'virt-cpu hypervisor-cpu-baseline --replies examples/hypervisors --explain',
    style: 'virsh',
  },

  async run(args, session) {
    const format = await formatOf(args)
    const printer = findPrinter(format.format)
    const { files, request } = splitFiles(args, hypervisorRequest(args), 'model')
    const context = await openContext(session)
    const asked = await cpusOf(context, args, files, request.model, session)
    if (asked && args.has('ignore-host')) checkIgnoreHost(asked.cpus.length, context.libvirt)
    const { hosts, notes } = await openHosts(context, args.all('replies'), request)
    const given = asked ?? reportedBy(hosts)
    const options = {
      migratable: args.has('migratable'),
      ignoreHost: args.has('ignore-host'),
    }
    const arch = hosts[0]?.arch ?? ''
    const cpus = given.cpus.map(({ cpu }) => cpu)
    const compute = (expand: boolean) =>
      inquireQemu(hypervisorBaseline(context, cpus, hosts, { ...options, expand }), arch, request)
    const cpu = await compute(args.has('features'))
    const isPlain = printer?.omitsModelFeatures && args.has('features')
    const plain = isPlain ? await compute(false) : cpu
    const written = writtenIn(format, () => plain)
    const reasons =
      args.has('explain') &&
      driverOf(context.map, arch)?.decoder &&
      hypervisorReasons(context, given.cpus, cpu)
    if (args.has('json')) {
      const told = [...notes, ...given.notes, ...writtenFor(format)].map(printNote)
      const answer = {
        schema: SCHEMA_VERSION,
        xml: printCpu(cpu),
        ...written,
        model: cpu.model,
        features: featureNames(context, arch, cpu),
        notes: told,
        ...(reasons && { explain: reasons }),
      }
      session.out(`${JSON.stringify(answer, null, 2)}\n`)
      return 0
    }
    session.out(written.written ?? printCpu(cpu))
    await tellNotExpressed(session, written)
    if (reasons) {
      const { explainHypervisorBaseline } = await import('../../questions/words/explain.ts')
      const { printExplanation } = await import('../print-report.ts')
      await printExplanation(session, explainHypervisorBaseline(reasons, [...notes, ...given.notes]))
    } else await tellSkipped(session, [...notes, ...given.notes])
    return 0
  },
}

interface Given {
  readonly cpus: readonly GivenCpu[]
  readonly notes: readonly Note[]
}

/** The CPUs that recorded hosts give their guests. @throws CommandError for a host that does not tell */
function reportedBy(hosts: readonly HypervisorHost[]): Given {
  const cpus = hosts.map(({ source, reported }) => {
    if (!reported) throw new CommandError([`the hypervisor of '${source}' does not tell its host's CPU`])
    return { cpu: reported, source }
  })
  return { cpus, notes: [] }
}

/** The CPUs of the files, or the one model; undefined where recorded hosts are given instead. @throws LibvirtError of the first that is bad, CommandError, FileError */
async function cpusOf(
  context: Context,
  args: Arguments,
  files: readonly string[],
  modelAfterFiles: string | undefined,
  session: Session,
): Promise<Given | undefined> {
  const model = args.get('model') ?? modelAfterFiles
  if (model === undefined && files.length === 0) {
    if (args.has('replies')) return undefined
    throw new CommandError(['Either --file or --model must be provided'])
  }
  if (model !== undefined && files.length > 0) {
    throw new CommandError(['Options --file and --model are mutually exclusive'])
  }
  if (model !== undefined) {
    refuseReadOnly(session, 'BaselineHypervisorCPU')
    const named = { name: 'model', attributes: {}, content: [model] }
    const cpu = parseCpu({ name: 'cpu', attributes: {}, content: [named] }, 'guest')
    return { cpus: [{ cpu, source: '--model' }], notes: [] }
  }
  const { cpus: inputs, skipped } = await readForHypervisor(filesOf(files), files.length === 1, session)
  refuseReadOnly(session, 'BaselineHypervisorCPU')
  const read = inputs.map(input => {
    try {
      return definitionOf(context, input, 'auto')
    } catch (error) {
      throw error instanceof LibvirtError ? atSource(error, input.source, files) : error
    }
  })
  return {
    cpus: read.map(({ value }, i) => ({ cpu: value, source: inputs[i]?.source ?? '' })),
    notes: [...skipped, ...read.flatMap(({ notes }) => notes)],
  }
}
