import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FeatureSet } from '../../src/core/feature-set.ts'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { ParseError } from '../../src/core/parse-error.ts'
import { DIALECTS, readText } from '../../src/formats/dialects.ts'
import type { Found, RegisterDump } from '../../src/formats/found.ts'
import { contextOf } from '../../src/questions/context.ts'
import type { Member } from '../../src/questions/input/fleet/members.ts'
import { membersOf } from '../../src/questions/input/fleet/read-members.ts'

/**
 * What people do to texts on their way: terminals fold them, screens cut them, shells put them one after the other and
 * write names before them. Whatever comes of it, it is the same hosts, or it is refused; never another CPU.
 */

const context = contextOf()
const root = join(import.meta.dirname, '..', 'corpus')
const SKIPPED = /README\.md$|\.bin$|xml\/bad-/

/** Every sample of ours, by its path. */
const samples = ['dumps', 'machine', 'machines', 'platforms', 'xml'].flatMap(folder =>
  readdirSync(join(root, folder))
    .map(name => `${folder}/${name}`)
    .filter(path => !SKIPPED.test(path))
    .map(path => [path, readFileSync(join(root, path), 'utf8')] as const),
)

/** What a text comes to. */
interface Reading {
  readonly found: readonly Found[]
  readonly members: readonly Member[]
}

/** Undefined where the text is refused. */
function reading(text: string): Reading | undefined {
  try {
    const found = readText(text, 'sample')
    return { found, members: found.flatMap(one => membersOf(context, one, 'sample')) }
  } catch (error) {
    if (error instanceof ParseError || error instanceof LibvirtError) return undefined
    throw error
  }
}

/** What of a member is recorded: features that it has, and features that it lacks. */
function evidenceOf({ kind, facts }: Member) {
  const everything = context.db.features.setOf(context.db.features.list)
  if (kind === 'hypervisor') return { has: facts.offered.present, lacks: facts.offered.absent }
  if (kind === 'host')
    return { has: facts.features, lacks: (facts.known ?? everything).minus(facts.features) }
  // Of a model that is unknown, which a note names, nothing is known.
  const isWhole = facts.unknownModel === undefined
  return { has: facts.features, lacks: isWhole ? everything.minus(facts.features) : FeatureSet.empty }
}

/** What one member says that the other contradicts, in words; empty: nothing. */
function contradictions(one: Member, whole: Member): string[] {
  if (one.kind !== whole.kind) return [`a ${one.kind}, not a ${whole.kind}`]
  const [mine, its] = [evidenceOf(one), evidenceOf(whole)]
  const names = (set: FeatureSet) => context.db.features.in(set).map(({ name }) => name)
  const [more, less] = [names(mine.has.meet(its.lacks)), names(mine.lacks.meet(its.has))]
  const { vendor, model } = one.facts
  const wrong = vendor !== undefined && vendor !== whole.facts.vendor ? [`vendor ${vendor}`] : []
  // A name that is no model's tells nothing.
  if (model !== undefined && model !== whole.facts.model && context.db.model(model))
    wrong.push(`model ${model}`)
  if (more.length > 0) wrong.push(`has ${more}`)
  if (less.length > 0)
    wrong.push(`lacks ${less.length > 12 ? `${less.slice(0, 12)} and ${less.length - 12} more` : less}`)
  return wrong
}

const registersOf = (found: readonly Found[]): RegisterDump[] =>
  found.flatMap(one => (one.kind === 'registers' ? one.dumps : []))

/**
 * What a reading of a text that was cut says that is not so. A guest's definition that ends early, after a line, is another one, without
 * what came later, and nobody can tell; where its model is another, a note says so that the whole has not.
 */
function liesOfCut(part: Reading, whole: Reading, isWithin = false): string[] {
  const notes = new Set(whole.members.flatMap(member => member.notes.map(note => JSON.stringify(note))))
  const isTold = (member: Member) => member.notes.some(note => !notes.has(JSON.stringify(note)))
  const untold = part.members.filter(member => member.kind !== 'guest' || !isTold(member))
  return lies({ ...part, members: untold }, whole, ({ kind }) => kind === 'guest' && !isWithin)
}

/**
 * What a reading says that is not so.
 * @param isSmaller of which members other features are no lie
 */
function lies(part: Reading, whole: Reading, isSmaller: (one: Member) => boolean = () => false): string[] {
  const told = part.members.flatMap(member => {
    const each = whole.members.map(other =>
      contradictions(member, other).filter(lie => !isSmaller(member) || !/^(?:has|lacks) /.test(lie)),
    )
    const best = each.sort((a, b) => a.length - b.length)[0] ?? ['a member of nothing']
    return best.length > 0 ? [best.join('; ')] : []
  })
  const known = registersOf(whole.found)
  const other = registersOf(part.found).filter(
    ({ arch, registers }) =>
      !known.some(
        one =>
          one.arch === arch && [...registers].every(([name, value]) => one.registers.get(name) === value),
      ),
  )
  return [
    ...told,
    ...other.map(({ registers }) => `registers ${[...registers].map(([n, v]) => `${n}=${v.toString(16)}`)}`),
  ]
}

