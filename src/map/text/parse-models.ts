import type { SignatureMatch } from '../../core/model.ts'
import { type DataFile, type DataStatement, faultIn, statementsOf, tokensOf } from './data-file.ts'

/** `vendor NAME ID [source]`: everything below it, up to the next, is of this vendor. */
export interface VendorRow {
  readonly at: DataStatement
  /** Absent in `vendor -`: models that CPUs of every vendor may be given. */
  readonly vendor?: { readonly name: string; readonly id: string }
  /** Keys of `docs/sources.md` for the families that name none, as written: `key; key`. */
  readonly sources: string
}

/** `set @NAME : @BASE delta`: a named group of features. */
export interface SetRow {
  readonly at: DataStatement
  readonly name: string
  readonly base: string | undefined
  /** As written; `parseDelta` reads it. */
  readonly delta: string
}

/** `model FAMILY : PARENT …` and its versions. */
export interface FamilyRow {
  readonly at: DataStatement
  readonly name: string
  /** The section it stands in; absent before the first `vendor` line. */
  readonly section: VendorRow | undefined
  /** What the first version is a delta on; absent: on nothing. */
  readonly parent: string | undefined
  readonly signatures: readonly SignatureMatch[]
  /** What `--best` takes for this family too, though libvirt does not. */
  readonly also: readonly SignatureMatch[]
  /** Mentioned as disabled for the plain names (libvirt: removed). */
  readonly gone: readonly string[]
  /** A set that is in QEMU's model of the plain names but not in libvirt's data (libvirt: added). */
  readonly later: string | undefined
  /** Keys of `docs/sources.md`, as written: `key; key`; empty: the section's. */
  readonly sources: string
  readonly items: readonly ItemRow[]
}

/** One line of a family: `vN = PLAIN : BASE (flags) delta`. */
export interface ItemRow {
  readonly at: DataStatement
  /** `v2`: the model `FAMILY-v2`, chosen for hosts only. Absent: there is only the plain name. */
  readonly version: string | undefined
  /** The name without version. Absent: there is only the version. */
  readonly plain: string | undefined
  /** `vN` of this family, or a model above; absent: the item before, or the family's parent. */
  readonly base: string | undefined
  /** As written; `parseFlags` reads it. */
  readonly flags: string
  /** As written; `parseDelta` reads it. */
  readonly delta: string
}

/** Everything in one file of models, in its order. */
export interface ModelsFile {
  readonly file: DataFile
  readonly vendors: readonly VendorRow[]
  readonly sets: readonly SetRow[]
  readonly families: readonly FamilyRow[]
}

/** Whether the version is QEMU's alone: libvirt has no name for it, and its map no place. */
export const isQemuOnly = ({ flags }: ItemRow): boolean => /(?:^|,) *qemu *(?:,|$)/.test(flags)

/** `v1`, `v2` …: the versions of a family. */
export const isVersion = (name: string): boolean => name.charAt(0) === 'v' && Number(name.slice(1)) > 0

const VENDOR = /^vendor +(?:-|(?:"([^"]+)"|(\S+)) +([^\s[]+))(?: +\[(.*)\])?$/

/**
 * Reads a file of models: vendor sections, named sets, and families with their versions.
 * Names are not looked up, flags and deltas not taken apart yet.
 * @throws ParseError
 */
export function parseModels(text: string, name: string): ModelsFile {
  const file: DataFile = { name, text }
  const vendors: VendorRow[] = []
  const sets: SetRow[] = []
  const families: (FamilyRow & { items: ItemRow[] })[] = []
  for (const statement of statementsOf(file)) {
    const family = families.at(-1)
    if (statement.indent > 0 && family) family.items.push(parseItem(statement))
    else if (statement.text.startsWith('model ')) families.push(parseFamily(statement, vendors.at(-1)))
    else if (statement.text.startsWith('set ')) sets.push(parseSet(statement))
    else vendors.push(parseVendor(statement))
  }
  return { file, vendors, sets, families }
}

function parseVendor(at: DataStatement): VendorRow {
  const line = VENDOR.exec(at.text)
  if (!line) throw faultIn(at, 'expected `vendor NAME ID`, `vendor -`, `set @NAME …` or `model FAMILY …`')
  const name = line[1] ?? line[2]
  const sources = line[4] ?? ''
  return name === undefined ? { at, sources } : { at, vendor: { name, id: line[3] ?? '' }, sources }
}

function parseSet(at: DataStatement): SetRow {
  const { head, delta } = splitDelta(at.text)
  const tokens = tokensOf(head)
  const name = tokens[1] ?? ''
  const base = tokens[3]
  if (!name.startsWith('@') || (tokens.length > 2 && (tokens[2] !== ':' || !base))) {
    throw faultIn(at, 'expected `set @NAME [: @BASE] delta`', name)
  }
  return { at, name, base, delta }
}

