import { ARCH_NAMES, type CpuFeature, type HostCpu, type Topology } from '../../core/cpu.ts'
import { intern, TextMemo } from '../../core/memo.ts'
import { ParseError } from '../../core/parse-error.ts'
import { children, type Element } from '../../xml/element.ts'
import { parseAll, parseXml } from '../../xml/reader.ts'
import type { Found, PrintedHost } from '../found.ts'

// Over 150 lines: a definition and the capabilities around it are recognised by the same patterns of libvirt's printer.

const START = '<cpu>\n'
const AFTER = "'/>"

const number = '([1-9][0-9]{0,8}|0)'
const positive = '([1-9][0-9]{0,8})'

/** How a definition stands at some indentation. */
interface Printed {
  readonly end: string
  readonly before: string
  /** What stands between the names of two features. */
  readonly between: string
  readonly pages: string
  /** What stands before the features, in the order in which libvirt prints it. */
  readonly head: RegExp
}

const printedAt = (indent: string): Printed => ({
  end: `\n${indent}</cpu>\n`,
  before: `\n${indent}  <feature name='`,
  between: `${AFTER}\n${indent}  <feature name='`,
  pages: `\n${indent}  <pages unit='KiB' size='`,
  head: new RegExp(
    [
      '^<cpu>\n  <arch>([a-z0-9_]+)</arch>\n  <model>([A-Za-z0-9_.-]+)</model>',
      '(?:\n  <vendor>([A-Za-z0-9 ]*[A-Za-z0-9])</vendor>)?',
      `(?:\n  <microcode version='${number}'/>)?`,
      `(?:\n  <signature family='${positive}' model='${number}' stepping='${number}'/>)?`,
      "(?:\n  <counter name='tsc' frequency='([1-9][0-9]{0,17})'(?: scaling='(yes|no)')?/>)?",
      `(?:\n  <topology sockets='${positive}'(?: dies='${positive}')?(?: clusters='${positive}')? cores='${positive}' threads='${positive}'/>)?`,
      `(?:\n  <maxphysaddr mode='emulate' bits='${number}'/>)?$`,
    ]
      .join('')
      .replaceAll('\n', `\n${indent}`),
  ),
})

/** By itself, as `cpu-baseline` takes it. */
const ALONE = printedAt('')
/** In what `virsh capabilities` prints. */
const INSIDE = printedAt('    ')

interface ReadHost {
  readonly cpu: HostCpu
  readonly lines: number
}

/** A definition that was read, and where what follows it begins. */
interface HostAt extends ReadHost {
  readonly next: number
}

/**
 * Reads host definitions that stand exactly as libvirt prints them, one after the other: what most pools are
 * made of. The engine's own string functions do most of the work, so it is fast from the first document on.
 * What differs in anything, be it a blank, is not taken: it is for the XML reader to say what it means.
 */
export class HostText {
  /** How many lines were read. */
  lines = 0
  readonly #printed: Printed
  /** What stands before the features mostly recurs; the one met last. */
  #head: { readonly text: string; readonly host: HostCpu } | undefined

  constructor(printed: Printed = ALONE) {
    this.#printed = printed
  }

  /** The definition at `at`; undefined where there is none, or not all of it. */
  read(text: string, at: number): HostAt | undefined {
    const { end: END, before } = this.#printed
    const again = definitions.findNext(text, at)
    if (again) return this.#took(again.value, at + again.text.length)
    if (!text.startsWith(START, at)) return undefined
    const end = text.indexOf(END, at)
    if (end < 0) return undefined
    const next = end + END.length
    const first = text.indexOf(before, at)
    const head = text.slice(at, first < 0 || first > end ? end : first)
    const known = definitions.find(head, text, at, next)
    if (known) return this.#took(known.value, next)
    const read = this.#readNew(head, text, at + head.length, end)
    if (read) definitions.add(head, text, at, next, read)
    return read && this.#took(read, next)
  }

