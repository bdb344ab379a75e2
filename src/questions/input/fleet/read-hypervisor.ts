import { domainCapabilitiesOf } from '../../../formats/libvirt/domain-capabilities.ts'
import { parseCpu } from '../../../formats/libvirt/parse-cpu.ts'
import { decodeProperties, listAllowedModels } from '../../../qemu/expansion.ts'
import type { QmpRecording } from '../../../qemu/qmp/conversation.ts'
import { readQemuCapabilities } from '../../../qemu/qmp/read-capabilities.ts'
import type { Element } from '../../../xml/element.ts'
import type { Context } from '../../context.ts'
import { knownFeatures } from './known-features.ts'
import type { Member } from './member.ts'

/** `<domainCapabilities>`: their host-model and the models with blockers; undefined where there is no host-model. */
export function hypervisorOfCapabilities(context: Context, element: Element): Member | undefined {
  const { hostModel, models, emulator } = domainCapabilitiesOf(element)
  if (!hostModel) return undefined
  const cpu = parseCpu(hostModel, 'guest')
  const { features, notes } = knownFeatures(context, cpu)
  const { vendor, model, maxphysaddr } = cpu
  const physBits = maxphysaddr?.bits ?? maxphysaddr?.limit
  return {
    kind: 'hypervisor',
    facts: { features, vendor, model, physBits, hypervisor: emulator, models },
    notes,
  }
}

/**
 * A recorded conversation with QEMU: what it gives a guest that is to migrate, under the host's own accelerator;
 * undefined where QEMU does not tell its host's CPU.
 * @throws ParseError for a conversation that lacks replies, LibvirtError for a QEMU that is too old
 */
export function hypervisorOfConversation({ db }: Context, conversation: QmpRecording): Member | undefined {
  const { accelerators, version } = readQemuCapabilities(conversation, 'x86_64')
  const [own] = accelerators.values()
  if (!own?.host) return undefined
  const { features, vendor } = decodeProperties(db, own.host.properties)
  const facts = {
    features,
    vendor: vendor?.name,
    model: undefined,
    physBits: undefined,
    hypervisor: version && `QEMU ${version.major}.${version.minor}.${version.micro}`,
    models: listAllowedModels(own.models?.filter(({ unavailable }) => unavailable) ?? []),
  }
  return { kind: 'hypervisor', facts, notes: [] }
}
