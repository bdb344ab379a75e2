import type { GuestCpu, HostCpu, NamedRegisters } from '../core/cpu.ts'
import type { Cpuid } from '../core/cpuid.ts'
import type { Layer } from '../core/evidence.ts'
import type { Signature } from '../core/model.ts'
import type { Vocabulary } from '../map/vocabulary.ts'
import type { Element } from '../xml/element.ts'
import type { JsonDocument } from './json/json.ts'

/** What a text in some dialect holds: one thing that a question can use. */
export type Found = FoundThing & Around

interface Around {
  /** The name of the dialect; absent: libvirt's XML. */
  readonly dialect?: string | undefined
  /** What the text around it calls its machine: a prefix, a head or a prompt. */
  readonly called?: string | undefined
  /** What the reader should know of how the text was read, one sentence each. */
  readonly notes?: readonly string[] | undefined
  /** The host's report that it stands in: what else stands there is of the same host, or a guest that runs on it. */
  readonly report?: HostReport | undefined
}

/** A text, or a part of one, that is of one host. Equal only to itself. */
export interface HostReport {
  /** What the host calls itself. */
  readonly name?: string | undefined
}

type FoundThing =
  | CpuThing
  /** A document of libvirt's, by its top-level element. `cpusOf` returns the CPUs in it. */
  | {
      readonly kind: 'document'
      readonly element: Element
      /** Of capabilities that stand as libvirt prints them: what is the host's own. */
      readonly printed?: PrintedHost | undefined
    }
  /** A recorded conversation with QEMU, which describes a hypervisor and no CPU of its own. */
  | { readonly kind: 'conversation'; readonly messages: readonly JsonDocument[] }
  | Statement
  | FoundGuest

/** What a host's capabilities hold of its own, where they were read without a tree. */
export interface PrintedHost {
  readonly uuid: string
  readonly cpu: HostCpu
  /** The same object where all else is equal. */
  readonly frame: object
}

/** What a platform's document says of one host, in feature names; what the CPU is called counts as said there. */
export interface Statement {
  readonly kind: 'statement'
  readonly layer: Exclude<Layer, 'defined' | 'running'>
  /** libvirt's name of the architecture. */
  readonly arch: string
  /** Whose names `present` and `absent` are. */
  readonly vocabulary: Vocabulary
  readonly present: readonly string[]
  /** What the document says is missing. */
  readonly absent?: readonly string[] | undefined
  /** Whether a word of the vocabulary that is in neither list is absent; else nothing is known of it. */
  readonly complete: boolean
  /** What the document itself calls the host. */
  readonly name?: string | undefined
  readonly uuid?: string | undefined
  readonly pool?: string | undefined
  readonly vendor?: string | undefined
  /** libvirt's or QEMU's name of the host's model, where the platform names one. */
  readonly model?: string | undefined
  readonly signature?: Signature | undefined
  /** The name of the product: `AMD EPYC 7543 32-Core Processor`. */
  readonly brand?: string | undefined
  readonly microcode?: number | undefined
  readonly cpus?: number | undefined
  readonly physBits?: number | undefined
  readonly kernel?: string | undefined
  readonly hypervisor?: string | undefined
  /** Models that guests may be given there, each with what blocks it (undefined: it is usable). */
  readonly models?: ReadonlyMap<string, readonly string[] | 'unknown' | undefined> | undefined
  /** Models that the emulator has a name for, where nothing says which of them the host can run. */
  readonly emulatorModels?: readonly string[] | undefined
  /** The labels by which a scheduler finds a host for guests, as written. */
  readonly labels?: ReadonlySet<string> | undefined
  /** Status by name, as `/sys/devices/system/cpu/vulnerabilities` has it. */
  readonly vulnerabilities?: Readonly<Record<string, string>> | undefined
  /** What `mitigations=` of its kernel's command line says. */
  readonly mitigations?: string | undefined
  /** What the reader should know of how the text was read, one sentence each. */
  readonly notes?: readonly string[] | undefined
}

/** What a document says of a host beside its CPU's features. */
export type StatedFacts = Pick<
  Statement,
  'uuid' | 'microcode' | 'cpus' | 'physBits' | 'kernel' | 'hypervisor' | 'vulnerabilities' | 'mitigations'
>

