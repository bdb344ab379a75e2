import type { Cpu } from '../../../core/cpu.ts'
import type { Found } from '../../../formats/found.ts'
import { domainsOf } from '../../../formats/libvirt/domain.ts'
import { findCpus } from '../../../formats/libvirt/find-cpus.ts'
import { parseCpu } from '../../../formats/libvirt/parse-cpu.ts'
import { readRecording } from '../../../qemu/qmp/conversation.ts'
import type { Element } from '../../../xml/element.ts'
import type { Context } from '../../context.ts'
import type { Member } from './member.ts'
import { guestOfCpu, guestOfDomain } from './read-guest.ts'
import { aroundHost, hostOfCpu, hostOfDumps } from './read-host.ts'
import { hypervisorOfCapabilities, hypervisorOfConversation } from './read-hypervisor.ts'

/**
 * The hosts, hypervisors and guests of a fleet that something found in a text describes; empty: none.
 * @param source what errors call the text
 * @throws LibvirtError for a bad definition; ParseError for a conversation that is cut
 */
export function membersOf(context: Context, found: Found, source: string): Member[] {
  switch (found.kind) {
    case 'host':
      return [hostOfCpu(context, found.cpu)]
    case 'definition':
      return [memberOfCpu(context, found.element)]
    case 'document':
      return membersOfDocument(context, found.element)
    case 'dump':
      return [hostOfDumps(context, found.dumps)]
    case 'conversation':
      return [hypervisorOfConversation(context, readRecording(found.messages, source)) ?? []].flat()
    case 'registers':
      // A fleet has no features of other architectures to compare.
      return []
  }
}

/** The members in a document of libvirt's. @throws LibvirtError for a bad definition */
function membersOfDocument(context: Context, element: Element): Member[] {
  switch (element.name) {
    case 'domain':
    case 'domstatus':
      return domainsOf(element).map(domain => guestOfDomain(context, domain))
    case 'domainCapabilities':
      return [hypervisorOfCapabilities(context, element) ?? []].flat()
    case 'capabilities':
      return findCpus(element).map(found =>
        hostOfCpu(context, parseCpu(found.element, 'host'), aroundHost(element)),
      )
    case 'cpu':
      return [memberOfCpu(context, element)]
    default:
      return []
  }
}

/** A bare `<cpu>` is a host's, unless it says what only guests' say. */
function memberOfCpu(context: Context, element: Element): Member {
  const { mode, match, check } = element.attributes
  const guest = mode !== undefined || match !== undefined || check !== undefined
  const cpu: Cpu = parseCpu(element, guest ? 'guest' : 'host')
  return guest ? guestOfCpu(context, cpu, { name: '' }) : hostOfCpu(context, cpu)
}