  /** Hands over the definitions from `at` on, as long as nothing else comes; answers where that is. */
  readAll(text: string, at: number, take: (cpu: HostCpu) => void): number {
    let next = at
    for (let found = this.read(text, next); found; found = this.read(text, next)) {
      take(found.cpu)
      next = found.next
    }
    return next
  }

  /** Whether more text behind it could make a definition of what stands at the front of `text`. */
  expects(text: string): boolean {
    const begun = text.length < START.length ? START.startsWith(text) : text.startsWith(START)
    return begun && text.length < LONG && !text.includes(this.#printed.end)
  }

  #took({ cpu, lines }: ReadHost, next: number): HostAt {
    this.lines += lines
    return { cpu, lines, next }
  }

  #readNew(head: string, text: string, from: number, end: number): ReadHost | undefined {
    const host = this.#hostOf(head)
    const to = host && this.#endOfFeatures(text, from, end)
    const features = to === undefined ? undefined : this.#featuresIn(text, from, to)
    if (!host || to === undefined || !features) return undefined
    const pages = to === end ? 0 : linesIn(text.slice(to, end))
    const lines = linesOf(host) + features.length + pages
    return { cpu: { ...host, features }, lines }
  }

  /** Where the sizes of pages begin, which capabilities have behind the features. */
  #endOfFeatures(text: string, from: number, end: number): number {
    let to = end
    for (let line = to; line > from; ) {
      line = text.lastIndexOf('\n', to - 1)
      if (!text.startsWith(this.#printed.pages, line) || !PAGES.test(text.slice(line, to))) break
      to = line
    }
    return to
  }

  #hostOf(text: string): HostCpu | undefined {
    if (this.#head?.text !== text) {
      const host = parseHead(this.#printed, text)
      if (!host) return undefined
      this.#head = { text: ` ${text}`.slice(1), host }
    }
    return this.#head?.host
  }

  /** Equal lists are one: hosts that differ in the rate of their clock have the same features. */
  #featuresIn(text: string, from: number, to: number): readonly CpuFeature[] | undefined {
    if (from === to) return NONE
    const middle = (from + to) >> 1
    const key = `${to - from} ${text.slice(middle, middle + 32)}`
    const known = lists.find(key, text, from, to)
    if (known) return known.value
    const { before, between } = this.#printed
    if (!text.startsWith(AFTER, to - AFTER.length)) return undefined
    const names = text.slice(from + before.length, to - AFTER.length).split(between)
    const features = featuresOf(names)
    if (features) lists.add(key, text, from, to, features)
    return features
  }
}

const PAGES = /^\n *<pages unit='KiB' size='[0-9]+'\/>$/

const NONE: readonly CpuFeature[] = []

/** How many lines a host without features takes. */
const linesOf = ({ vendor, microcode, signature, tsc, topology, maxphysaddr }: HostCpu): number =>
  4 + [vendor, microcode, signature, tsc, topology, maxphysaddr].filter(part => part !== undefined).length

const linesIn = (text: string): number => text.split('\n').length - 1

/** Of hundreds of thousands of hosts most have definitions that are equal to others', by their heads. */
const definitions = new TextMemo<ReadHost>(2 ** 21)
/** Lists of features, by their lengths and what stands in their middle. */
const lists = new TextMemo<readonly CpuFeature[]>(2 ** 21)

/** The host that a text is, where it is nothing but one that stands as libvirt prints it. */
export function readPrintedHost(text: string): HostCpu | undefined {
  const whole = text.endsWith('\n') ? text : `${text}\n`
  const found = new HostText().read(whole, 0)
  return found?.next === whole.length ? found.cpu : undefined
}

/** Undefined where a name is odd or comes twice. */
function featuresOf(names: readonly string[]): CpuFeature[] | undefined {
  const document = ++documents
  const features: CpuFeature[] = []
  let last: Listed | undefined
  for (const name of names) {
    // The feature that followed last time, or the one after it: hosts leave out features, and keep their order.
    let listed = last?.next
    if (listed?.name !== name) listed = listed?.next
    if (listed?.name !== name) {
      listed = known.get(name) ?? learn(name)
      if (last && listed) last.next = listed
    }
    if (!listed || listed.document === document) return undefined
    listed.document = document
    features.push(listed)
    last = listed
  }
  return features
}

