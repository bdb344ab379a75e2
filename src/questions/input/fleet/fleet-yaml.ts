import {
  CHOMPING_MODE,
  constructFromEvents,
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from 'js-yaml'
import { ParseError } from '../../../core/parse-error.ts'
import { yamlFault } from '../../../formats/yaml.ts'
import { type FilePath, type RuleFault, UNLABELLED } from './rules.ts'

/** A pool to write. */
export interface WrittenPool {
  /** What it is called; empty: nothing says. */
  readonly name: string
  readonly hosts: readonly string[]
  /** Where they are, empty for nowhere; absent: as the file says of its label. */
  readonly site?: string | undefined
  /** The CPU of its guests as XML; absent: none is kept. */
  readonly cpu?: string | undefined
}

/** What of a fleet file is rewritten; the rest stays as it is. */
export interface FleetFileContent {
  hosts?: unknown[]
  guests?: unknown[]
  pools?: unknown
  constraints?: object
  sites?: Record<string, string>
  'kept-cpus'?: Record<string, string>
}

const HEAD = '# Written by virt-cpu; docs/fleet-file.md says what can be added\n'

/**
 * Writes pools as a fleet file, beside what it says already.
 * @param fileOf the path of a host's file from the fleet file's folder; undefined: it has none
 * @throws RangeError where one file holds hosts of two pools
 */
export function printFleetFile(
  { pools: _, ...content }: FleetFileContent,
  pools: readonly WrittenPool[],
  fileOf: (host: string) => string | undefined,
): string {
  const named = pools.map((pool, i) => ({ ...pool, label: labelOf(pool, pools, i) }))
  const owner = new Map<string, string>()
  const entries = named.map(({ label, hosts }) => {
    const files = [...new Set(hosts.flatMap(host => fileOf(host) ?? []))]
    for (const file of files) {
      const other = owner.get(file)
      if (other !== undefined)
        throw new RangeError(`${file} holds hosts of two pools, ${other} and ${label}: split the file`)
      owner.set(file, label)
    }
    return { files, pool: label }
  })
  const kept = named.flatMap(({ label, cpu }) => (cpu === undefined ? [] : [[label, cpu] as const]))
  const sites = named.flatMap(({ label, site = content.sites?.[label] }) =>
    site ? [[label, site] as const] : [],
  )
  return (
    HEAD +
    printYaml({
      ...content,
      hosts: [...(content.hosts ?? []), ...entries],
      sites: sites.length > 0 ? Object.fromEntries(sites) : undefined,
      'kept-cpus': Object.fromEntries(kept),
    })
  )
}

/** A name for the pool that no other has: its own, the last word of a path, or `fleet`. */
function labelOf({ name }: WrittenPool, all: readonly WrittenPool[], i: number): string {
  const short = (of: string) =>
    of.slice(of.lastIndexOf('/') + 1).replace(/\.[a-z]+(?:#\d+)?$/, '') || UNLABELLED
  const label = short(name)
  return all.some((one, n) => n !== i && short(one.name) === label) && name !== '' ? name : label
}

/** Plain data as YAML in lines; what is undefined is left out. */
export const printYaml = (content: object): string => `${linesOf(content).join('\n')}\n`

function linesOf(value: object): string[] {
  if (Array.isArray(value))
    return value.flatMap(item =>
      valueLines(item).map((line, i) => (i > 0 ? line && `  ${line}` : `- ${line}`)),
    )
  return Object.entries(value).flatMap(([key, item]) => {
    if (item === undefined) return []
    const [first = '', ...rest] = valueLines(item)
    const name = printScalar(key)
    if (isNested(item)) return [`${name}:`, ...[first, ...rest].map(line => line && `  ${line}`)]
    return [`${name}: ${first}`, ...rest.map(line => line && `  ${line}`)]
  })
}

const isNested = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0

function valueLines(value: unknown): string[] {
  if (isNested(value)) return linesOf(value)
  if (typeof value === 'object') return [JSON.stringify(value)]
  if (typeof value !== 'string') return [String(value)]
  // A block begins with a letter of its own, which shows its indentation, and has no sign that lines lose.
  const isBlock = /^\S[\s\S]*\n/.test(value) && !/[^\n -~\u00a0-\ud7ff]|\n\n$/.test(value)
  return isBlock
    ? [value.endsWith('\n') ? '|' : '|-', ...value.replace(/\n$/, '').split('\n')]
    : [printScalar(value)]
}

/** Plain where no reader of YAML takes it for something else. */
const printScalar = (text: string): string =>
  /^(?:[A-Za-z_/]|\.\.?\/)[\w./+-]*(?: [\w./+-]+)*$/.test(text) &&
  !/^(?:y|n|yes|no|true|false|on|off|null)$/i.test(text)
    ? text
    : /^[ -~]*$/.test(text)
      ? `'${text.replaceAll("'", "''")}'`
      : JSON.stringify(text)

/** A file of YAML 1.2 (which JSON is too) as what it says, and who can tell where in it something stands. */
export interface ReadYaml {
  readonly content: unknown
  readonly fault: RuleFault
}

/** How many aliases a file may have: enough for any that was written by hand. */
const MOST_ALIASES = 100

/** @throws ParseError where it is not YAML, with line, column and excerpt */
export function readYaml(text: string, source: string): ReadYaml {
  const { events, documents } = parsed(text, source)
  if (documents.length > 1) throw new ParseError('several documents in one file', source)
  const fault: RuleFault = (path, what, of = 'value') => {
    const place = placeOf({ events, text }, path, of)
    const words = path.length === 0 ? what : `${pathText(path)}: ${what}`
    return place === undefined ? new ParseError(words, source) : ParseError.at(words, text, place, source)
  }
  return { content: documents[0], fault }
}

function parsed(text: string, source: string): { events: readonly Event[]; documents: readonly unknown[] } {
  try {
    const events = withPatterns(parseEvents(text, {}), text)
    return { events, documents: constructFromEvents(events, { source: text, maxAliases: MOST_ALIASES }) }
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause
    throw yamlFault(cause, text, source)
  }
}

/** `*.xml` without quotes is an alias to YAML. Where it stands for nothing it can only be the pattern that it looks like. */
function withPatterns(events: readonly Event[], text: string): Event[] {
  const anchors = new Set<string>()
  return events.map((event): Event => {
    if (!('anchorStart' in event)) return event
    const name = text.slice(event.anchorStart, event.anchorEnd)
    if (event.type !== EVENT_ID.ALIAS) anchors.add(name)
    return event.type !== EVENT_ID.ALIAS || anchors.has(name)
      ? event
      : plainScalar(event.anchorStart - 1, event.anchorEnd)
  })
}

const plainScalar = (valueStart: number, valueEnd: number): Event => ({
  type: EVENT_ID.SCALAR,
  ...{ valueStart, valueEnd, anchorStart: -1, anchorEnd: -1, tagStart: -1, tagEnd: -1 },
  ...{ style: SCALAR_STYLE.PLAIN, chomping: CHOMPING_MODE.CLIP, indent: -1, fast: true },
})

/** `hosts[1].pool` */
const pathText = (path: FilePath): string =>
  path
    .map(key => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '')

/** A file as the row of what begins and ends in it. */
interface Row {
  readonly events: readonly Event[]
  readonly text: string
}

/** Where what the path leads to begins; of what is not there, the nearest thing around it. */
function placeOf(row: Row, path: FilePath, of: 'value' | 'key'): number | undefined {
  const { events } = row
  let node: number | undefined = 1 // behind the document's own beginning
  let place = startOf(events[node])
  path.forEach((key, i) => {
    const step: Step = node === undefined ? {} : stepTo(row, node, key)
    const wanted = of === 'key' && i === path.length - 1 ? undefined : step.value
    place = startOf(events[wanted ?? -1]) ?? startOf(events[step.key ?? -1]) ?? place
    node = step.value
  })
  return place
}

/** The numbers of events: a mapping's key and its value, or a sequence's item. */
interface Step {
  readonly key?: number
  readonly value?: number
}

function stepTo(row: Row, node: number, wanted: string | number): Step {
  const { events, text } = row
  const kind = events[node]?.type
  if (kind === EVENT_ID.SEQUENCE) {
    let item = node + 1
    for (let i = 0; i < Number(wanted) && !isEnd(events[item]); i++) item = behind(row, item)
    return isEnd(events[item]) ? {} : { value: item }
  }
  if (kind !== EVENT_ID.MAPPING) return {}
  for (let key = node + 1; !isEnd(events[key]); key = behind(row, behind(row, key))) {
    const event = events[key]
    if (event?.type === EVENT_ID.SCALAR && getScalarValue(text, event) === String(wanted))
      return { key, value: behind(row, key) }
  }
  return {}
}

const isEnd = (event: Event | undefined): boolean => event === undefined || event.type === EVENT_ID.POP

/** The number of the event after a node and all that is in it. */
function behind({ events }: Row, node: number): number {
  let depth = 0
  let at = node
  do {
    const type = events[at++]?.type
    if (type === EVENT_ID.SEQUENCE || type === EVENT_ID.MAPPING) depth++
    if (type === EVENT_ID.POP) depth--
  } while (depth > 0 && at < events.length)
  return at
}

/** Undefined for what is not written: a key's empty value. */
function startOf(event: Event | undefined): number | undefined {
  switch (event?.type) {
    case EVENT_ID.SEQUENCE:
    case EVENT_ID.MAPPING:
      return event.start
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1
    case EVENT_ID.SCALAR: {
      const { style, valueStart } = event
      if (valueStart < 0) return undefined
      return style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED
        ? valueStart - 1
        : valueStart
    }
    default:
      return undefined
  }
}
