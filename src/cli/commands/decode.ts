import type { CpuBits } from '../../arch/driver.ts'
import { bit, hex, type U32 } from '../../core/bits.ts'
import { brandOf, type Cpuid } from '../../core/cpuid.ts'
import { type Feature, type Place, placeKey, printPlace } from '../../core/feature.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { fewNames } from '../../core/text.ts'
import type { DistinctDump, FoundCpu, NamedCpu, RegisterDump } from '../../formats/found.ts'
import { readCpus } from '../../host/files/cpus.ts'
import { builtinCpuidFields, isAt } from '../../map/cpuid-fields.ts'
import type { Database } from '../../map/database.ts'
import type { DecodeReasons } from '../../questions/answer-parts.ts'
import type { Context } from '../../questions/context.ts'
import {
  answer,
  type DecodedCpu,
  decodeBits,
  decodeReasons,
  definitionAnswer,
  lacks,
} from '../../questions/decode/compute.ts'
import { dataOf, definitionAsItStands, machineOf, notesOf } from '../../questions/input/definition-of.ts'
import { cpuOfGuest, cpuOfStatements, notesOnMisfits } from '../../questions/input/stated.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import { hintOnError } from '../../questions/words/cells.ts'
import { describeDecode, noteLines, printNote } from '../../questions/words/describe.ts'
import type { Note } from '../../questions/words/note.ts'
import { child } from '../../xml/element.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { openContext, type Session } from '../globals.ts'
import { printExplanation } from '../print-report.ts'
import { CommandError, UsageError } from '../spec.ts'
import { FILES } from '../virsh/hosts.ts'

const WIDTH = 100

const NO_MODEL = 'Cannot find suitable CPU model for given data'

/**
 * Every word of a dump that is not zero and carries features, with the names of its set bits; a bit without a
 * name is its number: `CPUID.07H.0:EBX  00000021  fsgsbase [13]`.
 */
export function printBits(db: Database, data: Cpuid): string {
  const named = featuresByPlace(db)
  let text = ''
  for (const [place, value] of data.words()) {
    const features = named.get(placeKey(place))
    if (!features || value === 0) continue
    const [first] = features.values()
    const title = printPlace(first?.place ?? place, 0).replace(/\[\d+\]$/, '')
    const half = place.kind === 'msr' && place.half === 'high' ? ' (high)' : ''
    const names = namesOf(value, n => features.get(n)?.name ?? fieldName(place, n))
    text += filled(`${(title + half).padEnd(22)}${hex(value)} `, 32, names)
  }
  return text
}

const namesOf = (value: U32, nameOf: (n: number) => string | undefined): string[] =>
  Array.from({ length: 32 }, (_, n) => n)
    .filter(n => bit(value, n))
    .map(n => nameOf(n) ?? `[${n}]`)

/** The name of a bit that is no feature; of a field of several bits none. */
const fieldName = (place: Place, n: number): string | undefined =>
  place.kind === 'cpuid'
    ? builtinCpuidFields().find(field => field.length === 1 && field.lsb === n && isAt(field, place))?.name
    : undefined

function featuresByPlace(db: Database): Map<string, Map<number, Feature>> {
  const found = new Map<string, Map<number, Feature>>()
  for (const feature of [...db.features.list, ...db.beyond]) {
    const key = placeKey(feature.place)
    const bits = found.get(key) ?? new Map<number, Feature>()
    if (!bits.has(feature.bit)) bits.set(feature.bit, feature)
    found.set(key, bits)
  }
  return found
}

/** The words after `head`, on further lines from column `indent` where they do not fit. */
function filled(head: string, indent: number, names: readonly string[]): string {
  const lines = [head]
  for (const name of names) {
    const line = lines.at(-1) ?? ''
    if (line.length + name.length + 1 > WIDTH && line.trim() !== '')
      lines.push(`${' '.repeat(indent - 1)} ${name}`)
    else lines[lines.length - 1] = `${line} ${name}`
  }
  return `${lines.join('\n')}\n`
}

