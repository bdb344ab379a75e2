import type { LibvirtError } from '../../core/libvirt-error.ts'
import { DEFAULT_LIBVIRT } from '../../core/libvirt-version.ts'
import { oncePer } from '../../core/memo.ts'
import { bytewise, count, didYouMean, fewNames, groupBy } from '../../core/text.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { builtinReleases } from '../../map/releases.ts'
import type { Cell, Report, Tone } from '../../report/report.ts'
import type { Reason, WrittenParts } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import type { KeptCpuAnswer, UnsafeFeature } from '../pools/answer.ts'
import { notExpressedLines } from './describe.ts'

/** Whether a name is a model version that QEMU has and libvirt's map has no name for. */
export const isQemuOnlyName = (name: string): boolean =>
  /-v\d+$/.test(name) &&
  CpuMap.builtIn()
    .of('x86')
    .families.some(({ versions }) =>
      versions.some(({ qemuOnly, versioned }) => qemuOnly && versioned?.name === name),
    )

/** `QEMU 11.1's; libvirt 12.8 has no name for it`: whose versions are that only QEMU has. */
export function describeQemuOnly(names: readonly string[]): string {
  const { qemu } = builtinReleases().needed(names)
  return `QEMU ${qemu}'s; libvirt ${DEFAULT_LIBVIRT} has no name for ${names.length === 1 ? 'it' : 'them'}`
}

/** What to do about an error of libvirt's, which is bare; empty where nothing is known to help. */
export function hintOnError({ db }: Context, { message }: LibvirtError): string {
  const [, kind, name] = /Unknown CPU (model|feature) (\S+)/.exec(message) ?? []
  if (name !== undefined) {
    const known = kind === 'model' ? db.models : db.features.list
    const near = didYouMean(
      known.map(one => one.name),
      name,
    )
    return near || '; where a newer libvirt described it, give its CPU map with --cpu-map DIR'
  }
  const [, hint = ''] = HINTS.find(([text]) => message.endsWith(text)) ?? []
  return hint
}

const HINTS: readonly (readonly [end: string, hint: string])[] = [
  [
    'Missing CPU model name',
    ': the <cpu> names no model, as where libvirt knew none for that host: give its /proc/cpuinfo, or what `cpuid -r` prints',
  ],
  [
    'Missing CPU architecture',
    ': the <cpu> of a host has an <arch>: give all that `virsh capabilities` printed, or add <arch>x86_64</arch>',
  ],
  ['Non-empty feature list specified without CPU model', ': add the <model> that the features are beyond'],
  ['CPU vendor specified without CPU model', ': add the <model>, or take out the <vendor>'],
  ['Invalid CPU feature policy', ': a policy is force, require, optional, disable or forbid'],
  ['Invalid fallback attribute', ': fallback is allow or forbid'],
]

/** Groups of an answer: the names of their hosts, in order. */
type NamedGroups = readonly { readonly hosts: readonly string[] }[]

/** The names of the hosts of the groups at these places, in bytewise order: ranks sort faster than a hundred thousand names. */
export function hostsAt(groups: NamedGroups, places: readonly number[]): readonly string[] {
  const { names, ranks } = ranksIn(groups)
  const some = Uint32Array.from(places.flatMap(place => ranks[place] ?? []))
  return Array.from(some.sort(), rank => names[rank] ?? '')
}

/** The names of the hosts of all these groups, each once. */
const hostsIn = (groups: NamedGroups, places: readonly (readonly number[])[]): readonly string[] =>
  hostsAt(groups, [...new Set(places.flat())])

/** Features of the same groups together, with the names of their hosts; in the order of their first feature. */
export const byGroups = <T extends { readonly inGroups: readonly number[] }>(
  groups: NamedGroups,
  list: readonly T[],
): { readonly hosts: readonly string[]; readonly features: readonly T[] }[] =>
  Array.from(groupBy(list, ({ inGroups }) => inGroups.join()).values(), features => ({
    hosts: hostsAt(groups, features[0]?.inGroups ?? []),
    features,
  }))

const ranksIn = oncePer((groups: NamedGroups) => {
  const names = groups.flatMap(({ hosts }) => hosts).sort(bytewise)
  const rankOf = new Map(names.map((name, rank) => [name, rank]))
  return { names, ranks: groups.map(({ hosts }) => hosts.map(name => rankOf.get(name) ?? 0)) }
})

