import type { BaselineReasons } from '../verbs/baseline.ts'
import type { CompareAnswer } from '../verbs/compare.ts'
import type { HypervisorReasons } from '../verbs/hypervisor-baseline.ts'
import type { Note } from '../verbs/note.ts'
import { byHosts, type LostFeature, type Reason } from '../verbs/reason.ts'
import { count, fewNames, say, sayCompare, sayModel } from '../verbs/say.ts'
import { table } from './table.ts'

/** Why a baseline is what it is, for people: the model, what is lost and to whom, notes. */
export function explainBaseline(reasons: BaselineReasons, notes: readonly Note[]): string {
  const { hosts, lost } = reasons
  const head =
    lost.length === 0 ? `lost: nothing; ${count(hosts, 'host')}` : `lost: ${count(lost.length, 'feature')}`
  return `model: ${sayModel(reasons)}\n${head}\n${explainLost(lost)}${printNotes(notes)}`
}

/** As `explainBaseline`, with what the hypervisor withholds of what the CPUs share. */
export function explainHypervisorBaseline(reasons: HypervisorReasons, notes: readonly Note[]): string {
  const { withheld } = reasons
  const head = `withheld by the hypervisor: ${count(withheld.length, 'feature')}\n`
  const rows = withheld.length > 0 ? head + table(withheld.map(reasonRow), '  ') : ''
  return explainBaseline(reasons, []) + rows + printNotes(notes)
}

/** What is lost, under the names of the hosts that lack it. */
function explainLost(lost: readonly LostFeature[]): string {
  const groups = byHosts(lost)
  const rows = table(
    groups.flatMap(({ features }) => features.map(reasonRow)),
    '    ',
  ).split('\n')
  return groups
    .map(({ hosts, features }) => {
      const own = rows.splice(0, features.length).join('\n')
      return `  not on ${fewNames(hosts, MANY_HOSTS)}:\n${own}\n`
    })
    .join('')
}

/** More names than this do not help; `--json` has them all. */
const MANY_HOSTS = 100

/** `avx2  CPUID.07H.0:EBX[5]  AVX2 instructions` */
export const reasonRow = ({ feature, place, title }: Reason): string[] => [feature, place, title]

/** A line a note, each said once. */
export const printNotes = (notes: readonly Note[]): string =>
  [...new Set(notes.map(note => `note: ${say(note)}\n`))].join('')

/** What stands between a CPU and the host, for people. */
export function explainCompare(
  answer: CompareAnswer,
  cpu: string,
  host: string,
  notes: readonly Note[],
): string {
  const parts = sayCompare(answer, cpu, host).map(
    ({ text, features }) => `${text}\n${table(features.map(reasonRow), '  ')}`,
  )
  return parts.join('') + printNotes(notes)
}
