import { count, fewNames } from '../../core/text.ts'
import type { VfioFacts } from '../../formats/host/vfio.ts'
import type { Cell, Line, StyledText } from '../../report/styled-text.ts'
import { printTable } from '../../report/styled-text.ts'
import type { BaselineReasons, LostFeature, Reason } from '../answer-parts.ts'
import type { CompareAnswer } from '../compare/answer.ts'
import type { HypervisorReasons } from '../hypervisor-cpu-baseline/answer.ts'
import { describeComparison, describeModel, describeNote } from './describe.ts'
import { describeVfio } from './describe-vfio.ts'
import type { Note } from './note.ts'
import { byHosts } from './reason.ts'

/** Why a baseline is what it is, for people: the model, what is lost and to whom, notes. */
export function explainBaseline(reasons: BaselineReasons, notes: readonly Note[]): Line[] {
  const { hosts, lost } = reasons
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
export const reasonRow = ({ feature, place, title }: Reason): Cell[] => [
  feature,
  { text: place, tone: 'quiet' },
  title,
]

export const noteLine = (note: Note): Line => [{ text: 'note:', tone: 'warning' }, ` ${describeNote(note)}`]

/** A line a note, each said once. */
export function noteLines(notes: readonly Note[]): Line[] {
  const bySentence = new Map(notes.map(note => [describeNote(note), note]))
  return [...bySentence.values()].map(noteLine)
}

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
