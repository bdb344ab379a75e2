import type { Cpu } from '../../../core/cpu.ts'
import type { FeatureSet } from '../../../core/feature-set.ts'
import type { RequestedModel } from '../../../fleet/asked-model.ts'
import { domainOf } from '../../../formats/libvirt/domain.ts'
import { parseCpu } from '../../../formats/libvirt/parse-cpu.ts'
import type { Element } from '../../../xml/element.ts'
import type { Context } from '../../context.ts'
import { knownFeatures } from './known-features.ts'
import type { GuestMember, Member } from './member.ts'

/** What QEMU gives a guest whose definition has no `<cpu>`: libvirt writes it into the definition of a running one. */
const DEFAULT_MODEL = 'qemu64'

/**
 * How wide addresses QEMU gives a guest with a named model and no `<maxphysaddr>`.
 * Source: QEMU's documentation, x86 CPU property `phys-bits`.
 */
const DEFAULT_PHYS_BITS = 40

/** A `<domain>` as a guest. @throws LibvirtError for a bad definition or an unknown model */
export function guestOfDomain(context: Context, element: Element): Member {
  const { cpu, name = '', uuid, vcpus } = domainOf(element)
  if (cpu) return guestOfCpu(context, parseCpu(cpu, 'guest'), { name, uuid, vcpus })
  const plain: Cpu = { type: 'guest', model: DEFAULT_MODEL, features: [] }
  const { notes, ...guest } = guestOfCpu(context, plain, { name, uuid, vcpus })
  return { ...guest, notes: [...notes, { kind: 'guest-default-cpu', model: DEFAULT_MODEL }] }
}

/**
 * A guest as its CPU's definition tells. Of one without a model (host-passthrough, maximum, host-model that was
 * not expanded) the features are empty until its host is known.
 */
export function guestOfCpu(
  context: Context,
  cpu: Cpu,
  about: Pick<GuestMember, 'name' | 'uuid' | 'vcpus'>,
): Member {
  const { features, notes } = knownFeatures(context, cpu)
  const { mode, model, vendor, maxphysaddr } = cpu
  const custom = mode === undefined || mode === 'custom'
  const physBits = maxphysaddr?.bits ?? (custom ? DEFAULT_PHYS_BITS : undefined)
  const facts = {
    ...about,
    features,
    vendor,
    model,
    mode,
    physBits,
    requestedModel: findRequestedModel(context, cpu),
  }
  return { kind: 'guest', facts: { ...facts, optional: optionalFeatures(context, cpu) }, notes }
}

function findRequestedModel({ db }: Context, { model, fallback, features }: Cpu): RequestedModel | undefined {
  const known = model === undefined ? undefined : db.model(model)
  if (!known) return undefined
  const off = features.filter(({ policy }) => policy === 'disable' || policy === 'forbid')
  return {
    name: known.name,
    disabled: new Set(off.map(({ name }) => name)),
    comparedByBits: known.compat,
    replaceable: fallback !== 'forbid',
  }
}

/** What the guest takes where its host has it. */
function optionalFeatures({ db }: Context, cpu: Cpu): FeatureSet {
  const optional = cpu.features.filter(({ policy }) => policy === 'optional')
  return db.features.setOf(optional.flatMap(({ name }) => db.features.get(name) ?? []))
}
