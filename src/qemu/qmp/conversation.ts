import { ParseError } from '../../core/parse-error.ts'
import {
  isObject,
  type JsonDocument,
  type JsonObject,
  member,
  parseDocuments,
} from '../../formats/json/json.ts'
import type { QmpCommand, QmpExchange } from './reply.ts'

/** The members by which a reply, or the first entry of a list, is known. */
const SHAPES: readonly (readonly [execute: string, ...members: readonly string[]])[] = [
  ['query-version', 'qemu'],
  ['query-target', 'arch'],
  ['query-kvm', 'enabled', 'present'],
  ['query-sev-capabilities', 'reduced-phys-bits'],
  ['query-sgx-capabilities', 'sgx'],
]

const LIST_SHAPES: readonly (readonly [execute: string, ...members: readonly string[]])[] = [
  ['query-qmp-schema', 'name', 'meta-type'],
  ['query-machines', 'name', 'cpu-max'],
  ['query-cpu-definitions', 'name', 'static'],
  ['query-cpu-definitions', 'name', 'typename'],
  ['query-command-line-options', 'option', 'parameters'],
  ['query-migrate-capabilities', 'capability', 'state'],
  ['query-gic-capabilities', 'emulated', 'kernel'],
  ['qom-list-types', 'name', 'parent'],
]

/**
 * What a reply whose command was not recorded answers, told from what it looks like; undefined where that does not
 * tell: errors, lists of properties, empty lists.
 * @param earlier the exchanges of the same run
 * @param later whether another run came before
 */
function guessCommand(
  value: unknown,
  earlier: readonly QmpExchange[],
  later: boolean,
): QmpCommand | undefined {
  if (Array.isArray(value)) {
    const [first] = value
    if (typeof first === 'string' && first.startsWith('tpm-')) return { execute: 'query-tpm-models' }
    const found = LIST_SHAPES.find(([, ...members]) => hasAll(first, members))
    return found && { execute: found[0] }
  }
  if (!isObject(value)) return undefined
  if (Object.keys(value).length === 0) return { execute: 'qmp_capabilities' }
  if ('model' in value) return guessExpansion(value.model, earlier, later)
  const found = SHAPES.find(([, ...members]) => hasAll(value, members))
  return found && { execute: found[0] }
}

const hasAll = (value: unknown, members: readonly string[]): boolean =>
  isObject(value) && members.every(name => name in value)

/** Of two static expansions the second is the one without regard to migration, as libvirt asks. */
function guessExpansion(model: unknown, earlier: readonly QmpExchange[], later: boolean): QmpCommand {
  const type = /(^|-)base$/.test(String(member(model, 'name'))) ? 'static' : 'full'
  const isHyperv = member(member(model, 'props'), 'hv-passthrough') === true
  const isSecond = earlier.some(({ command }) => command.arguments?.type === type)
  const props = isHyperv ? { migratable: false, 'hv-passthrough': true } : isSecond && { migratable: false }
  const asked = { name: later ? 'max' : 'host', ...(props && { props }) }
  return { execute: 'query-cpu-model-expansion', arguments: { type, model: asked } }
}

/**
 * What was said to QEMU and what it answered, live, cached or recorded: all that is ever known of a QEMU.
 *
 * A *run* is one QEMU process. libvirt, and we, ask the first with the accelerator that the host has (`-machine
 * none,accel=kvm:tcg`), and where that was not TCG a second with `accel=tcg`. In libvirt's recordings the first run
 * is, in this order (a question whose command the schema lacks is left out, as is a type that QEMU does not list):
 *
 *     qmp_capabilities  query-version  query-target  query-qmp-schema  query-kvm  qom-list-types
 *     device-list-properties of some thirty devices
 *     qom-list-properties of memory-backend-file, memory-backend-memfd, max-x86_64-cpu or max-arm-cpu
 *     query-machines  qom-list-properties of none-machine and of one machine of the target
 *     query-cpu-definitions  query-tpm-models  query-tpm-types  query-command-line-options
 *     query-migrate-capabilities  query-gic-capabilities (ARM)  query-sev-capabilities  query-sgx-capabilities (x86)
 *     query-cpu-model-expansion of host:  static; x86: static with migratable=false; ARM: full instead of static;
 *                                         s390x: full too, where QEMU tells deprecated properties
 *     query-cpu-model-expansion of host:  full with migratable=false, hv-passthrough=true (x86, ARM)
 *
 * and the second `qmp_capabilities`, `query-cpu-definitions`, the same expansions of `max` without Hyper-V's, and
 * `query-machines`. Readers look replies up by their command; nothing depends on this order.
 */
