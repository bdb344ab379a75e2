import type { Feature } from '../../core/feature.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { fewNames, groupBy, nearest } from '../../core/text.ts'
import { readText } from '../../formats/dialects.ts'
import type { Found, FoundGuest, Statement } from '../../formats/found.ts'
import { featuresAt, parsePlaceSpelled } from '../../map/vocabulary.ts'
import type { Context } from '../context.ts'
import { assembleFleet } from '../input/fleet/assemble.ts'
import { type FleetInput, openFleet } from '../input/fleet/open-fleet.ts'
import { type FleetView, viewOf } from '../input/fleet/view.ts'
import { noteOn } from '../name/question.ts'
import { type Note, reasonOf } from '../words/note.ts'
import type { Diagnosis, DoctorAnswer, FeatureOnHosts, UnderstoodWord } from './answer.ts'
import { sayGuests, sayLevels, sayModels } from './here.ts'
import { type GivenText, type Recognised, recognise } from './recognise.ts'
import { comparedBits, featuresOfPart, lostOfFeaturesets, MOST_WORDS, understand } from './understand.ts'

/** What the errors in documents mean, and what the hosts and guests in them show of it. */
export function diagnose(
  context: Context,
  input: FleetInput,
): { readonly answer: DoctorAnswer; readonly notes: readonly Note[] } {
  const { view, notes, isDocument } = openLoosely(context, input)
  const texts = input.documents.map(({ path, text }) => ({ source: path, text }))
  const { found, unknown } = recognise([...texts, ...saidByDocuments(input.documents, notes)], isDocument)
  const findings = found.map(one => diagnosisOf(view, one))
  return {
    answer: {
      findings,
      unknown: unknown.map(at => ({ ...at, words: understand(context.db, at.text) })),
    },
    notes: notes.filter(({ kind }) => KEPT.has(kind) && findings.length > 0),
  }
}

/** Notes of reading that matter where errors are looked at. */
const KEPT: ReadonlySet<string> = new Set(['offer-assumed', 'guest-contradicts', 'guest-model-unknown'])

interface Opened {
  readonly view: FleetView
  readonly notes: readonly Note[]
  readonly isDocument: (path: string) => boolean
}

/** The hosts and guests among the documents; the others are texts of errors, and nothing is wrong with them. */
function openLoosely(context: Context, input: FleetInput): Opened {
  try {
    const { view, notes } = openFleet(context, input)
    const texts = new Set(notes.flatMap(note => (NO_MEMBER.has(note.kind) ? (note.source ?? '') : [])))
    return { view, notes, isDocument: path => !texts.has(path) }
  } catch (error) {
    const isOfDocuments = error instanceof ParseError || error instanceof LibvirtError
    if (!isOfDocuments || input.fleet !== undefined) throw error
    const { fleet } = assembleFleet(context, [])
    return { view: viewOf(context, fleet), notes: [], isDocument: () => false }
  }
}

const NO_MEMBER: ReadonlySet<string> = new Set(['file-without-cpu', 'file-skipped'])

function diagnosisOf(view: FleetView, { record, matches }: Recognised): Diagnosis {
  const { name, kind, tools, meaning, cause, sources } = record
  const parts = partsOfAll(matches.map(match => match.parts))
  const { features, words, lines } = readParts(view, parts, matches)
  const models = [...(parts.get('model') ?? []), ...(parts.get('models') ?? []).flatMap(splitNames)]
  const level = parts.get('level')?.[0]
  const here = [
    ...lines,
    ...(models.length > 0 ? sayModels(view, models) : []),
    ...(level === undefined && !LEVEL_ERRORS.has(name) ? [] : sayLevels(view, level)),
    ...(lines.length === 0 && features.length + models.length > 0 ? sayGuests(view) : []),
  ]
  const filled = fillings(view, parts, features)
  return {
    error: name,
    kind,
    tools: [...tools],
    meaning: fill(meaning, filled) ?? meaning,
    ...(cause === undefined ? {} : { cause: fill(cause, filled) ?? cause }),
    count: matches.length,
    found: distinct(matches.map(({ at }) => at)).slice(0, MOST_PLACES),
    // Both sides are in the message; hosts that are given need not be among them.
    featuresOnHosts: features.map(feature => onHosts(lines.length > 0 ? [] : view.fleet.hosts, feature)),
    words,
    here,
    remedies: record.remedies.flatMap(remedy => fill(remedy, filled) ?? []),
    wording: matches.every(({ isGuess }) => isGuess) ? 'unverified' : 'confirmed',
    sources: [...sources],
  }
}