const countOf = ({ members, found }: Reading): number => members.length + registersOf(found).length

/** A text as a terminal of that width shows it. */
const folded = (text: string, width: number): string =>
  text
    .split('\n')
    .map(line => line.replace(/\t+/g, found => ' '.repeat(found.length > 1 ? 8 : 4)))
    .flatMap(line => line.match(new RegExp(`.{1,${width}}`, 'g')) ?? [''])
    .join('\n')

const isJson = (text: string): boolean => /^\s*[{[]/.test(text)

const prefixed = (text: string, name: string): string => text.trimEnd().replace(/^/gm, `${name}: `)

/** Those that hold something. */
const readable = samples.flatMap(([path, text]) => {
  const whole = reading(text)
  return whole && countOf(whole) > 0 ? [{ path, text, whole }] : []
})

/** Texts that say a thing twice, the last time truly, and one without a mark between hosts. */
const SAID_AGAIN = /^platforms\/(?:ovirt-servercpulist|qemu-log|xen-host)\.txt$/

describe.each(readable)('$path', ({ path, text, whole }) => {
  test.each([60, 72, 80, 100, 132])(`folded at %d columns`, width => {
    const part = reading(folded(text, width))
    if (!part || countOf(part) === 0) return
    expect(lies(part, whole)).toEqual([])
    expect(countOf(part)).toBe(countOf(whole))
  })

  test('cut in the middle of lines', () => {
    const wrong = new Map<string, number>()
    if (SAID_AGAIN.test(path)) return
    for (let i = 1; i < 80; i++) {
      const end = Math.floor((text.length * i) / 80)
      const part = reading(text.slice(0, end))
      // After a line's end nobody can tell; within a line every guest says that it may be another.
      const isWithin = !/\n\s*$/.test(text.slice(0, end))
      for (const lie of part ? liesOfCut(part, whole, isWithin) : []) wrong.set(lie, end)
    }
    expect([...wrong]).toEqual([])
  })

  test('cut at ends of lines', () => {
    if (SAID_AGAIN.test(path)) return
    const wrong = new Map<string, number>()
    const ends = [...text.matchAll(/\n/g)].map(({ index }) => index)
    const step = Math.max(1, Math.floor(ends.length / 80))
    for (let i = 0; i < ends.length; i += step) {
      for (const end of [ends[i] ?? 0, (ends[i] ?? 0) + 1]) {
        const part = reading(text.slice(0, end))
        for (const lie of part ? liesOfCut(part, whole) : []) wrong.set(lie, i + 1)
      }
    }
    expect([...wrong]).toEqual([])
  })

  test.each([72, 97, 160])('folded at %d columns and cut at ends of lines, or in the next indent', width => {
    if (SAID_AGAIN.test(path)) return
    const shown = folded(text, width)
    const wrong = new Map<string, string>()
    const ends = [...shown.matchAll(/\n[ \t]*/g)]
    const step = Math.max(1, Math.floor(ends.length / 25))
    for (let i = 0; i < ends.length; i += step) {
      const [blanks = '', from = 0] = [ends[i]?.[0], ends[i]?.index]
      for (const more of new Set([0, 1, Math.ceil(blanks.length / 2), blanks.length])) {
        const part = reading(shown.slice(0, from + more))
        for (const lie of part ? liesOfCut(part, whole) : []) wrong.set(lie, `line ${i + 1}, ${more} more`)
      }
    }
    expect([...wrong]).toEqual([])
  })

  test('folded, then indented, as mail and Markdown do', () => {
    const part = reading(folded(text, 100).replace(/^/gm, '    '))
    if (!part || countOf(part) === 0) return
    expect(lies(part, whole)).toEqual([])
    expect(countOf(part)).toBe(countOf(whole))
  })

  test.each<[string, (text: string) => string, number]>([
    ['pdsh', one => prefixed(one, 'n1'), 1],
    ['pdsh of two', one => `${prefixed(one, 'n1')}\n${prefixed(one, 'n2')}\n`, 2],
    ['ansible', one => `n1 | CHANGED | rc=0 >>\n${one}\nn2 | CHANGED | rc=0 >>\n${one}`, 2],
    ['heads', one => `---- n1 ----\n${one}\n---- n2 ----\n${one}`, 2],
  ])('%s', (_, change, times) => {
    const part = reading(change(text))
    if (!part || countOf(part) === 0) return
    expect(lies(part, whole)).toEqual([])
    // Equal texts may be one machine's logical CPUs.
    expect([1, times].map(n => n * countOf(whole))).toContain(countOf(part))
  })

  test('after another text of its dialect', () => {
    if (path === 'platforms/xen-host.txt') return // `xe host-cpu-info` has no mark where a host begins
    const own = DIALECTS.filter(({ sniff }) => sniff(text))
    for (const { text: other, whole: its } of readable) {
      if (!own.some(({ sniff }) => sniff(other)) || isJson(other) !== isJson(text)) continue
      const part = reading(`${other.trimEnd()}\n${text}`)
      if (!part || countOf(part) === 0) continue
      const both = { members: [...its.members, ...whole.members], found: [...its.found, ...whole.found] }
      expect(lies(part, both)).toEqual([])
    }
  })
})
