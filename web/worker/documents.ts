import type { Cpu } from '../../src/core/cpu.ts'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { readText } from '../../src/formats/dialects.ts'
import type { Found } from '../../src/formats/found.ts'
import { joinCpus } from '../../src/formats/libvirt/find-cpus.ts'
import type { Context } from '../../src/questions/context.ts'
import { definitionOf } from '../../src/questions/input/definition-of.ts'
import type { Member } from '../../src/questions/input/fleet/members.ts'
import { membersOf } from '../../src/questions/input/fleet/read-members.ts'
import { describeNote } from '../../src/questions/words/describe.ts'
import type { Note, Noted } from '../../src/questions/words/note.ts'

/** The content of a text. */
export interface PageDocument {
  /** Its hosts and guests. */
  readonly members: readonly Member[]
  /** Why it cannot be part of a fleet; empty: it can. */
  readonly error: string
  /** Fleets do not support its architecture: a note, not an error. */
  readonly unsupported: boolean
  /** The CPUs in it, for the baseline. */
  readonly definitions: readonly Definition[]
  readonly notes: readonly string[]
  /** Equal for equal texts only. */
  readonly hash: string
}

interface Definition {
  readonly cpu: Cpu
  /** The index of the member that it defines; missing: it is not part of the fleet. */
  readonly member?: number
}

/** The identifier in what `virsh capabilities` prints. */
const UUID = /<uuid>([\w-]+)<\/uuid>/

/** Reads texts, each different text once: most of ten thousand hosts have texts that are equal but for an identifier. */
export class Documents {
  readonly #context: Context
  readonly #known = new Map<string, PageDocument>()
  /** Of hosts, by their texts without the identifier. */
  readonly #hosts = new Map<string, PageDocument>()
  /** By their documents' `hash`. */
  readonly #texts: string[] = []

  constructor(context: Context) {
    this.#context = context
  }

  /** The text of a document that was read here. */
  textOf({ hash }: PageDocument): string {
    return this.#texts[Number(hash)] ?? ''
  }

  /** @throws ParseError, LibvirtError for a text without any usable CPU */
  read(text: string, source: string): PageDocument {
    const known = this.#known.get(text)
    if (known) return known
    const [all = '', uuid] = UUID.exec(text) ?? []
    const rest = text.replace(all, '')
    const like = uuid === undefined ? undefined : this.#hosts.get(rest)
    const read = like ? withUuid(like, uuid) : this.#readNew(text, source)
    const document = { ...read, hash: `${this.#texts.push(text) - 1}` }
    this.#known.set(text, document)
    if (isHost(document, uuid)) this.#hosts.set(rest, document)
    return document
  }

  #readNew(text: string, source: string): Omit<PageDocument, 'hash'> {
    const content = readText(text, source, { hosts: true })
    const found = this.#readMembers(content, source)
    const { members } = found
    const cpus = this.#readDefinitions(content, source, members)
    const definitions = pairWithMembers(
      cpus.map(({ value }) => value),
      members,
    )
    // The notes on members come from the fleet's reader.
    const unpaired = cpus.filter((_, i) => definitions[i]?.member === undefined)
    const notes = unpaired.flatMap(one => one.notes.map(describeWithoutSource))
    return { ...found, definitions, notes }
  }

  #readMembers(
    content: readonly Found[],
    source: string,
  ): Pick<PageDocument, 'members' | 'error' | 'unsupported'> {
    try {
      const members = content.flatMap(found => membersOf(this.#context, found, source))
      return { members, error: '', unsupported: false }
    } catch (error) {
      const unsupported = error instanceof LibvirtError && error.kind === 'no-support'
      return { members: [], error: messageOf(error), unsupported }
    }
  }

  /** Some texts are for fleets only, such as a hypervisor's replies: they define no CPU. */
  #readDefinitions(content: readonly Found[], source: string, members: readonly Member[]): Noted<Cpu>[] {
    try {
      return joinCpus(content).map(cpu => definitionOf(this.#context, { ...cpu, source }, 'host'))
    } catch (error) {
      if (members.length > 0) return []
      throw error
    }
  }
}

/** Whether it is of one host that has this identifier, without a word about it that names its source. */
const isHost = ({ members: [one, ...others] }: PageDocument, uuid: string | undefined): boolean =>
  uuid !== undefined && others.length === 0 && one?.kind === 'host' && one.facts.uuid === uuid

/** The document of a host that differs in its identifier alone. */
const withUuid = (like: PageDocument, uuid: string | undefined): PageDocument => ({
  ...like,
  members: like.members.map(one => (one.kind === 'host' ? { ...one, facts: { ...one.facts, uuid } } : one)),
})

/** A guest without `<cpu>` is a member without a definition. */
function pairWithMembers(cpus: readonly Cpu[], members: readonly Member[]): Definition[] {
  const defined = members.flatMap(({ notes }, member) =>
    notes.some(({ kind }) => kind === 'guest-default-cpu') ? [] : [member],
  )
  if (defined.length !== cpus.length) return cpus.map(cpu => ({ cpu }))
  return cpus.map((cpu, i) => ({ cpu, member: defined[i] ?? 0 }))
}

/** Equal texts have several sources. */
const describeWithoutSource = ({ source: _, ...note }: Note): string => describeNote(note as Note)

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