const MOST_PLACES = 3

/** Errors that are about a level, whether they name it or not. */
const LEVEL_ERRORS: ReadonlySet<string> = new Set(['glibc-level', 'init-sigill', 'sigill', 'program-needs'])

const splitNames = (text: string): string[] => text.split(/[,\s]+/).filter(Boolean)

const distinct = <T extends { readonly text: string }>(found: readonly T[]): T[] => [
  ...new Map(found.map(one => [one.text, one])).values(),
]

type Parts = ReadonlyMap<string, readonly string[]>

/** Every value of every part, each once. */
function partsOfAll(all: readonly ReadonlyMap<string, string>[]): Parts {
  const parts = groupBy(
    all.flatMap(one => [...one]),
    ([name]) => name,
  )
  return new Map([...parts].map(([name, own]) => [name, [...new Set(own.map(([, value]) => value))]]))
}

/** Parts that name features. */
const FEATURE_PARTS = ['features', 'feature', 'place', 'selectors', 'vmfeature', 'property'] as const

interface ReadParts {
  readonly features: readonly Feature[]
  readonly words: readonly UnderstoodWord[]
  readonly lines: readonly string[]
}

function readParts({ db }: FleetView, parts: Parts, matches: Recognised['matches']): ReadParts {
  const named = FEATURE_PARTS.flatMap(part =>
    (parts.get(part) ?? []).map(value => featuresOfPart(db, part, value)),
  )
  const [had, has] = [parts.get('bits')?.[0], parts.get('others')?.[0]]
  const lost = had && has ? lostOfFeaturesets(db, had, has) : []
  const compared = comparedBits(
    db,
    matches.map(match => match.parts),
  )
  const words = [...named.flatMap(({ unknown }) => unknown), ...(parts.get('model') ?? [])]
    .slice(0, MOST_WORDS)
    .map(text => ({ text, means: meaningOf(db, text) }))
  const registers = (parts.get('msr') ?? []).flatMap(msr => registerWord(db, `MSR.${msr}`))
  return {
    features: [...new Set([...named.flatMap(({ features }) => features), ...lost, ...compared.features])],
    words: [...words, ...registers, ...(parts.get('models') ?? []).flatMap(text => historyOf(db, text))],
    lines: compared.lines,
  }
}

function meaningOf(db: FleetView['db'], text: string): string {
  const known = noteOn(db, text)
  if (known) return known
  const like = nearest(
    [...db.features.list, ...db.models].map(({ name }) => name),
    text,
    1,
  )
  return `no feature or model that is known${like[0] ? `; did you mean ${like[0]}?` : ''}`
}

/** When each of several models came: the newest is the one that an old host cannot give. */
const historyOf = (db: FleetView['db'], text: string): UnderstoodWord[] =>
  splitNames(text).map(name => {
    const family = db.families.find(({ versions }) =>
      versions.some(({ plain, versioned }) => (plain ?? versioned)?.name === name),
    )
    return { text: name, means: family?.note ? `a CPU model: ${family.note}` : meaningOf(db, name) }
  })

function registerWord(db: FleetView['db'], text: string): UnderstoodWord[] {
  const place = parsePlaceSpelled(text)
  const names = place ? featuresAt(db, place).map(({ name }) => name) : []
  return names.length > 0 ? [{ text, means: `a register with ${fewNames(names, 12)}` }] : []
}

