import { requireDecoder } from '../../../arch/registry.ts'
import type { Cpu } from '../../../core/cpu.ts'
import { LibvirtError } from '../../../core/libvirt-error.ts'
import type { DistinctDump } from '../../../formats/found.ts'
import { child, children, type Element, textOf } from '../../../xml/element.ts'
import type { Context } from '../../context.ts'
import { decodeBits, meetData } from '../../decode/compute.ts'
import { notesOf } from '../definition-of.ts'
import { knownFeatures } from './known-features.ts'
import type { HostMember, Member } from './member.ts'

/**
 * A host as its definition tells of it, and what its capabilities add.
 * @throws LibvirtError for an unknown model, or an architecture that is not x86
 */
export function hostOfCpu(context: Context, cpu: Cpu, more: Partial<HostMember> = {}): Member {
  requireDecoder(context.map, cpu.arch)
  const { features, notes } = knownFeatures(context, cpu)
  const { vendor, model, signature, microcode, maxphysaddr, tsc } = cpu
  const physBits = maxphysaddr?.bits ?? maxphysaddr?.limit
  const facts = {
    features,
    vendor,
    model,
    signature,
    microcode,
    physBits,
    tscHz: tsc?.frequency,
    tscScaling: tsc?.scaling,
    ...more,
  }
  return { kind: 'host', facts, notes }
}

/** What `<capabilities>` say of their host beside its CPU. */
export function aroundHost(capabilities: Element): Partial<HostMember> {
  const host = child(capabilities, 'host')
  const uuid = host && child(host, 'uuid')
  const cells = host && child(host, 'topology') && child(child(host, 'topology') ?? host, 'cells')
  const counts = cells ? children(cells, 'cell').flatMap(cell => children(cell, 'cpus')) : []
  const cpus = counts.reduce((sum, { attributes }) => sum + Number(attributes.num), 0)
  return {
    uuid: uuid && textOf(uuid).trim(),
    cpus: Number.isSafeInteger(cpus) && cpus > 0 ? cpus : undefined,
  }
}

/** A host as one machine's logical CPUs say; where they are of several kinds, what those have in common. */
export function hostOfDumps(context: Context, dumps: readonly DistinctDump[]): Member {
  const { read, sizesOf } = requireDecoder(context.map)
  const data = meetData(dumps.map(dump => read(dump.data)))
  const [first] = dumps
  if (!data || !first) throw new RangeError('a dump without CPUs')
  const { features, vendor, signature } = data
  const facts = {
    features,
    signature,
    ...sizesOf(first.data),
    ...named(context, data),
    vendor: vendor?.name,
  }
  const notes = dumps.flatMap(dump => notesOf(dump))
  if (dumps.length > 1) notes.unshift({ kind: 'cpus-differ', groups: dumps.map(({ cpus }) => cpus) })
  return { kind: 'host', facts, notes }
}

/** The model that a dump is best called by; of silicon that no model fits, none. */
function named(context: Context, data: NonNullable<ReturnType<typeof meetData>>): Pick<HostMember, 'model'> {
  try {
    return { model: decodeBits(context, data, { best: true }).model }
  } catch (error) {
    if (error instanceof LibvirtError) return {}
    throw error
  }
}
