import { ParseError } from '../../core/parse-error.ts'
import type { Dialect } from '../found.ts'
import { jsonFault } from '../json/json-fault.ts'
import { foundDumps } from './distinct.ts'
import type { Dump } from './dump.ts'
import { dumpOfFlags } from './linux-flags.ts'

/** What util-linux's lscpu prints. */
export const lscpu: Dialect = {
  name: 'lscpu',
  title: 'lscpu or lscpu -J',
  sniff: text => /^\s*\{\s*"lscpu"\s*:/.test(text) || /^[ \t]*CPU op-mode\(s\):/m.test(text),
  read: (text, source) => foundDumps(parseLscpu(text, source)),
}

/**
 * The CPU that `lscpu -J` prints, or `lscpu`, approximately: from the flags that Linux shows.
 * @throws ParseError where it is not JSON, is of another architecture, or has no flags
 */
export function parseLscpu(text: string, source = ''): Dump[] {
  const fields = new Map<string, string>()
  const all = /^\s*\{/.test(text) ? fieldsOfJson(text, source) : fieldsOfText(text)
  for (const [name, data] of all) if (!fields.has(name)) fields.set(name, data)
  const flags = fields.get('Flags')
  if (flags === undefined || !fields.has('Vendor ID')) throw new ParseError(NOT_X86, source)
  const number = (name: string) => Number(/^\d{1,5}$/.exec(fields.get(name) ?? '')?.[0] ?? 0)
  const cpu = {
    label: '',
    vendor: fields.get('Vendor ID') ?? '',
    family: number('CPU family'),
    model: number('Model'),
    stepping: number('Stepping'),
    level: 0,
    flags: flags.split(/\s+/),
  }
  return [dumpOfFlags(cpu)]
}

const NOT_X86 = 'no x86 CPU in this output of lscpu: its vendor and flags are needed'

type Field = readonly [name: string, data: string]

/** `Vendor ID:    GenuineIntel`, indented where fields belong together. */
function* fieldsOfText(text: string): Iterable<Field> {
  for (const line of text.split('\n')) {
    const [, name, data] = /^\s*([^\s:][^:]*):\s*(.*?)\s*$/.exec(line) ?? []
    if (name !== undefined && data !== undefined) yield [name, data]
  }
}

/** `{"lscpu": [{"field": "Vendor ID:", "data": "GenuineIntel", "children": […]}…]}`, children since util-linux 2.38 */
function* fieldsOfJson(text: string, source: string): Iterable<Field> {
  const waiting: unknown[] = [parseJson(text, source)]
  while (waiting.length > 0) {
    const value = waiting.shift()
    if (Array.isArray(value)) waiting.unshift(...value)
    if (typeof value !== 'object' || value === null) continue
    if ('field' in value && 'data' in value && typeof value.data === 'string')
      yield [String(value.field).replace(/:$/, ''), value.data]
    if ('children' in value) waiting.unshift(value.children)
    if ('lscpu' in value) waiting.unshift(value.lscpu)
  }
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const { what, offset } = jsonFault(text)
    throw ParseError.at(what, text, offset, source)
  }
}
