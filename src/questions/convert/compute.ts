import { type GuestCpu, required } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import { didYouMean, fewNames } from '../../core/text.ts'
import { DIALECTS, readText } from '../../formats/dialects.ts'
import type { Found, FoundCpu } from '../../formats/found.ts'
import { domainOf, domainsOf, parseDomainCpu } from '../../formats/libvirt/domain.ts'
import { joinCpus } from '../../formats/libvirt/find-cpus.ts'
import { parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import { PRINTERS } from '../../formats/printers.ts'
import { BadRequest, type Context } from '../context.ts'
import { definitionOf } from '../input/definition-of.ts'
import { assembleFleet } from '../input/fleet/assemble.ts'
import { membersOf } from '../input/fleet/read-members.ts'
import { viewOf } from '../input/fleet/view.ts'
import { cpuOfGuest } from '../input/stated.ts'
import { guestOfExpression, poolCpuOf } from '../pools/choice.ts'
import type { Note } from '../words/note.ts'

/** A guest's CPU, and what the text calls the guest, or the host that it is made for. */
export interface NamedDefinition {
  readonly name?: string | undefined
  readonly cpu: GuestCpu
  /** What the reader of the text had to say of it. */
  readonly notes?: readonly string[] | undefined
  /** Of a model that was chosen for it: what the choice rests on. */
  readonly chosen?: readonly Note[] | undefined
}

interface Definitions {
  readonly definitions: readonly NamedDefinition[]
  readonly notes: readonly Note[]
}

/**
 * The guests that a text defines; where it has none, what guests can be given on each host in it.
 * @param from the input format's name; absent: found out
 * @param source what errors call the text
 * @throws BadRequest for an unknown format, ParseError where the text holds neither, LibvirtError
 */
export function definitionsIn(context: Context, text: string, from?: string, source = 'text'): Definitions {
  const found = from === undefined ? readText(text, source) : dialectNamed(from).read(text, source)
  const guests = found.flatMap(one => guestsOf(context, one))
  const told = found.flatMap(({ notes = [] }) => notes)
  const notes = [...new Set(told)].map((said): Note => ({ kind: 'dump', text: said }))
  if (guests.length > 0)
    return { definitions: guests, notes: [...notes, ...guests.flatMap(({ chosen = [] }) => chosen)] }
  const offered = offeredBy(context, found, source)
  if (offered.definitions.length > 0) return offered
  throw new ParseError('no guest and no host', source)
}

/** The input dialect of that name, or the one that reads what the output dialect of that name writes. @throws BadRequest */
function dialectNamed(name: string) {
  const printer = PRINTERS.find(one => one.name === name)
  const dialect = DIALECTS.find(one => one.name === (printer?.readBy ?? name))
  if (dialect) return dialect
  const known = DIALECTS.map(one => one.name)
  throw new BadRequest(`from must be one of ${known.join(', ')}${didYouMean(known, name)}`)
}

function guestsOf(context: Context, found: Found): NamedDefinition[] {
  if (found.kind === 'guest') return [namedDefinition(context, found)]
  if (found.kind === 'document' && found.element.name !== 'cpu')
    return domainsOf(found.element).map(domain => {
      const { name, cpu } = domainOf(domain)
      return { name, cpu: cpu ? parseDomainCpu(domain) : DEFAULT_CPU }
    })
  if (found.kind !== 'definition' && found.kind !== 'document') return []
  const cpu = parseCpu(found.element, 'auto')
  return cpu.type === 'guest' ? [{ name: found.called, cpu }] : []
}

/** Of a guest of which only features are listed, the model that is closest to them is chosen. */
function namedDefinition(context: Context, found: Extract<Found, { kind: 'guest' }>): NamedDefinition {
  const { name = found.called, cpu, notes } = found
  if (cpu.model !== undefined || cpu.mode !== 'custom') return { name, cpu, notes }
  const { value, notes: all } = cpuOfGuest(context, found)
  return { name, cpu: value.cpu, notes, chosen: all.filter(({ kind }) => kind !== 'dump') }
}

/** Of a domain that says nothing of its CPU. */
const DEFAULT_CPU: GuestCpu = { type: 'guest', mode: 'custom', match: 'exact', model: 'qemu64', features: [] }

/** What guests can be given on each host: on the model with the shortest definition. */
function offeredBy(context: Context, found: readonly Found[], source: string): Definitions {
  const machines = joinCpus(found.filter(({ kind }) => kind === 'registers'))
  if (machines.length > 0) return ofMachines(context, machines, source)
  const members = found.flatMap(one => membersOf(context, one, source))
  const { fleet, notes } = assembleFleet(context, [{ path: source, name: source, members }])
  const view = viewOf(context, fleet)
  const definitions = view.groups.flatMap(group => {
    const { definition } = poolCpuOf(view, [group])
    const [first] = group.hosts
    const name = first?.name === source ? undefined : fewNames(group.hosts.map(host => host.name))
    return definition ? [{ name, cpu: guestOfExpression(definition) }] : []
  })
  return { definitions, notes }
}

/** Machines of other architectures than x86: the guest has the model that the host has. */
function ofMachines(context: Context, machines: readonly FoundCpu[], source: string): Definitions {
  const read = machines.map(machine => definitionOf(context, { ...machine, source }, 'auto', true))
  return {
    definitions: read.map(({ value: { arch, model, vendor, features } }) => ({
      cpu: {
        type: 'guest',
        mode: 'custom',
        match: 'exact',
        arch,
        model,
        vendor,
        features: features.map(required),
      },
    })),
    notes: read.flatMap(({ notes }) => notes),
  }
}
