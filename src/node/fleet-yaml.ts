import { isMap, isScalar, type Node, parseDocument } from 'yaml'
import { ParseError } from '../core/parse-error.ts'
import type { Fault, FilePath } from '../verbs/fleet/rules.ts'

/** A file of YAML 1.2 (which JSON is too) as what it says, and who can tell where in it something stands. */
export interface ReadYaml {
  readonly content: unknown
  readonly fault: Fault
}

/** How much aliases may make of a file: enough for any that was written by hand. */
const MOST_ALIASES = 100

/** @throws ParseError where it is not YAML, with line, column and excerpt */
export function readYaml(text: string, source: string): ReadYaml {
  const document = parseDocument(text, { prettyErrors: false })
  const [wrong] = document.errors
  if (wrong) throw ParseError.at(wrong.message, text, wrong.pos[0], source)
  const fault: Fault = (path, what, of = 'value') => {
    const place = placeOf(document.contents, path, of)
    const words = path.length === 0 ? what : `${pathText(path)}: ${what}`
    return place === undefined ? new ParseError(words, source) : ParseError.at(words, text, place, source)
  }
  try {
    return { content: document.toJS({ maxAliasCount: MOST_ALIASES }), fault }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ParseError(why, source, 0, 0, '', { cause })
  }
}

/** `hosts[1].pool` */
const pathText = (path: FilePath): string =>
  path
    .map(key => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '')

/** Where what the path leads to begins; of what is not there, the nearest thing around it. */
function placeOf(top: unknown, path: FilePath, of: 'value' | 'key'): number | undefined {
  let node: unknown = top
  let place = startOf(node)
  path.forEach((key, i) => {
    const pair = isMap(node) ? node.items.find(item => keyOf(item.key) === String(key)) : undefined
    const next = pair ? pair.value : itemOf(node, key)
    const wanted = of === 'key' && i === path.length - 1 ? undefined : next
    place = startOf(wanted) ?? startOf(pair?.key) ?? place
    node = next
  })
  return place
}

const keyOf = (key: unknown): string => String(isScalar(key) ? key.value : key)

const itemOf = (node: unknown, key: string | number): unknown =>
  typeof node === 'object' && node !== null && 'items' in node && Array.isArray(node.items)
    ? node.items[Number(key)]
    : undefined

const startOf = (node: unknown): number | undefined =>
  typeof node === 'object' && node !== null && 'range' in node ? (node as Node).range?.[0] : undefined