/** The features that hosts listed so far, whichever reader met them. */
const known = new Map<string, Listed>()
/** How many lists were read. */
let documents = 0

function learn(name: string): Listed | undefined {
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) return undefined
  if (known.size > MOST) known.clear()
  const listed: Listed = { name: intern(name), document: 0, next: undefined }
  known.set(listed.name, listed)
  return listed
}

const MOST = 4096
/** A document that does not end within this is for the XML reader to read, or to refuse. */
const LONG = 1 << 16

/** A feature as hosts list it, shared by all of them. */
interface Listed extends CpuFeature {
  /** The number of the list that had it last. */
  document: number
  next: Listed | undefined
}

function parseHead({ head }: Printed, text: string): HostCpu | undefined {
  const found = head.exec(text)
  const [, arch = '', model = '', vendor, microcode, family, silicon, stepping, rate, scaling, ...rest] =
    found ?? []
  if (!found || !ARCH_NAMES.has(arch)) return undefined
  const [sockets, dies, clusters, cores, threads, bits] = rest
  return {
    type: 'host',
    // Slices would keep the text that they are of.
    arch: intern(arch),
    model: intern(model),
    vendor: vendor && intern(vendor),
    microcode: microcode === undefined ? undefined : Number(microcode),
    signature: family
      ? { family: Number(family), model: Number(silicon), stepping: Number(stepping) }
      : undefined,
    tsc: rate
      ? { frequency: BigInt(rate), scaling: scaling === undefined ? undefined : scaling === 'yes' }
      : undefined,
    topology: sockets
      ? topologyOf([sockets, dies ?? 1, clusters ?? 1, cores, threads].map(Number))
      : undefined,
    maxphysaddr: bits ? { mode: 'emulate', bits: Number(bits) } : undefined,
    features: [],
  }
}

const topologyOf = ([
  sockets = 1,
  dies = 1,
  clusters = 1,
  cores = 1,
  threads = 1,
]: readonly number[]): Topology => ({
  sockets,
  dies,
  clusters,
  cores,
  threads,
})

/** Capabilities of a host up to its CPU. What stands between is the identifier. */
const BEGINNING =
  /^(<capabilities>\n\n? {2}<host>\n {4}<uuid>)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(<\/uuid>\n {4})$/
const CAPABILITIES = '<capabilities>\n'
const CPU = '\n    <cpu>\n'
const END = '\n</capabilities>\n'
/** In place of the CPU while the rest is read. */
const HOLE = '<cpu/>\n'
/** What may say how the text around it is to be read, or is no plain text. */
const ODD = /<[!?]|xmlns|<cpu\/>|[^\n\x20-\x25\x27-\x7e]/
/** As `LONG`: those of a large machine list each of its CPUs, and each machine type. */
const LONG_CAPABILITIES = 1 << 20

/**
 * Capabilities of a host without its identifier and its CPU: what is around them is read once for all hosts where it is
 * equal.
 */
interface Frame {
  readonly top: Element
  readonly host: Element
  readonly lines: number
}

const frames = new TextMemo<Frame>(2 ** 21)

/** Reads what `virsh capabilities` prints, one after the other: as `HostText`, and what is around the CPU by itself. */
class CapabilitiesText {
  readonly #host = new HostText(INSIDE)

  /** The capabilities at `at`; undefined where there are none, or not all of them. */
  read(text: string, at: number): FoundAt | undefined {
    if (!text.startsWith(CAPABILITIES, at)) return undefined
    const end = text.indexOf(END, at) + END.length
    const cpuAt = end < END.length ? -1 : text.indexOf(CPU, at) + CPU.length - START.length
    if (cpuAt < at || cpuAt > end) return undefined
    const [, before = '', uuid, after = ''] = BEGINNING.exec(text.slice(at, cpuAt)) ?? []
    const host = uuid === undefined ? undefined : this.#host.read(text, cpuAt)
    if (uuid === undefined || !host || host.next > end - END.length + 1) return undefined
    const beginning = before + after
    const frame =
      frames.find(beginning, text, host.next, end)?.value ?? learnFrame(beginning, text, host.next, end)
    if (!frame) return undefined
    const own = { uuid: ` ${uuid}`.slice(1), cpu: host.cpu, frame }
    const element = new PrintedCapabilities(own, text.slice(cpuAt, host.next))
    const found: Found = { kind: 'document', element, printed: own }
    return { found, next: end, lines: linesIn(beginning) + host.lines + frame.lines }
  }

