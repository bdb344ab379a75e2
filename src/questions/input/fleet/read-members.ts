import type { Cpu } from '../../../core/cpu.ts'
import { detectFormat } from '../../../formats/detect.ts'
import { inputsOfText } from '../../../formats/input-text.ts'
import { parseCpudata } from '../../../formats/libvirt/cpudata.ts'
import { findCpus } from '../../../formats/libvirt/find-cpus.ts'
import { InputReader, type InputReaderOptions } from '../../../formats/libvirt/input-reader.ts'
import { parseCpu } from '../../../formats/libvirt/parse-cpu.ts'
import { children, type Element } from '../../../xml/element.ts'
import type { Context } from '../../context.ts'
import type { Member } from './member.ts'
import { guestOfCpu, guestOfDomain } from './read-guest.ts'
import { aroundHost, hostOfCpu, hostOfDumps } from './read-host.ts'
import { hypervisorOfCapabilities, hypervisorOfReplies } from './read-hypervisor.ts'

/**
 * What a text in any known format tells of a fleet, in its order; empty: nothing.
 * @throws ParseError, LibvirtError
 */
export function membersOfText(context: Context, text: string, source = ''): Member[] {
  const format = detectFormat(text)
  if (format !== 'xml') return format === undefined ? [] : membersOfOther(context, text, source)
  const members: Member[] = []
  const reader = new InputReader({ source, ...membersTaker(context, members) })
  reader.write(text)
  reader.end()
  return members
}

/** Puts what an XML text tells into `members`, as it comes. */
export const membersTaker = (
  context: Context,
  members: Member[],
): Omit<InputReaderOptions, 'source' | 'element'> & Required<Pick<InputReaderOptions, 'element'>> => ({
  hosts: true,
  take: found => {
    if (found.kind === 'host') members.push(hostOfCpu(context, found.cpu))
  },
  element: element => {
    for (const member of membersOfElement(context, element)) members.push(member)
  },
})

/** What a text that is not XML tells: a dump, or a recorded conversation with QEMU. @throws as `membersOfText` */
export function membersOfOther(context: Context, text: string, source = ''): Member[] {
  if (isConversation(text)) return [hypervisorOfReplies(context, text, source) ?? []].flat()
  return inputsOfText(text, source).flatMap(input =>
    input.kind === 'dump' ? hostOfDumps(context, input.dumps) : [],
  )
}

/** Whether a JSON text is QMP's: what it says first is a command, a reply or a greeting. */
const isConversation = (text: string): boolean =>
  /^\ufeff?[\s[]*\{\s*"(?:execute|arguments|return|id|QMP|request|error|timestamp|event)"\s*:/.test(text)

/** What a top-level XML element tells. @throws LibvirtError for a bad definition */
function membersOfElement(context: Context, element: Element): Member[] {
  switch (element.name) {
    case 'cpudata':
      return [hostOfDumps(context, [{ data: parseCpudata(element), cpus: ['0'], notes: [] }])]
    case 'domain':
      return [guestOfDomain(context, element)]
    case 'domstatus':
      return children(element, 'domain').map(domain => guestOfDomain(context, domain))
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