function onHosts(hosts: FleetView['fleet']['hosts'], feature: Feature): FeatureOnHosts {
  const where = (presence: string) =>
    hosts.filter(({ evidence, features }) =>
      evidence
        ? evidence.presenceOf(feature.bits) === presence
        : presence === 'absent' && !feature.bits.leq(features),
    )
  return {
    ...reasonOf(feature),
    missingOn: where('absent').map(({ name }) => name),
    unknownOn: where('unknown').map(({ name }) => name),
  }
}

/** What the places of remedies stand for. */
function fillings(
  { db }: FleetView,
  parts: Parts,
  features: readonly Feature[],
): ReadonlyMap<string, string> {
  const filled = new Map([...parts].map(([name, values]) => [name, values.join(', ')]))
  if (features.length > 0)
    filled.set('disable', features.map(({ name }) => `<feature policy='disable' name='${name}'/>`).join(''))
  const [model] = parts.get('model') ?? []
  const names = db.models.map(({ name }) => name)
  const like = model === undefined || names.includes(model) ? [] : nearest(names, model, 1)
  if (like[0]) filled.set('nearest', like[0])
  return filled
}

/** The text with its places filled in; undefined where one of them is not known. */
function fill(text: string, filled: ReadonlyMap<string, string>): string | undefined {
  let isComplete = true
  const result = text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = filled.get(name)
    if (value === undefined) isComplete = false
    return value ?? ''
  })
  return isComplete ? result : undefined
}

/** What documents say of themselves, for errors that are no text in them: settings that are refused, stale selectors. */
function saidByDocuments(documents: FleetInput['documents'], notes: readonly Note[]): readonly GivenText[] {
  const said = notes.flatMap(note =>
    note.kind === 'dump' ? { source: note.source ?? '', text: note.text, isDerived: true } : [],
  )
  const once = new Map([...said, ...missingLabels(documents)].map(one => [one.text, one]))
  return [...once.values()]
}

/** Where launchers of KubeVirt select labels that the given nodes do not have. */
function missingLabels(documents: FleetInput['documents']): GivenText[] {
  const found = documents
    .filter(({ text }) => text.includes('node.kubevirt.io/'))
    .flatMap(({ path, text }) => readLoosely(text, path).map(one => ({ path, one })))
  const nodes = found.flatMap(({ one }) => (isNode(one) ? one : []))
  const pods = found.flatMap(({ path, one }) => (isPod(one) ? { path, pod: one } : []))
  return pods.flatMap(({ path, pod }) => {
    const selected = pod.cpu.features.filter(({ policy }) => policy === 'require').map(({ name }) => name)
    const lacks = nodes.map(node => ({ node, names: selected.filter(name => !node.present.includes(name)) }))
    if (lacks.some(({ names }) => names.length === 0)) return []
    const text = (where: string, names: readonly string[]) =>
      `the pod selects labels that ${where}: ${names.join(', ')}`
    const nowhere = selected.filter(name => lacks.every(({ names }) => names.includes(name)))
    const texts =
      nowhere.length > 0
        ? [text('no node has', nowhere)]
        : lacks.map(({ node, names }) => text(`node '${node.name ?? ''}' does not have`, names))
    return texts.map(one => ({ source: path, text: one, isDerived: true }))
  })
}

const isNode = (found: Found): found is Found & Statement =>
  found.kind === 'statement' && found.hypervisor === 'KubeVirt' && found.present.length > 0

/** A guest whose document is a pod, or what `kubectl describe` prints of one: it lists selectors. */
const isPod = (found: Found): found is Found & FoundGuest =>
  found.kind === 'guest' && found.layer === 'running'

function readLoosely(text: string, source: string): Found[] {
  try {
    return readText(text, source)
  } catch (error) {
    if (error instanceof ParseError || error instanceof LibvirtError) return []
    throw error
  }
}