/** Reads `vN = PLAIN [: BASE] [(flags)] delta`, of which `vN` or `= PLAIN` may be missing. @throws ParseError */
function parseItem(at: DataStatement): ItemRow {
  const { head, delta } = splitDelta(at.text)
  const open = head.indexOf('(')
  const flags = open < 0 ? '' : head.slice(open + 1, -1)
  if (open >= 0 && !head.endsWith(')')) throw faultIn(at, 'flags end with `)`, and only a delta follows them')
  const tokens = tokensOf(open < 0 ? head : head.slice(0, open))
  const version = isVersion(tokens[0] ?? '') ? tokens[0] : undefined
  let next = version ? 1 : 0
  const plain = tokens[next] === '=' ? tokens[next + 1] : undefined
  if (plain) next += 2
  const base = tokens[next] === ':' ? tokens[next + 1] : undefined
  if (base) next += 2
  if (next < tokens.length || !(version || plain)) {
    throw faultIn(at, 'expected `vN [= PLAIN] [: BASE] [(flags)] delta` or `= PLAIN …`', tokens[next])
  }
  return { at, version, plain, base, flags, delta }
}

/** A line before and from its first `-` or `+` that stands alone. */
function splitDelta(text: string): { head: string; delta: string } {
  const minus = text.indexOf(' - ')
  const plus = text.indexOf(' + ')
  const end = minus < 0 || (plus >= 0 && plus < minus) ? plus : minus
  return end < 0
    ? { head: text, delta: '' }
    : { head: text.slice(0, end).trimEnd(), delta: text.slice(end + 1) }
}

/** Reads `model FAMILY [: PARENT] [sig …] [also …] [gone …] [later @SET] [[source]]`; the items are to follow. */
function parseFamily(at: DataStatement, section: VendorRow | undefined): FamilyRow & { items: ItemRow[] } {
  const open = at.text.endsWith(']') ? at.text.indexOf('[') : -1
  const tokens = tokensOf(open < 0 ? at.text : at.text.slice(0, open))
  const [, name = ''] = tokens
  if (!name || isKeyword(name)) throw faultIn(at, 'expected `model FAMILY`')
  const fields = fieldsOf(tokens, at)
  return {
    at,
    name,
    section,
    parent: fields[':']?.join(' '),
    signatures: readSignatures(fields.sig ?? [], at),
    also: readSignatures(fields.also ?? [], at),
    gone: fields.gone ?? [],
    later: fields.later?.join(' '),
    sources: open < 0 ? '' : at.text.slice(open + 1, -1),
    items: [],
  }
}

/** What may follow a family's name, each with its values. */
interface Fields {
  ':'?: string[]
  sig?: string[]
  also?: string[]
  gone?: string[]
  later?: string[]
}

const isKeyword = (token: string): token is keyof Fields =>
  token === ':' || token === 'sig' || token === 'also' || token === 'gone' || token === 'later'

function fieldsOf(tokens: readonly string[], at: DataStatement): Fields {
  const fields: Fields = {}
  let values: string[] | undefined
  for (let i = 2; i < tokens.length; i++) {
    const token = tokens[i] ?? ''
    if (isKeyword(token)) {
      values = []
      fields[token] = values
    } else if (values) values.push(token)
    else throw faultIn(at, 'expected `:`, `sig`, `also`, `gone`, `later` or `[source]`', token)
  }
  return fields
}

/** Reads signatures, `6.94 6.85.0-4`: family, model, and the steppings where not all are meant. @throws ParseError */
export const readSignatures = (tokens: readonly string[], statement: DataStatement): SignatureMatch[] =>
  tokens.map(token => readSignature(token, statement))

function readSignature(token: string, statement: DataStatement): SignatureMatch {
  const match = parseSignatureMatch(token)
  if (match) return match
  throw faultIn(statement, 'a signature is `FAMILY.MODEL[.STEPPINGS]`, decimal, as in `6.85.0-4`', token)
}

/** Reads `6.85.0-4`; undefined where it is no signature. */
export function parseSignatureMatch(text: string): SignatureMatch | undefined {
  const [family, model, steppings, ...more] = text.split('.')
  const match = { family: numberOf(family), model: numberOf(model) }
  const mask = steppings === undefined ? 0 : maskOf(steppings)
  if (more.length > 0 || Number.isNaN(match.family + match.model + mask)) return undefined
  return steppings === undefined ? match : { ...match, steppings: mask }
}

/** Decimal digits only; else NaN. */
function numberOf(text = ''): number {
  const number = Number(text)
  return String(number) === text ? number : Number.NaN
}

/** `0-4` and `1,3,5-7` as a mask of bits 0 to 15. */
function maskOf(text: string): number {
  let mask = 0
  for (const range of text.split(',')) {
    const [low, high = low] = range.split('-')
    const [from, to] = [numberOf(low), numberOf(high)]
    if (!(from <= to && to <= 15)) return Number.NaN
    for (let stepping = from; stepping <= to; stepping++) mask |= 1 << stepping
  }
  return mask
}

/** The same as text: `6.85.0-4`. */
export function printSignatureField({ family, model, steppings }: SignatureMatch): string {
  return `${family}.${model}${steppings === undefined ? '' : `.${printSteppings(steppings)}`}`
}

/** A mask of steppings as `0-4` or `1,3,5-7`. */
function printSteppings(mask: number): string {
  const ranges: string[] = []
  for (let from = 0; from < 16; from++) {
    if (!((mask >>> from) & 1)) continue
    let to = from
    while ((mask >>> (to + 1)) & 1) to++
    ranges.push(from === to ? `${from}` : `${from}-${to}`)
    from = to
  }
  return ranges.join(',')
}
