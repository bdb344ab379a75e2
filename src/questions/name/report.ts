import type { Order } from '../../core/feature.ts'
import { fill } from '../../core/text.ts'
import type { ToolName } from '../../map/tool-names.ts'
import type { Reporter } from '../question.ts'
import { describeQemuOnly } from '../words/cells.ts'
import type { FamilyHas, FeatureFacts, NameAnswer, VendorHas } from './answer.ts'

/** The answer as plain text for a terminal of `width` columns, without a line feed at the end. */
export function printName(
  { text, meanings: features, register, note, nearest }: NameAnswer,
  width = 100,
): string {
  if (register) return printRegister(features)
  if (features.length > 0) return features.map(facts => printFacts(facts, width)).join('\n\n')
  if (note) return `${text} is no feature but ${note}`
  const like = nearest.length > 0 ? `; did you mean ${nearest.join(', ')}?` : ''
  return `no tool calls a feature ${text}${like}`
}

/** The bits of a register, one a line. */
function printRegister(features: readonly FeatureFacts[]): string {
  const [names, places] = [features.map(({ name }) => name), features.map(({ place }) => place)]
  const widths = [names, places].map(column => Math.max(...column.map(({ length }) => length)))
  return features
    .map(({ name, place, title }) =>
      `${place.padEnd(widths[1] ?? 0)}  ${name.padEnd(widths[0] ?? 0)}  ${title}`.trimEnd(),
    )
    .join('\n')
}

/** What an order means to somebody who composes a guest's CPU. */
const SAY_ORDER: Readonly<Record<Order, string>> = {
  '&': 'an ability: a guest may have it if every host has it',
  '|': 'a hazard: a guest must see it if any host has it',
  '<': 'the smallest value of all hosts is safe',
  '>': 'the largest value of all hosts is safe',
  '=': 'all hosts must agree on it',
  '~': 'a hint: safe on hosts without it, never a blocker',
  '.': 'not compared: the operating system or the virtual CPU owns it',
}

function printFacts(facts: FeatureFacts, width: number): string {
  const { name, place, title, order, knownToLibvirt: libvirt, migratable } = facts
  const status = [
    ...(migratable ? [] : ['guests with it cannot migrate']),
    ...(libvirt ? [] : ['libvirt does not know it']),
    ...(facts.unoffered ? ['no hypervisor gives it to guests'] : []),
  ]
  const rows: readonly [label: string, text: string][] = [
    ['title', title],
    ['class', [facts.class ?? '', ...status].filter(Boolean).join('; ')],
    // An installed map has no titles and knows no orders: its `&` means nothing.
    ['order', title ? `${order}  ${SAY_ORDER[order]}` : ''],
    ['names', facts.spellings.map(sayTool).join('; ')],
    ['needs', facts.needs.join(', ')],
    ['needed by', facts.neededBy.join(', ')],
    ...facts.byVendor
      .filter(isKnown)
      .map((has, i): [string, string] => [i === 0 ? 'models' : '', sayVendor(has)]),
    ['in QEMU', sayQemuOnly(facts.byVendor)],
  ]
  const lines = rows.flatMap(([label, text]) =>
    text ? fill(text.split(' '), `  ${label.padEnd(11)}`, width) : [],
  )
  return [`${name}  ${place}`, ...lines].join('\n')
}

function sayTool({ tool, names, hidden, vendors }: ToolName): string {
  const [printed, ...others] = names
  if (printed === undefined) return `${tool} has no name for it`
  const also = others.length > 0 ? ` (also ${others.join(', ')})` : ''
  const of = vendors ? ` (of ${vendors.join(' and ')})` : ''
  return `${tool} ${printed}${also}${hidden ? ' (never shown)' : ''}${of}`
}

const isKnown = ({ families }: VendorHas): boolean => families.some(({ versions }) => versions.length > 0)

/** The versions that only QEMU has: `SapphireRapids (v7-v8): QEMU 11.1's; libvirt 12.8 has no name for them`. */
function sayQemuOnly(models: readonly VendorHas[]): string {
  const families = models.flatMap(has => has.families.filter(({ qemuOnly }) => qemuOnly))
  if (families.length === 0) return ''
  const names = families.flatMap(({ name: family, qemuOnly = [] }) =>
    qemuOnly.map(version => `${family}-${version}`),
  )
  const said = families.map(({ name: family, qemuOnly = [] }) =>
    sayVersions({ name: family, versions: qemuOnly, all: false }),
  )
  return `${said.join(', ')}: ${describeQemuOnly(names)}`
}

/** How many families may be left out before naming those that have it is shorter. */
const FEW = 4

/** `Intel: since Cascadelake-Server, but not Denverton`. */
function sayVendor({ vendor, families }: VendorHas): string {
  const since = families.slice(families.findIndex(({ versions }) => versions.length > 0))
  const having = since.filter(({ versions }) => versions.length > 0).map(sayVersions)
  const without = since.filter(({ versions }) => versions.length === 0).map(({ name: family }) => family)
  const label = `${vendor ?? 'any vendor'}: `
  if (families.every(({ all }) => all) && families.length > 1) return `${label}all models`
  if (without.length > FEW || since.length === 1) return label + having.join(', ')
  const partly = since.slice(1).filter(({ versions, all }) => versions.length > 0 && !all)
  const but = without.length > 0 ? `, but not ${without.join(', ')}` : ''
  return `${label}since ${having[0]}${but}${partly.length > 0 ? `; in part ${partly.map(sayVersions).join(', ')}` : ''}`
}

/** `EPYC`, `EPYC (v3-v5)`, `Icelake-Server (v1, v7)`. */
function sayVersions({ name: family, versions, all }: FamilyHas): string {
  return all ? family : `${family} (${runs(versions).join(', ')})`
}

/** `v1 v3 v4 v5` as `v1`, `v3-v5`. */
function runs(versions: readonly string[]): string[] {
  const found: string[][] = []
  for (const version of versions) {
    const run = found.at(-1)
    if (run && Number(version.slice(1)) === Number(run.at(-1)?.slice(1)) + 1) run.push(version)
    else found.push([version])
  }
  return found.map(run => (run.length === 1 ? run.join() : `${run[0]}-${run.at(-1)}`))
}

/** Adds all that is known of the word. */
export const reportName: Reporter<NameAnswer> = (report, answer) =>
  report.drawing(width => `${printName(answer, width)}\n`)