  expects(text: string): boolean {
    const begun =
      text.length < CAPABILITIES.length ? CAPABILITIES.startsWith(text) : text.startsWith(CAPABILITIES)
    return begun && text.length < LONG_CAPABILITIES && !text.includes(END)
  }
}

interface FoundAt {
  readonly found: Found
  readonly next: number
  readonly lines: number
}

/** Undefined where it is not all plain, or not one host with one identifier and one CPU. */
function learnFrame(beginning: string, text: string, at: number, end: number): Frame | undefined {
  const rest = text.slice(at, end)
  if (ODD.test(rest)) return undefined
  const [top, ...more] = elementsOf(beginning + HOLE + rest)
  const [host, ...others] = top ? children(top, 'host') : []
  if (!top || !host || more.length + others.length > 0) return undefined
  if (['uuid', 'cpu'].some(name => children(host, name).length !== 1)) return undefined
  const frame = { top, host, lines: linesIn(rest) }
  frames.add(beginning, text, at, end, frame)
  return frame
}

function elementsOf(text: string): Element[] {
  try {
    return parseAll(text)
  } catch (error) {
    if (error instanceof ParseError) return []
    throw error
  }
}

/** The element of capabilities that were read without a tree: it is made where somebody looks into it. */
class PrintedCapabilities implements Element {
  readonly name = 'capabilities'
  readonly attributes: Element['attributes']
  readonly #own: PrintedHost & { readonly frame: Frame }
  readonly #cpu: string
  #content: Element['content'] | undefined

  constructor(own: PrintedHost & { readonly frame: Frame }, cpu: string) {
    this.attributes = own.frame.top.attributes
    this.#own = own
    this.#cpu = cpu
  }

  get content(): Element['content'] {
    this.#content ??= this.#made()
    return this.#content
  }

  #made(): Element['content'] {
    const { uuid, frame } = this.#own
    const cpu = parseXml(this.#cpu)
    const filled = { ...frame.host, content: frame.host.content.map(part => fill(part)) }
    return frame.top.content.map(part => (part === frame.host ? filled : part))

    function fill(part: Element | string): Element | string {
      if (typeof part === 'string') return part
      if (part.name === 'cpu') return cpu
      return part.name === 'uuid' ? { ...part, content: [uuid] } : part
    }
  }
}

/** Reads hosts that stand as libvirt prints them, by themselves or in capabilities. */
export class PrintedHosts {
  /** How many lines were read. */
  lines = 0
  readonly #host = new HostText()
  readonly #capabilities = new CapabilitiesText()

  /** Hands over hosts from the front of `text`, as long as nothing else comes; answers where that is. */
  readAll(text: string, take: (found: Found) => void): number {
    for (let next = 0; ; ) {
      // `virsh` ends what it prints with an empty line.
      for (; this.lines > 0 && text.startsWith('\n', next); next++) this.lines++
      const found = this.#read(text, next)
      if (!found) return next
      take(found.found)
      this.lines += found.lines
      next = found.next
    }
  }

  /** Whether more text behind it could make a host of what stands at the front of `text`. */
  expects(text: string): boolean {
    return this.#host.expects(text) || this.#capabilities.expects(text)
  }

  #read(text: string, at: number): FoundAt | undefined {
    const host = this.#host.read(text, at)
    if (host) return { found: { kind: 'host', cpu: host.cpu }, next: host.next, lines: host.lines }
    return this.#capabilities.read(text, at)
  }
}