/** A guest that a platform's document defines (`defined`) or reports as it runs (`running`). */
export interface FoundGuest {
  readonly kind: 'guest'
  readonly layer: 'defined' | 'running'
  /** As libvirt would define it: mode, model, and features with policies, in libvirt's names. */
  readonly cpu: GuestCpu
  readonly name?: string | undefined
  readonly uuid?: string | undefined
  /** The host that it runs on. */
  readonly host?: string | undefined
  /** The labels that its scheduler wants of any host it is to move to. */
  readonly selectors?: readonly string[] | undefined
  /** It is a model of the platform's own, which guests are of by its name, and no guest. */
  readonly isModel?: true | undefined
  readonly vcpus?: number | undefined
  readonly notes?: readonly string[] | undefined
}

/**
 * One CPU: a definition, what a machine says of its logical CPUs, which may be of several kinds, or what a platform
 * says of a host or a guest.
 */
export type FoundCpu = (CpuThing | FoundGuest | StatedHost) & Around

/** What parts of a text state of one host, which may speak of several layers; never empty. */
interface StatedHost {
  readonly kind: 'stated'
  readonly statements: readonly Statement[]
}

type CpuThing =
  /** A host definition that was read without building a tree, because it stands exactly as libvirt prints it. */
  | { readonly kind: 'host'; readonly cpu: HostCpu }
  /** A `<cpu>` element; how it is read depends on the question. */
  | {
      readonly kind: 'definition'
      readonly element: Element
      /** libvirt's name of the architecture that the document around it says; absent: it does not say. */
      readonly arch?: string | undefined
    }
  /** CPUID words of an x86 machine. */
  | { readonly kind: 'dump'; readonly dumps: readonly DistinctDump[] }
  /** Named registers of another architecture. */
  | { readonly kind: 'registers'; readonly dumps: readonly RegisterDump[] }

/** A CPU and what messages call it. */
export type NamedCpu = FoundCpu & { readonly source: string }

/** Logical CPUs of an x86 machine that have equal words, apart from volatile ones. */
export interface DistinctDump {
  /** The words of the first of them. */
  readonly data: Cpuid
  /** Their labels in the text, in its order; a CPU without a label is named by its number, from 0. */
  readonly cpus: readonly string[]
  /** What the source contradicts itself about, or cannot say. */
  readonly notes: readonly string[]
  /** Words of a list that name nothing we know, in its vocabulary. */
  readonly unknown?: readonly string[] | undefined
  /** What the machine's document speaks of; absent: the hardware. */
  readonly layer?: Statement['layer'] | undefined
  /** The words were made of a list of names: only features with a name in it are known. Absent: all CPUID words are. */
  readonly vocabulary?: Vocabulary | undefined
  /** The list of names may have been longer: what is not in it is unknown. */
  readonly isOpen?: boolean | undefined
  /** The bits that the source tells of, set in these words; of all others nothing is known. Absent: all. */
  readonly known?: Cpuid | undefined
  readonly name?: string | undefined
  readonly facts?: StatedFacts | undefined
}

/** Logical CPUs of a machine that is not x86, with equal registers. */
export interface RegisterDump {
  /** libvirt's name of the architecture. */
  readonly arch: string
  readonly registers: NamedRegisters
  /** The numbers of the CPUs, as written. */
  readonly cpus: readonly string[]
  /** What the source cannot say. Absent: nothing. */
  readonly notes?: readonly string[]
}

/** The words of one logical CPU. */
export const foundData = (data: Cpuid): Found => ({
  kind: 'dump',
  dumps: [{ data, cpus: ['0'], notes: [] }],
})

/** An input dialect: one form of text in which CPUs, guests or hypervisors are described. */
export interface Dialect {
  /** A short name, for tests and messages. */
  readonly name: string
  /** What people call it. */
  readonly title: string
  /** Of a dialect of guests: the command whose output describes hosts of their platform; absent: libvirt's. */
  readonly hostsBy?: string
  /** No libvirt runs on hosts of its platform: `hostsBy` says what they give. */
  readonly withoutLibvirt?: true
  /** Whether a text is in this dialect, judging by a mark that no other dialect has. */
  sniff(text: string): boolean
  /**
   * Everything that the text holds, in its order; empty where it holds nothing of use.
   * @param source what errors call the text
   * @throws ParseError for a text that breaks the rules of the dialect; LibvirtError for a bad `<cpudata>`
   */
  read(text: string, source: string, options?: ReadOptions): Found[]
}

export interface ReadOptions {
  /** Whether hosts that stand as libvirt prints them may come already read (kind `host`), which is faster. */
  readonly hosts?: boolean | undefined
}
