import type { NamedCpu } from '../../formats/found.ts'
import { filesOf, type InputFile } from '../../host/files/files.ts'
import { definitionOf } from '../../questions/input/definition-of.ts'
import { type Hypervisor, hypervisorCompare, reportedCpu } from '../../questions/input/hypervisor.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { openContext, type Session } from '../globals.ts'
import {
  HYPERVISOR,
  type HypervisorRequest,
  hypervisorRequest,
  inquireQemu,
  openHypervisor,
  PROBE,
  refuseReadOnly,
} from '../hypervisor.ts'
import { FileComparer, type Side } from './file-comparer.ts'
import type { FirstCpu } from './hosts.ts'
import { FILES } from './hosts.ts'
import { readForHypervisor, splitFiles, TELLING } from './hypervisor-files.ts'

export const command: Command = {
  spec: {
    name: 'hypervisor-cpu-compare',
    summary: 'compare a CPU with the CPU created by a hypervisor on the host',
    description: 'compare CPU with hypervisor CPU',
    options: [
      { ...FILES, help: 'file containing an XML CPU description' },
      ...HYPERVISOR,
      { name: 'error', help: 'report error if CPUs are incompatible' },
      { name: 'validate', help: 'validate the XML document against schema' },
      ...PROBE,
      { name: 'schema', value: 'dir', ours: true, help: "where --validate finds libvirt's cpu.rng" },
      ...TELLING,
    ],
    example:
      'virt-cpu hypervisor-cpu-compare examples/fleet/cas-01.xml --replies examples/hypervisors/sky-03.replies --explain',
    style: 'virsh',
  },

  async run(args, session) {
    const { files, request } = splitFiles(args, hypervisorRequest(args))
    const side = new HypervisorSide(args, session, request)
    const comparer = new FileComparer(side, args, session)
    for (const file of filesOf(files)) await comparer.compare(file, file.named && files.length === 1)
    return comparer.end()
  },
}

class HypervisorSide implements Side {
  readonly name = 'the hypervisor'
  readonly said = {
    identical: (file: string) =>
      `CPU described in ${file} is identical to the CPU provided by hypervisor on the host`,
    superset: (file: string) =>
      `The CPU provided by hypervisor on the host is a superset of CPU described in ${file}`,
    incompatible: (file: string) =>
      `CPU described in ${file} is incompatible with the CPU provided by hypervisor on the host`,
  } as const
  readonly failed = (file: string): string => `Failed to compare hypervisor CPU with ${file}`
  readonly #args: Arguments
  readonly #session: Session
  readonly #request: HypervisorRequest
  #hypervisor: Promise<Hypervisor> | undefined

  constructor(args: Arguments, session: Session, request: HypervisorRequest) {
    this.#args = args
    this.#session = session
    this.#request = request
  }

  async read(file: InputFile, alone: boolean): Promise<FirstCpu> {
    const { cpus, skipped } = await readForHypervisor([file], alone, this.#session)
    const [first] = cpus
    return { cpu: first && { ...first, source: file.path }, skipped: skipped[0] }
  }

  async compare(input: NamedCpu) {
    refuseReadOnly(this.#session, 'CompareHypervisorCPU')
    this.#hypervisor ??= openHypervisor(this.#request)
    const hypervisor = await this.#hypervisor
    const context = await openContext(this.#session)
    const reported = reportedCpu(context, hypervisor)
    if (this.#args.has('validate') && input.kind === 'definition') {
      const { validateCpu } = await import('../../host/files/libxml2.ts')
      await validateCpu(input.element, this.#args.get('schema'), this.#session.libvirt)
    }
    const { value: cpu, notes } = definitionOf(context, input, 'auto')
    const inquiry = hypervisorCompare(context, hypervisor, reported, cpu)
    return { value: await inquireQemu(inquiry, hypervisor.choice.arch, this.#request), notes }
  }
}
