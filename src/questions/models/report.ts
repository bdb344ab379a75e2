import { count, fewNames } from '../../core/text.ts'
import type { Reporter } from '../question.ts'
import { byHosts } from '../words/note.ts'
import { describeQemuOnly } from '../words/qemu-only.ts'
import type { BlockedModel, UsableModels } from './answer.ts'

const PLAIN = { title: '' } as const

/** Adds the models that are usable everywhere, and what blocks each of the others. */
export const reportModels: Reporter<UsableModels> = (report, answer) => {
  const { hosts, usable, blocked, qemuOnly = [] } = answer
  const on = hosts.length === 1 ? hosts[0] : `all ${hosts.length} hosts`
  report.line(
    usable.length > 0
      ? { text: `usable on ${on}, best first:`, tone: 'good' }
      : { text: `no model is usable on ${on}`, tone: 'bad' },
  )
  report.table(
    [PLAIN, PLAIN],
    usable.map(({ name, vendor }) => [name, vendor || 'any vendor']),
  )
  if (blocked.length > 0)
    report.line({ text: `not usable: ${count(blocked.length, 'model')}`, tone: 'warning' })
  report.table(
    [PLAIN, PLAIN, PLAIN],
    blocked.map(model => [model.name, model.vendor || 'any vendor', describeBlocks(model)]),
  )
  if (qemuOnly.length > 0) report.line(`${describeQemuOnly(qemuOnly)}: ${qemuOnly.join(', ')}`)
}

/** More features than this do not help in a line; `--json` has all. */
const MOST = 8

/** `lacks avx512f (a, b); unknown to the hypervisor (c)` */
function describeBlocks({ blockers, absentOn, unexplainedOn }: BlockedModel): string {
  const lacks = byHosts(blockers).map(({ features, hosts }) => {
    const names = features.map(({ feature }) => feature)
    return `lacks ${fewNames(names, MOST)} (${fewNames(hosts)})`
  })
  const absent = absentOn.length > 0 ? [`unknown to the hypervisor (${fewNames(absentOn)})`] : []
  const unexplained = unexplainedOn.length > 0 ? [`for unknown reasons (${fewNames(unexplainedOn)})`] : []
  return [...lacks, ...absent, ...unexplained].join('; ')
}