/** More names than this do not help in a line; `--json` has them all. */
const MANY = 6

/** `a, b`; `3 hosts (a, b, c)`; `all 12 hosts`. */
export function hostWords(hosts: readonly string[], all?: number): string {
  if (hosts.length === 0) return 'every host has it'
  if (hosts.length === all && all > 1) return `all ${all} hosts`
  if (hosts.length <= 2) return hosts.join(', ')
  return `${count(hosts.length, 'host')} (${fewNames(hosts, MANY)})`
}

const TONES: Readonly<Record<string, Tone>> = {
  'x86-64-v4': 'good',
  'x86-64-v3': 'good',
  'x86-64-v2': 'warning',
  'x86-64-v1': 'bad',
}

/** A level, in the colour of how far it goes; of a CPU below the lowest, or of an architecture without levels, a dash. */
export const levelCell = (level: string | null): Cell =>
  level === null ? '-' : { text: level, tone: TONES[level] ?? 'good' }

/** What a value is, below tables that have one. */
export const VALUE =
  'value: the weight of the hosts, times the worth of what their guests get (docs/fleet-theory.md)'

/** Whether it says what brings a feature back, and not that nothing does, or how to do without. */
export const isRemedy = (remedy: string): boolean =>
  !/^(?:$|no known remedy|nothing to do|do without|leave it out|keep guests)/.test(remedy)

/** What to do, without what an update of the microcode is for. */
export const shortRemedy = (remedy: string): string => remedy.replace(/^(update microcode .*?): .*/, '$1')

/** What to do in all, without what follows from the rest: the latest of the microcode's dates does for the earlier ones. */
export function joinRemedies(remedies: readonly string[]): string {
  const all = [...new Set(remedies.map(shortRemedy))]
  const dated = all.filter(one => /^update microcode to \d{4}-\d\d or later$/.test(one)).sort()
  return all.filter(one => !dated.includes(one) || one === dated.at(-1)).join('; and ')
}

/** A remedy without names and numbers: what is the same elsewhere. */
export const shapeOf = (remedy: string, names: ReadonlySet<string>): string =>
  remedy
    .split(/[\s,:]+/)
    .filter(word => !names.has(word) && !/^(?:\d+|and|more|is|are|its|their|other)$/.test(word))
    .join(' ')

/** `x86-64-v4 in 2, x86-64-v3 in 1`: how many have each level, the highest first. */
export function levelCounts(levels: readonly (string | null)[], where: string): string {
  const counts = new Map<string, number>()
  for (const level of levels) counts.set(level ?? '', (counts.get(level ?? '') ?? 0) + 1)
  return [...counts]
    .sort(([a], [b]) => bytewise(b, a))
    .map(([level, n]) => `${level || 'no level'} ${where} ${n}`)
    .join(', ')
}

/** `1 234 567`: thousands apart. */
export const figure = (value: number): string => String(value).replace(/\B(?=(?:\d{3})+$)/g, ' ')

/** `4.2 %` */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

/** `pool blue`; of the hosts without a label `the fleet`. */
export const poolName = (label: string): string => (label === '' ? 'the fleet' : `pool ${label}`)

/** The features' names, at most so many. */
export const hostNamesOf = (reasons: readonly Reason[], most?: number): string =>
  fewNames(
    reasons.map(({ feature }) => feature),
    most,
  )

const UNSAFE = {
  hazard: 'guests are not told, and stay unprotected where they need it',
  disagree: 'a guest that moves there, or back, is told otherwise than the CPU behaves',
} as const

/** What is not safe by the features' orders for one reason, in a sentence; nothing of none. */
export function describeUnsafe(
  groups: NamedGroups,
  features: readonly UnsafeFeature[],
  kind: UnsafeFeature['why'],
): string[] {
  const some = features.filter(({ why }) => why === kind)
  const on = fewNames(
    hostsIn(
      groups,
      some.map(({ presentInGroups }) => presentInGroups),
    ),
    MANY,
  )
  return some.length > 0 ? [`${hostNamesOf(some)} of ${on}: ${UNSAFE[kind]}`] : []
}

