import type { Cpu } from '../../src/core/cpu.ts'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import type { Context } from '../../src/questions/context.ts'
import type { Member } from '../../src/questions/input/fleet/member.ts'
import { membersOfText } from '../../src/questions/input/fleet/read-members.ts'
import { parseCpus } from '../../src/questions/input/parse-cpus.ts'
import { describeNote } from '../../src/questions/words/describe.ts'
import type { Note } from '../../src/questions/words/note.ts'

/** What a text holds. */
export interface Document {
  /** What it tells of a fleet. */
  readonly members: readonly Member[]
  /** Why it can be part of none; empty: it can. */
  readonly fault: string
  /** That is nobody's fault: fleets are not told of its architecture. */
  readonly elsewhere: boolean
  /** The CPUs in it, as the baseline takes them. */
  readonly definitions: readonly Definition[]
  readonly notes: readonly string[]
  /** The same for equal texts, and for no others. */
  readonly hash: string
}

interface Definition {
  readonly cpu: Cpu
  /** The number of the member that it defines, from 0; absent: it is part of no fleet. */
  readonly member?: number
}

/** Documents by their text: of ten thousand hosts most are alike. */
export class Documents {
  readonly #context: Context
  readonly #known = new Map<string, Document>()

  constructor(context: Context) {
    this.#context = context
  }

  /** @throws ParseError, LibvirtError for a text of which nothing can be used */
  read(text: string, source: string): Document {
    const known = this.#known.get(text)
    if (known) return known
    const told = this.#membersOf(text, source)
    const { members } = told
    const found = this.#definitionsOf(text, source, members)
    const definitions = withMembers(
      found.map(({ cpu }) => cpu),
      members,
    )
    // What there is to note of a member the fleet's reader says.
    const alone = found.filter((_, i) => definitions[i]?.member === undefined)
    const notes = alone.flatMap(one => one.notes.map(nameless))
    const document = { ...told, definitions, notes, hash: `${this.#known.size}` }
    this.#known.set(text, document)
    return document
  }

  #membersOf(text: string, source: string): Pick<Document, 'members' | 'fault' | 'elsewhere'> {
    try {
      return { members: membersOfText(this.#context, text, source), fault: '', elsewhere: false }
    } catch (error) {
      const elsewhere = error instanceof LibvirtError && error.kind === 'no-support'
      return { members: [], fault: messageOf(error), elsewhere }
    }
  }

  /** What only a fleet can use, such as what a hypervisor replied, defines no CPU. */
  #definitionsOf(text: string, source: string, members: readonly Member[]): ReturnType<typeof parseCpus> {
    try {
      return parseCpus(this.#context, text, 'host', source)
    } catch (error) {
      if (members.length > 0) return []
      throw error
    }
  }
}

/** A guest whose definition has no `<cpu>` is a member, and has no definition. */
function withMembers(cpus: readonly Cpu[], members: readonly Member[]): Definition[] {
  const defined = members.flatMap(({ notes }, member) =>
    notes.some(({ kind }) => kind === 'guest-default-cpu') ? [] : [member],
  )
  if (defined.length !== cpus.length) return cpus.map(cpu => ({ cpu }))
  return cpus.map((cpu, i) => ({ cpu, member: defined[i] ?? 0 }))
}

/** Equal texts have other names. */
const nameless = ({ source: _, ...note }: Note): string => describeNote(note as Note)

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
