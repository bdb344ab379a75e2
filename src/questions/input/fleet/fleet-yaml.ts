import {
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
import type { FilePath, RuleFault } from './rules.ts'

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
    const events = parseEvents(text, {})
    return { events, documents: constructFromEvents(events, { source: text, maxAliases: MOST_ALIASES }) }
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause
    throw yamlFault(cause, text, source)
  }
}

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
