import * as v from 'valibot'
import type { GuestCpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { didYouMean, fewNames } from '../../core/text.ts'
import { DIALECTS, readText } from '../../formats/dialects.ts'
import { asGuestDefinition } from '../../formats/express.ts'
import type { Found, FoundCpu } from '../../formats/found.ts'
import { domainOf, domainsOf, parseDomainCpu } from '../../formats/libvirt/domain.ts'
import { joinCpus } from '../../formats/libvirt/find-cpus.ts'
import { parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import { PRINTERS } from '../../formats/printers.ts'
import { listFormats, type WriteOptions } from '../../formats/write.ts'
import { NotExpressedAnswer, qemuInput, type WrittenParts, writtenFor, writtenIn } from '../answer-parts.ts'
import { BadRequest, type Context } from '../context.ts'
import { definitionOf } from '../input/definition-of.ts'
import { assembleFleet } from '../input/fleet/assemble.ts'
import { membersOf } from '../input/fleet/read-members.ts'
import { viewOf } from '../input/fleet/view.ts'
import { cpuOfGuest } from '../input/stated.ts'
import { guestOfExpression, poolCpuOf } from '../pools/choice.ts'
import { question } from '../question.ts'
import { described, text, word } from '../schema.ts'
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
    definitions: read.map(({ value }) => ({ cpu: asGuestDefinition(value) })),
    notes: read.flatMap(({ notes }) => notes),
  }
}

const answer = v.strictObject({
  format: v.string(),
  definitions: described(
    v.array(
      v.strictObject({
        name: described(v.nullable(v.string()), 'What the text calls it; null: it has no name.'),
        written: described(v.string(), 'The definition in the format.'),
        notExpressed: described(
          v.array(NotExpressedAnswer),
          'What the format has no word for; empty: it says all.',
        ),
      }),
    ),
    'Of each guest in the text; where there is none, of what guests of each host can be given.',
  ),
})

/** @throws LibvirtError, which says what the reader had to say of the definition */
function write({ name, cpu, notes = [] }: NamedDefinition, options: WriteOptions): WrittenParts {
  try {
    return writtenIn({ ...options, name }, () => cpu)
  } catch (error) {
    if (!(error instanceof LibvirtError) || notes.length === 0) throw error
    throw new LibvirtError(error.kind, [error.detail, ...notes].join('; '), { cause: error })
  }
}

/** Each definition; of several, one that the format cannot say at all is noted. @throws LibvirtError where it says none */
function writeAll(all: readonly NamedDefinition[], options: WriteOptions) {
  const notes: Note[] = []
  const refused: LibvirtError[] = []
  const definitions = all.flatMap(definition => {
    const name = definition.name ?? null
    try {
      const { written = '', notExpressed = [] } = write(definition, options)
      return [{ name, written, notExpressed }]
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error
      refused.push(error)
      const source = definition.name === undefined ? {} : { source: definition.name }
      notes.push({ kind: 'dump', text: `not written: ${error.message}`, ...source })
      return []
    }
  })
  if (refused[0] && definitions.length === 0) throw refused[0]
  return { definitions, notes }
}

export const convertQuestion = question({
  name: 'convert',
  summary: "Convert a guest's CPU from any format to another",
  input: v.pipe(
    v.strictObject({
      text: v.optional(text('Guests or hosts in any input format.')),
      documents: described(
        v.optional(v.array(v.strictObject({ path: v.string(), text: v.string() }))),
        'Several texts, each with what to call what has no name in it.',
      ),
      from: v.optional(text('The input format, by its name; found out if absent.')),
      format: word(listFormats(), 'The format to write.'),
      qemu: qemuInput,
    }),
    v.check(
      ({ text, documents }) => (text === undefined) !== (documents === undefined),
      'give either text or documents',
    ),
  ),
  answer,
  run(context, { text: alone = '', documents, from, format, qemu }) {
    const given = documents ?? [{ path: 'text', text: alone }]
    const isOne = given.length === 1
    const read = given.map(({ path, text }) => ({ path, ...definitionsIn(context, text, from, path) }))
    const named = read.flatMap(({ path, definitions }) =>
      definitions.map(one => ({ ...one, name: one.name ?? (isOne ? undefined : path) })),
    )
    const { definitions, notes } = writeAll(named, { format, qemu })
    return {
      answer: { format, definitions },
      notes: [
        ...read.flatMap(({ path, notes: said }) =>
          isOne ? said : said.map(note => ({ source: path, ...note })),
        ),
        ...notes,
        ...writtenFor({ format, qemu }),
      ],
    }
  },
})