/** A pool of an answer, as its kept CPU needs it. */
interface KeptPool {
  readonly pool: string
  readonly groups: NamedGroups
  readonly keptCpu?: KeptCpuAnswer
}

/** Finds which pools' hosts no longer give the kept CPU, else which could give more, which is a line of its own beside the other. */
export function addKeptFindings(report: Report, pools: readonly KeptPool[]): void {
  const [first, second] = keptWords(pools)
  if (first) report.finding(first)
  if (second) report.line(second)
}

/** Adds the same as a line. */
export function addKeptLine(report: Report, pools: readonly KeptPool[] = []): void {
  const [first, second] = keptWords(pools)
  if (first) report.line(first, ...(second ? ['; ', second] : []))
}

/** What hosts no longer give of kept CPUs, and what others could give more. */
function keptWords(pools: readonly KeptPool[]): Cell[] {
  const all = pools.flatMap(({ pool, groups, keptCpu }) =>
    keptCpu ? { name: poolName(pool), groups, ...keptCpu } : [],
  )
  const [lost, raised] = [
    all.filter(one => one.lost.length > 0),
    all.filter(one => one.lost.length === 0 && one.gains.length > 0),
  ]
  const words: Cell[] = []
  const [first, ...more] = lost
  if (first) {
    const what =
      more.length > 0
        ? `the kept CPUs of ${fewNames(lost.map(({ name }) => name))}`
        : `${hostNamesOf(first.lost)} of the kept CPU of ${first.name}`
    const hosts = lost.flatMap(one =>
      hostsIn(
        one.groups,
        one.lost.map(({ inGroups }) => inGroups),
      ),
    )
    words.push({
      text: `${fewNames(hosts, 2)} no longer give${hosts.length === 1 ? 's' : ''} ${what}`,
      tone: 'bad',
    })
  }
  const [only, ...others] = raised.map(one => `${one.name} can be raised ${describeRaise(one)}`)
  if (only) words.push(`the kept CPU of ${fewNames([only, ...others], 2)}`)
  return words
}

/** `by 12 features after power cycles of 4 guests` */
function describeRaise({ gains, guestsToRestart: restarts }: KeptCpuAnswer): string {
  const cycles = restarts.length > 0 ? ` after power cycles of ${count(restarts.length, 'guest')}` : ''
  return `by ${count(gains.length, 'feature')}${cycles}`
}

/** Adds how a pool stands to its kept CPU; nothing where it has none. */
export function addKeptCpu(
  report: Report,
  name: string,
  groups: NamedGroups,
  kept: KeptCpuAnswer | undefined,
): void {
  if (!kept) return
  const { lost, unknown, gains } = kept
  const head = `${name}kept CPU  `
  if (gains.length > 0) report.line(head, `can be raised ${describeRaise(kept)}: ${hostNamesOf(gains, MANY)}`)
  else if (lost.length === 0) report.line(head, 'is what the hosts give today')
  const alike = groupBy(lost, ({ inGroups, cause, confidence, remedy }) =>
    [inGroups.join(), cause, confidence, shortRemedy(remedy)].join('\n'),
  )
  for (const [one, ...more] of alike.values()) {
    if (!one) continue
    const { inGroups, cause, confidence, remedy } = one
    const hosts = hostsAt(groups, inGroups)
    const lack = `${hostWords(hosts)} no longer give${hosts.length === 1 ? 's' : ''} ${hostNamesOf([one, ...more], MANY)}`
    report.line({ text: head, tone: 'bad' }, `${lack} (${cause}, ${confidence}): ${shortRemedy(remedy)}`)
  }
  if (unknown.length > 0) {
    const on = hostWords(
      hostsIn(
        groups,
        unknown.map(({ inGroups }) => inGroups),
      ),
    )
    report.line({ text: head, tone: 'warning' }, `${hostNamesOf(unknown, MANY)} not known on ${on}`)
  }
}

/** Adds a definition as it was asked to be written, and what its format has no word for. */
export function addWritten(report: Report, written: WrittenParts): void {
  if (written.written !== undefined) report.drawing(() => `${written.written}`)
  for (const line of notExpressedLines(written)) report.line(...line)
}