export const command: Command = {
  spec: {
    name: 'decode',
    description:
      'Name the CPU that a dump is, as libvirt would on that machine: cpuid -r, AIDA64 or InstLatx64, libcpuid, ' +
      'ld.so --list-diagnostics, /dev/cpu/N/cpuid, /proc/cpuinfo, lscpu, <cpudata>, or a definition whose features ' +
      'are to be named anew. Prints the definition of each CPU found, and on stderr what to know about it.',
    options: [
      { ...FILES, help: 'a dump or definition, a directory of them, or - for standard input' },
      {
        name: 'as',
        value: 'kind',
        words: ['host', 'guest'],
        help: 'host as capabilities has it, or guest; absent: guest for what defines a guest on a platform, else host',
      },
      { name: 'bits', help: 'show the registers with the names of their bits' },
      {
        name: 'best',
        help: "let a host's model lack bits, its signature first, and say which (not as libvirt)",
      },
      { name: 'explain', help: 'say why it is this model, and why no other of this silicon' },
      { name: 'json', help: 'the answers as JSON' },
    ],
    example: 'virt-cpu decode examples/fleet/ice-01.xml --explain',
    style: 'own',
  },

  async run(args, session) {
    const as = kindOf(args)
    if (as === 'guest' && args.has('best'))
      throw new UsageError('--best is for hosts: a guest may lack bits as it is')
    const decoder = new Decoder(await openContext(session), as, args, session)
    const skipped: Note[] = []
    let any = false
    await readCpus(args.all('file'), {
      cpu: input => {
        any = true
        decoder.take(input)
      },
      skipped: note => skipped.push(note),
    })
    if (!any) throw new CommandError([`no CPU in ${args.all('file').join(', ')}`])
    await decoder.end(skipped)
    for (const fault of decoder.faults) session.err(`error: ${fault}\n`)
    return decoder.faults.length > 0 ? 2 : 0
  },
}

function kindOf(args: Arguments): 'host' | 'guest' | undefined {
  const as = args.get('as')
  if (as === undefined || as === 'host' || as === 'guest') return as
  throw new UsageError(`--as takes host or guest, not '${as}'`)
}

interface Decoded {
  readonly source: string
  readonly answer: DecodedCpu
  /** Absent: not asked for, the machine is not x86, or the definition is as its platform has it. */
  readonly reasons?: DecodeReasons | undefined
}

/** What of a virtual machine's CPU does not fit together: hypervisors hide and call as they please. */
function misfitsOf(context: Context, dump: DistinctDump, data: CpuBits, source: string): Note[] {
  const { data: words, layer, isOpen, known } = dump
  if (layer === 'offered' || isOpen || known || !words.bit(1, 0, 'ecx', 31)) return []
  const { features, vendor, signature } = data
  const told = { features, vendor: vendor?.name, signature, brand: brandOf(words) }
  return notesOnMisfits(context, told).map(note => ({ ...note, source }))
}

/** Each kind of CPU of a machine by itself. */
function kindsOf(input: NamedCpu): FoundCpu[] {
  if (input.kind === 'dump') return input.dumps.map(dump => ({ kind: 'dump', dumps: [dump] }))
  if (input.kind === 'registers') return input.dumps.map(dump => ({ kind: 'registers', dumps: [dump] }))
  return [input]
}

/** Decodes inputs as they come; what is to be said at the end is kept. */
class Decoder {
  readonly faults: string[] = []
  readonly #context: Context
  /** Absent: each as what it is. */
  readonly #as: 'host' | 'guest' | undefined
  readonly #args: Arguments
  readonly #session: Session
  readonly #notes: Note[] = []
  readonly #answers: Record<string, unknown>[] = []

  constructor(context: Context, as: 'host' | 'guest' | undefined, args: Arguments, session: Session) {
    this.#context = context
    this.#as = as
    this.#args = args
    this.#session = session
  }

  take(input: NamedCpu): void {
    const kinds = kindsOf(input)
    if ((input.kind === 'dump' || input.kind === 'registers') && input.dumps.length > 1) {
      const groups = input.dumps.map(dump => dump.cpus)
      const note =
        input.kind === 'dump'
          ? { kind: 'cpus-differ' as const }
          : ({ kind: 'cores-differ', each: true } as const)
      this.#notes.push({ ...note, source: input.source, groups })
    }
    for (const kind of kinds) this.#print(kind, this.#decode(kind, input.source))
  }

