import type { Cpu } from '../../src/core/cpu.ts'
import type { Database } from '../../src/database/database.ts'
import type { Context } from '../../src/verbs/context.ts'
import type { HostFacts } from '../../src/verbs/fleet/member.ts'
import { hostOfCpu } from '../../src/verbs/fleet/read-host.ts'
import { membersOfText } from '../../src/verbs/fleet/read-members.ts'
import type { Note } from '../../src/verbs/note.ts'
import { parseCpus } from '../../src/verbs/parse-cpus.ts'
import { say } from '../../src/verbs/say.ts'

/** A CPU that a document holds. */
export interface Found {
  /** Its definition, as the baseline takes it. */
  readonly cpu: Cpu
  /** What it is to the fleet; absent where it cannot be part of one. */
  readonly facts: HostFacts | undefined
  /** Why not. */
  readonly fault: string
  readonly notes: readonly string[]
}

/** Documents by their text: of ten thousand hosts most are alike. */
export class Documents {
  readonly #context: Context
  readonly #known = new Map<string, readonly Found[]>()

  constructor(db: Database) {
    this.#context = { db }
  }

  /** The CPUs of a text; none is an answer. @throws ParseError, LibvirtError */
  read(text: string, source: string): readonly Found[] {
    const known = this.#known.get(text)
    if (known) return known
    const definitions = parseCpus(this.#context, text, 'host', source)
    const hosts = this.#hostsOf(text)
    const alike = hosts.length === definitions.length
    const found = definitions.map(({ cpu, notes }, i) =>
      this.#found(cpu, notes, alike ? hosts[i] : undefined),
    )
    this.#known.set(text, found)
    return found
  }

  /** What the fleet's reader makes of the text: more than a definition says, where it is a dump. */
  #hostsOf(text: string): HostFacts[] {
    try {
      return membersOfText(this.#context, text).flatMap(member =>
        member.kind === 'host' ? member.facts : [],
      )
    } catch {
      return [] // said of the definition
    }
  }

  #found(cpu: Cpu, notes: readonly Note[], facts: HostFacts | undefined): Found {
    const told = notes.map(nameless)
    try {
      const member = hostOfCpu(this.#context, cpu)
      const known = member.kind === 'host' ? member.facts : undefined
      return { cpu, facts: facts ?? known, fault: '', notes: [...told, ...member.notes.map(nameless)] }
    } catch (error) {
      return { cpu, facts: undefined, fault: messageOf(error), notes: told }
    }
  }
}

const nameless = ({ source: _, ...note }: Note): string => say(note as Note)

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
