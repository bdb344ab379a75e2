import { ParseError } from '../core/parse-error.ts'
import type { Property, QemuModel } from '../policy/qemu.ts'

/**
 * The JSON documents of a recorded conversation: objects one after the other, an empty line between them.
 * @throws ParseError for text that is not JSON
 */
export function parseReplies(text: string, source = ''): unknown[] {
  return text
    .split(/\r?\n[ \t]*\r?\n/)
    .filter(part => part.trim() !== '')
    .map(part => {
      try {
        return JSON.parse(part)
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new ParseError(`not JSON: ${why}`, source, 0, 0, '', { cause })
      }
    })
}

/** The properties of a `query-cpu-model-expansion` reply; undefined when it is another reply. */
export function expansionOf(reply: unknown): Map<string, Property> | undefined {
  const props = field(field(field(reply, 'return'), 'model'), 'props')
  if (!isRecord(props)) return undefined
  const entries = Object.entries(props).filter((entry): entry is [string, Property] => isProperty(entry[1]))
  return new Map(entries)
}

/** The models of a `query-cpu-definitions` reply; undefined when it is another reply. */
export function definitionsOf(reply: unknown): QemuModel[] | undefined {
  const list = field(reply, 'return')
  if (!Array.isArray(list)) return undefined
  return list.flatMap((item: unknown) => {
    const name = field(item, 'name')
    const unavailable = field(item, 'unavailable-features')
    if (typeof name !== 'string') return []
    const names = Array.isArray(unavailable) ? unavailable.filter(n => typeof n === 'string') : undefined
    return [
      { name, deprecated: field(item, 'deprecated') === true, ...(names ? { unavailable: names } : {}) },
    ]
  })
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const field = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined)

const isProperty = (value: unknown): value is Property =>
  typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string'