  async end(skipped: readonly Note[]): Promise<void> {
    const notes = [...this.#notes, ...skipped]
    if (!this.#args.has('json')) return printExplanation(this.#session, noteLines(notes))
    const document = { schema: SCHEMA_VERSION, cpus: this.#answers, notes: notes.map(printNote) }
    this.#session.out(`${JSON.stringify(document, null, 2)}\n`)
  }

  #decode(input: FoundCpu, source: string): Decoded | undefined {
    if (input.kind === 'definition')
      this.#notes.push(...(input.notes ?? []).map(text => ({ kind: 'dump', text, source }) as const))
    let data: CpuBits | undefined
    try {
      if (input.kind === 'registers') return this.#machine(input.dumps, source)
      if (input.kind === 'stated' || (input.kind === 'guest' && this.#as !== 'host'))
        return this.#stated(input, source)
      const own = definitionAsItStands(this.#context, input)
      if (own) return { source, answer: definitionAnswer(own, []) }
      const { value, notes: found } = dataOf(this.#context, input, source)
      data = value
      const options = { as: this.#as, best: this.#args.has('best'), source }
      const cpu = decodeBits(this.#context, value, options)
      const warnings =
        input.kind === 'dump'
          ? input.dumps.flatMap(dump => [
              ...notesOf(dump, source),
              ...misfitsOf(this.#context, dump, value, source),
            ])
          : found
      const notes = [...warnings, ...lacks(this.#context, value, cpu, options)]
      this.#notes.push(...notes)
      const reasons = this.#args.has('explain') ? decodeReasons(this.#context, value, cpu) : undefined
      return { source, answer: answer(cpu, value, notes), reasons }
    } catch (error) {
      if (!(error instanceof LibvirtError || error instanceof ParseError)) throw error
      const hint = error instanceof LibvirtError ? this.#hintOn(error, input, data) : ''
      this.faults.push(error instanceof ParseError ? error.message : `${source}: ${error.message}${hint}`)
      if (input.kind === 'registers' && !this.#args.has('best')) this.#name(input.dumps, source)
      return undefined
    }
  }

  /** What to do about an error of libvirt's. */
  #hintOn(error: LibvirtError, input: FoundCpu, data: CpuBits | undefined): string {
    if (!data || !error.message.endsWith(NO_MODEL)) return hintOnError(this.#context, error)
    if (input.kind === 'definition' && child(input.element, 'model') === undefined)
      return ': the guest has the CPU of its host, which the definition does not say: decode that host'
    const nearest = decodeBits(this.#context, data, { best: true, as: 'host' })
    const [lacking] = lacks(this.#context, data, nearest, { best: true })
    const names = lacking?.kind === 'model-lacks' ? lacking.features.map(({ feature }) => feature) : []
    return `: the nearest is ${nearest.model}, of which it lacks ${fewNames(names)}; --best takes it, --as guest turns these off`
  }

  /** Notes what a machine is that libvirt does not name. */
  #name(dumps: readonly RegisterDump[], source: string): void {
    try {
      const { model } = machineOf(this.#context, dumps, true).value
      if (model !== undefined) this.#notes.push({ kind: 'core-unnamed', best: model, source })
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error
    }
  }

  /** What a platform says of a host or a guest. */
  #stated(input: FoundCpu & { readonly kind: 'stated' | 'guest' }, source: string): Decoded {
    const { value, notes } =
      input.kind === 'guest'
        ? cpuOfGuest(this.#context, input, source)
        : cpuOfStatements(this.#context, input.statements, { as: this.#as, source })
    this.#notes.push(...notes)
    const { cpu, data } = value
    return {
      source,
      answer: definitionAnswer(cpu, notes, data?.signature),
      ...(data && { reasons: decodeReasons(this.#context, data, cpu) }),
    }
  }

  /** A machine that is not x86. */
  #machine(dumps: readonly RegisterDump[], source: string): Decoded {
    const { value, notes } = machineOf(this.#context, dumps, this.#args.has('best'), source)
    this.#notes.push(...notes)
    return { source, answer: definitionAnswer(value, notes) }
  }

  #print(input: FoundCpu, decoded: Decoded | undefined): void {
    if (!decoded) return
    const { source, answer, reasons } = decoded
    if (this.#args.has('json')) {
      const explain = reasons && { explain: reasons }
      this.#answers.push({ source, ...answer, notes: answer.notes.map(printNote), ...explain })
      return
    }
    this.#session.out(`${answer.xml}\n`)
    if (this.#args.has('bits') && input.kind === 'dump')
      for (const { data } of input.dumps) this.#session.out(printBits(this.#context.db, data))
    if (reasons) this.#session.err(`${source}: ${describeDecode(reasons).join('\n')}\n`)
  }
}
