import type { CpuBits } from '../../arch/driver.ts'
import { detect } from '../../arch/operations.ts'
import { archOfModel, fleetArchOf, requireDecoder, requireDriver } from '../../arch/registry.ts'
import { type Cpu, type GuestCpu, signatureIn, type Topology } from '../../core/cpu.ts'
import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import type { DistinctDump, FoundCpu, NamedCpu, RegisterDump } from '../../formats/found.ts'
import type { ProbedCpu } from '../../formats/host/host-facts.ts'
import { type Expected, parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import { type Context, contextFor } from '../context.ts'
import { decodeBits, findDumpWarnings, lacks, meetData } from '../decode/compute.ts'
import type { Note, Noted } from '../words/note.ts'
import { cpuOfGuest, cpuOfStatements, notesOnNeeds } from './stated.ts'

/**
 * The definition that an input is: as it stands, or the host definition of a dump or of what a platform states.
 * @param best beyond libvirt: a machine that is not x86 is named by all that is known of it
 * @throws LibvirtError where it is a bad one, or no model fits; ParseError where a platform says nothing of a CPU
 */
export function definitionOf(
  context: Context,
  input: NamedCpu,
  expected: Expected,
  best = false,
): Noted<Cpu> {
  if (input.kind === 'registers') return machineOf(context, input.dumps, best, input.source)
  if (input.kind === 'host') return { value: input.cpu, notes: [] }
  if (input.kind === 'stated') return justCpu(cpuOfStatements(context, input.statements, input))
  if (input.kind === 'guest') return expectedOf(justCpu(cpuOfGuest(context, input, input.source)), expected)
  if (input.kind === 'definition') return { value: parseCpu(input.element, expected), notes: [] }
  const { value, notes } = dataOf(context, input, input.source)
  return { value: decodeBits(context, value, { as: 'host' }), notes }
}

const justCpu = <C extends Cpu>({ value, notes }: Noted<{ readonly cpu: C }>): Noted<C> => ({
  value: value.cpu,
  notes,
})

/** A guest's definition where a host's is expected, as libvirt reads it. @throws LibvirtError for one without a model */
function expectedOf({ value, notes }: Noted<GuestCpu>, expected: Expected): Noted<Cpu> {
  if (expected !== 'host') return { value, notes }
  const { arch, model, vendor, topology, features } = value
  if (model === undefined) throw xmlError('Missing CPU model name')
  return { value: { type: 'host', arch, model, vendor, topology, features }, notes }
}

/**
 * The bits, vendor and signature of an input: a dump's, where several kinds of CPU differ what they have in
 * common; a definition's, with its model's features.
 * @throws LibvirtError for a bad definition or an unknown name
 */
export function dataOf(context: Context, input: FoundCpu, source?: string): Noted<CpuBits> {
  if (input.kind === 'dump') return dataOfDumps(context, input.dumps, source)
  if (input.kind === 'registers') return refuseRegisters(context, input.dumps)
  if (input.kind === 'stated') return statedData(cpuOfStatements(context, input.statements, { source }))
  const cpu = plainCpu(context, input)
  const { db, featuresOf } = requireDecoder(context.map)
  const vendor = cpu.vendor === undefined ? undefined : db.vendor(cpu.vendor)
  const features = featuresOf(cpu)
  const notes = cpu.type === 'guest' ? notesOnNeeds(context, features) : []
  return { value: { features, vendor, signature: signatureIn(cpu) }, notes }
}

const statedData = ({ value, notes }: Noted<{ readonly data?: CpuBits | undefined }>): Noted<CpuBits> => {
  if (!value.data) throw new LibvirtError('no-support', 'what is known of this CPU is its model alone')
  return { value: value.data, notes }
}

const plainCpu = (
  context: Context,
  input: Exclude<FoundCpu, { kind: 'dump' | 'registers' | 'stated' }>,
): Cpu => {
  if (input.kind === 'guest') return cpuOfGuest(context, input).value.cpu
  return input.kind === 'host' ? input.cpu : parseCpu(input.element, 'auto')
}

/**
 * The definition as it stands, of an architecture whose CPUs are not looked at as bits; undefined: it is to be decoded.
 * @throws LibvirtError for an unknown model
 */
export function definitionAsItStands(context: Context, input: FoundCpu): Cpu | undefined {
  if (input.kind !== 'host' && input.kind !== 'definition') return undefined
  const cpu = input.kind === 'host' ? input.cpu : parseCpu(input.element, 'auto')
  const said = cpu.arch ?? (input.kind === 'definition' ? input.arch : undefined)
  const arch = said ?? archOfModel(context.map, cpu.model)
  if (requireDriver(context.map, arch).decoder) return undefined
  contextFor(context, fleetArchOf(context.map, arch)).cpus.read(cpu)
  return cpu.type === 'host' ? { ...cpu, arch, detected: true } : { ...cpu, arch }
}

/** The host that a machine's registers tell: of its first kind of core, as libvirt has it. */
export function machineOf(
  { map }: Context,
  dumps: readonly RegisterDump[],
  best: boolean,
  source?: string,
): Noted<Cpu> {
  const [first] = dumps
  if (!first) throw new RangeError('a machine without CPUs')
  const groups = dumps.map(dump => dump.cpus)
  const named = source ? { source } : {}
  const notes: Note[] = [
    ...(dumps.length > 1 ? [{ kind: 'cores-differ', groups, ...named } as const] : []),
    ...(first.notes ?? []).map(text => ({ kind: 'dump', text, ...named }) as const),
  ]
  return { value: detect(map, first.arch, first.registers, { best }), notes }
}

/** @throws LibvirtError, always: the question is about words of CPUID */
function refuseRegisters({ map }: Context, [first]: readonly RegisterDump[]): never {
  requireDecoder(map, first?.arch ?? '')
  throw new RangeError(`${first?.arch} has no such registers`)
}

/** One machine's logical CPUs as one CPU. */
function dataOfDumps(context: Context, dumps: readonly DistinctDump[], source?: string): Noted<CpuBits> {
  const value = meetData(dumps.map(dump => requireDecoder(context.map).read(dump.data)))
  if (!value) throw new RangeError('a dump without CPUs')
  const named = source ? { source } : {}
  const differ =
    dumps.length > 1 && ({ kind: 'cpus-differ', groups: dumps.map(dump => dump.cpus), ...named } as const)
  const notes = new Map<string, Note>()
  for (const dump of dumps)
    for (const note of notesOf(dump, source)) notes.set(`${note.kind} ${textOf(note)}`, note)
  return { value, notes: [...(differ ? [differ] : []), ...notes.values()] }
}

/** What makes one dump doubtful, and what its reader left out. */
export const notesOf = (
  { data, notes, unknown, vocabulary, layer }: DistinctDump,
  source?: string,
): Note[] => [
  // What guests are given has the bit that says so, and MSRs of its own.
  ...(layer === 'offered' ? [] : findDumpWarnings(data, source)),
  ...(unknown
    ? [
        {
          kind: 'words-unknown',
          words: unknown,
          vocabulary: vocabulary ?? 'linux',
          ...(source ? { source } : {}),
        } as const,
      ]
    : []),
  ...notes.map((text): Note => ({ kind: 'dump', text, ...(source ? { source } : {}) })),
]

const textOf = (note: Note): string =>
  note.kind === 'dump' ? note.text : note.kind === 'words-unknown' ? note.words.join() : ''

interface HostCpuOptions {
  /** As the machine's other files tell it; absent: none is printed. */
  readonly topology?: Topology | undefined
  /** Beyond libvirt: the model may lack bits, and the signature counts first; what it lacks is noted. */
  readonly best?: boolean | undefined
}

/**
 * A probed machine's CPU as `virsh capabilities` has it. One that is no known model has no model, as with libvirt,
 * and what needs one fails.
 */
export function hostCpu(context: Context, probed: ProbedCpu, options: HostCpuOptions = {}): Noted<Cpu> {
  const { topology, best } = options
  const { value: data, notes } = dataOfDumps(context, probed.dumps)
  const { arch, microcode, tsc, physicalBits } = probed
  const maxphysaddr =
    physicalBits === undefined ? undefined : { mode: 'emulate' as const, bits: physicalBits }
  const decoded = decodedHost(context, data, best)
  const cpu = { ...decoded, arch, microcode, tsc, topology, maxphysaddr }
  return {
    value: cpu,
    notes: [
      ...probed.warnings,
      // What a probe says of MSRs is more than what can be told from their absence.
      ...notes.filter(({ kind }) => kind !== 'no-msrs'),
      ...lacks(context, data, decoded, { best }),
    ],
  }
}

function decodedHost(context: Context, data: CpuBits, best: boolean | undefined): Cpu {
  try {
    return decodeBits(context, data, { as: 'host', best })
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    return { type: 'host', features: [] }
  }
}
