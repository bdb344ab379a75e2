import { count, fewNames } from '../../core/text.ts'
import type { VfioCondition, VfioFacts, VfioName } from '../../formats/host/host-facts.ts'
import { type Cell, type Line, printTable, type StyledText } from '../../report/report.ts'
import type {
  BaselineReasons,
  CompareAnswer,
  HypervisorReasons,
  LostFeature,
  Reason,
} from '../answer-parts.ts'
import { describeComparison, describeModel, noteLines } from './describe.ts'
import type { Note } from './note.ts'
import { byHosts } from './note.ts'

/** What each condition is about. */
const TITLES: Readonly<Record<VfioName, string>> = {
  'iommu-in-cpu': 'the processor virtualizes',
  'iommu-in-firmware': 'firmware has an IOMMU enabled',
  'iommu-in-kernel': 'the kernel uses it',
  'iommu-groups': 'devices are in IOMMU groups',
  'vfio-module': 'the kernel has VFIO',
  'vfio-pci-module': 'VFIO for PCI devices',
  'vfio-type1-module': 'VFIO for this IOMMU',
  'vfio-device': "VFIO's device is there",
  'vfio-permission': 'it may be opened',
  iommufd: 'iommufd, the newer way',
  'locked-memory': 'memory may be locked',
}

const MARKS = { met: 'yes', unmet: 'no', unknown: '?' } as const

/** A line without its newline; of a condition, what its first word says of it. */
interface VfioLine {
  readonly text: string
  readonly state?: VfioCondition['state']
}

/**
 * Whether devices can be passed through, and what that takes, a line each: state, what it is about, what was seen;
 * and below what is not met, the remedy.
 */
export const describeVfio = (facts: VfioFacts): VfioLine[] => [
  { text: sayVerdict(facts) },
  ...facts.conditions.flatMap(sayCondition),
  ...sayGroups(facts),
]

function sayVerdict({ isSupported }: VfioFacts): string {
  return isSupported
    ? 'passthrough of devices (VFIO): libvirt offers it, for devices are in IOMMU groups and /dev/vfio/vfio is there'
    : 'passthrough of devices (VFIO): libvirt does not offer it; it wants devices in IOMMU groups, and /dev/vfio/vfio'
}

function sayCondition({ name, state, evidence, remedy }: VfioCondition): VfioLine[] {
  const line = { text: `  ${MARKS[state].padEnd(4)}${TITLES[name].padEnd(30)}${evidence}`, state }
  return remedy === undefined ? [line] : [line, { text: `${' '.repeat(6)}remedy: ${remedy}` }]
}

/** Groups of several devices are what surprises people. */
const sayGroups = ({ groups }: VfioFacts): VfioLine[] =>
  groups
    .filter(({ devices }) => devices.length > 1)
    .map(({ id, devices }) => ({ text: `  group ${id} goes together: ${devices.join(' ')}` }))

/** Why a baseline is what it is, for people: the model, what is lost and to whom, notes. */
export function explainBaseline(reasons: BaselineReasons, notes: readonly Note[]): Line[] {
  const { hostCount: hosts, lost } = reasons
  const loss: StyledText =
    lost.length === 0
      ? { text: `nothing; ${count(hosts, 'host')}`, tone: 'good' }
      : { text: count(lost.length, 'feature'), tone: 'bad' }
  return [
    [head('model:'), ` ${describeModel(reasons)}`],
    [head('lost:'), ' ', loss],
    ...explainLost(lost),
    ...noteLines(notes),
  ]
}

/** As `explainBaseline`, with what the hypervisor withholds of what the CPUs share. */
export function explainHypervisorBaseline(reasons: HypervisorReasons, notes: readonly Note[]): Line[] {
  const { withheld } = reasons
  const loss: StyledText = { text: count(withheld.length, 'feature'), tone: 'bad' }
  const rows =
    withheld.length > 0
      ? [[head('withheld by the hypervisor:'), ' ', loss], ...printTable(withheld.map(reasonRow), '  ')]
      : []
  return [...explainBaseline(reasons, []), ...rows, ...noteLines(notes)]
}

const head = (text: string): StyledText => ({ text, tone: 'strong' })

/** What is lost, under the names of the hosts that lack it. */
function explainLost(lost: readonly LostFeature[]): Line[] {
  const groups = byHosts(lost)
  const rows = printTable(
    groups.flatMap(({ features }) => features.map(reasonRow)),
    '    ',
  )
  return groups.flatMap(({ hosts, features }): Line[] => [
    ['  not on ', { text: fewNames(hosts, MANY_HOSTS), tone: 'warning' }, ':'],
    ...rows.splice(0, features.length),
  ])
}

/** More names than this do not help; `--json` has them all. */
const MANY_HOSTS = 100

/** `avx2  CPUID.07H.0:EBX[5]  AVX2 instructions` */
const reasonRow = ({ feature, place, title }: Reason): Cell[] => [
  feature,
  { text: place, tone: 'quiet' },
  title,
]

/** What stands between a CPU and the host, for people. */
export function explainCompare(
  answer: CompareAnswer,
  cpu: string,
  host: string,
  notes: readonly Note[],
): Line[] {
  const tone = answer.result === 'incompatible' ? 'bad' : 'good'
  // What libvirt did not look at is no finding of its.
  const looked = notes.every(({ kind }) => kind !== 'not-compared')
  const said = looked ? describeComparison(answer, cpu, host) : []
  const parts = said.flatMap(({ text, features }) => [
    [{ text, tone } as const],
    ...printTable(features.map(reasonRow), '  '),
  ])
  return [...parts, ...noteLines(notes)]
}

/** All that passing a device of a host through needs; of each condition its first word has the colour. */
export const explainVfio = (facts: VfioFacts): Line[] =>
  describeVfio(facts).map(({ text, state }) => {
    if (state === undefined) return [text]
    const [, lead = '', mark = '', rest = ''] = /^( *)(\S+)(.*)$/.exec(text) ?? []
    return [lead, { text: mark, tone: STATES[state] }, rest]
  })

const STATES = { met: 'good', unmet: 'bad', unknown: 'warning' } as const
