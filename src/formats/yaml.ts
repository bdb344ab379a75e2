import type { YAMLException } from 'js-yaml'
import { ParseError } from '../core/parse-error.ts'

type JsYaml = typeof import('./yaml-documents.ts')

let yaml: JsYaml | undefined

/** How many aliases a text may have: enough for any that was written by hand. */
const MOST_ALIASES = 100

/** As much of a text as tells how it begins. An expression that repeats a group overflows on millions of empty lines. */
const beginning = (text: string): string => text.slice(0, 2 ** 16)

/** Whether a text begins as a Kubernetes manifest in YAML does, after comments and document marks. */
export const beginsAsManifest = (text: string): boolean =>
  /^(?:[ \t]*(?:#[^\n]*|---[^\n]*)?\r?\n)*(?:- )?(?:apiVersion|items|kind|metadata|spec):(?:\s|$)/.test(
    beginning(text),
  )

/** Whether a text begins as YAML that is no JSON does: with a key, a list's first item or a document mark. */
export const beginsAsYaml = (text: string): boolean =>
  /^\ufeff?(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?:---(?:\s|$)|%YAML |[ \t]*(?:- +)*["']?[\w./-]+["']?:(?:\s|$)|- )/.test(
    beginning(text),
  )

/** Whether the text of a request may hold YAML. */
export const mayHoldYaml = (request: string): boolean => /\w: /.test(request)

/**
 * Loads the YAML reader. It takes 10 ms to load and few texts need it, so whoever reads texts loads it for those that
 * these accept.
 */
export async function loadYaml(): Promise<void> {
  yaml ??= await import('./yaml-documents.ts')
}

/** The documents of a YAML text as JSON, one a line; undefined where it is none, or the YAML reader is not loaded. */
export function jsonOfYaml(text: string): string | undefined {
  if (!yaml || !beginsAsYaml(text)) return undefined
  try {
    const documents = parseYaml(text).filter(value => typeof value === 'object' && value !== null)
    return documents.length > 0 ? documents.map(value => JSON.stringify(value)).join('\n') : undefined
  } catch (error) {
    if (error instanceof ParseError) return undefined
    throw error
  }
}

/**
 * The documents of a YAML text.
 * @throws ParseError for what is not YAML, and where the YAML reader is not loaded
 */
export function parseYaml(text: string, source = ''): unknown[] {
  if (!yaml) throw new ParseError('YAML cannot be read here: give it as JSON (kubectl … -o json)', source)
  try {
    return yaml.constructFromEvents(yaml.parseEvents(text, {}), { source: text, maxAliases: MOST_ALIASES })
  } catch (cause) {
    if (!(cause instanceof yaml.YAMLException)) throw cause
    throw yamlFault(cause, text, source)
  }
}

/** What is wrong with a YAML text, as its reader says, with how to write a word that YAML takes for a sign of its own. */
export function yamlFault({ reason, mark }: YAMLException, text: string, source: string): ParseError {
  const at = mark?.position ?? 0
  return ParseError.at(reason + quotesFor(text, at), text, at, source)
}

/** Of a word at whose first character YAML stops, as at that of `*.xml`: how to write it. Empty: it is no such word. */
function quotesFor(text: string, at: number): string {
  const start = text.slice(0, at + 1).search(/(?<=^|[\s,[{:])[*&!%@`][^\s,[\]{}]*$/)
  const [word] = /^[*&!%@`][^\s,[\]{}]*/.exec(start < 0 ? '' : text.slice(start)) ?? []
  return word === undefined ? '' : `: put quotes around it: '${word}'`
}