export interface QmpRecording {
  /** What it was read from; empty where that has no name. */
  readonly source: string
  readonly runs: readonly (readonly QmpExchange[])[]
  /** The commands were not recorded: they are told from what the replies look like. */
  readonly bare: boolean
}

/**
 * Reads a recorded conversation: libvirt's `.replies`, a log of QMP, single replies, arrays of them. Greetings and
 * events are passed over.
 * @throws ParseError for what is not JSON or no QMP, and for a recording that is cut
 */
export const parseRecording = (text: string, source = ''): QmpRecording =>
  readRecording(parseDocuments(text, source), source)

/**
 * The conversation that these documents are, in the order in which they were sent and received.
 * @throws ParseError for a reply that is not its command's, for a command without one, and where there is no reply
 */
export function readRecording(documents: readonly JsonDocument[], source = ''): QmpRecording {
  const reader = new RecordingReader(source)
  for (const { value, line } of documents) {
    for (const message of Array.isArray(value) ? value : [value]) reader.take(message, line)
  }
  return reader.end()
}

class RecordingReader {
  readonly #source: string
  readonly #runs: QmpExchange[][] = []
  #asked: { readonly command: QmpCommand; readonly id: unknown; readonly line: number } | undefined
  #commands = 0
  #refused: string | undefined

  constructor(source: string) {
    this.#source = source
  }

  take(message: unknown, line: number): void {
    if (!isObject(message)) throw this.#fault('a QMP message is an object', line)
    // How some tools keep a command beside its reply.
    if (isObject(message.request)) this.take(message.request, line)
    if (typeof message.execute === 'string') this.#ask(message, message.execute, line)
    else if ('return' in message || 'error' in message) {
      if (isObject(message.error)) this.#refused = String(message.error.desc)
      this.#answer(message, line)
    } else if (!('QMP' in message || 'event' in message)) {
      throw this.#fault('neither a QMP command nor a reply: `execute`, `return` or `error` is missing', line)
    }
  }

  end(): QmpRecording {
    this.#expectNone()
    if (this.#runs.length === 0) {
      const why = this.#refused === undefined ? 'no QMP reply in it' : `QEMU refused: ${this.#refused}`
      throw this.#fault(`${why}: give a recorded conversation with QEMU, or replies of it`, 0)
    }
    return { source: this.#source, runs: this.#runs, bare: this.#commands === 0 }
  }

  #ask(message: JsonObject, execute: string, line: number): void {
    this.#expectNone()
    this.#commands++
    const given = isObject(message.arguments) ? { arguments: message.arguments } : {}
    this.#asked = { command: { execute, ...given }, id: message.id, line }
  }

  #answer(reply: JsonObject, line: number): void {
    const asked = this.#asked
    this.#asked = undefined
    if (asked && asked.id !== undefined && reply.id !== undefined && asked.id !== reply.id) {
      throw this.#fault(
        `the reply is to '${reply.id}', and '${asked.id}' was asked: a message is missing`,
        line,
      )
    }
    const run = this.#runs.at(-1) ?? []
    const command = asked?.command ?? guessCommand(reply.return, run, this.#runs.length > 1)
    if (!command) return
    if (this.#runs.length === 0 || (command.execute === 'qmp_capabilities' && run.length > 0)) {
      this.#runs.push([{ command, reply, line }])
    } else run.push({ command, reply, line })
  }

  #expectNone(): void {
    if (!this.#asked) return
    const { command, line } = this.#asked
    throw this.#fault(`no reply to ${command.execute}: the recording is cut; record it again`, line)
  }

  #fault(what: string, line: number): ParseError {
    return new ParseError(what, this.#source, line)
  }
}
