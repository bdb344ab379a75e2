import { count, fewNames } from '../../core/text.ts'
import { SCHEMA_VERSION } from '../../questions/document.ts'
import type { BlockedModel, UsableModels } from '../../questions/models/answer.ts'
import { usableModels } from '../../questions/models/compute.ts'
import { printNote } from '../../questions/words/describe.ts'
import { noteLines } from '../../questions/words/explain.ts'
import { byHosts } from '../../questions/words/note.ts'
import type { Line, StyledText } from '../../report/styled-text.ts'
import { printTable } from '../../report/styled-text.ts'
import { HYPERVISOR, hypervisorRequest, NO_CACHE, openHosts } from '../hypervisor.ts'
import { printLines } from '../print-report.ts'
import type { Command } from '../run.ts'
import { openContext } from '../session.ts'

export const command: Command = {
  spec: {
    name: 'models',
    description:
      'Tell which named models guests can be given on every host of a pool, best first, and what keeps the others ' +
      'from it on which host. Hosts are recorded ones, or this one.',
    options: [
      {
        name: 'usable-on',
        value: 'file',
        positional: 'many',
        help: 'recorded hosts: conversations with QEMU, domain capabilities, directories of them',
      },
      ...HYPERVISOR,
      NO_CACHE,
      { name: 'json', help: 'the same as JSON' },
    ],
    example: 'virt-cpu models --usable-on examples/hypervisors',
    style: 'own',
  },

  async run(args, session) {
    const context = await openContext(session)
    const { hosts, notes } = await openHosts(context, args.all('usable-on'), hypervisorRequest(args))
    const answer = usableModels(context, hosts)
    if (args.has('json')) {
      session.out(
        `${JSON.stringify({ schema: SCHEMA_VERSION, ...answer, notes: notes.map(printNote) }, null, 2)}\n`,
      )
    } else await printLines(session, [...told(answer), ...noteLines(notes)])
    return answer.usable.length > 0 ? 0 : 1
  },
}

function told({ hosts, usable, blocked }: UsableModels): Line[] {
  const on = hosts.length === 1 ? hosts[0] : `all ${hosts.length} hosts`
  const head: StyledText =
    usable.length > 0
      ? { text: `usable on ${on}, best first:`, tone: 'good' }
      : { text: `no model is usable on ${on}`, tone: 'bad' }
  const rows = usable.map(({ name, vendor }) => [name, vendor || 'any vendor'])
  const others = blocked.map(model => [model.name, model.vendor || 'any vendor', why(model)])
  const rest: StyledText = { text: `not usable: ${count(blocked.length, 'model')}`, tone: 'warning' }
  return [
    [head],
    ...printTable(rows, '  '),
    ...(others.length > 0 ? [[rest], ...printTable(others, '  ')] : []),
  ]
}

/** `lacks avx512f (not on a, b); c does not have it` */
function why({ blockers, absentOn, untoldOn }: BlockedModel): string {
  const lacks = byHosts(blockers).map(
    ({ features, hosts }) =>
      `lacks ${fewNames(
        features.map(({ feature }) => feature),
        MANY,
      )} (${fewNames(hosts)})`,
  )
  const absent = absentOn.length > 0 ? [`unknown to the hypervisor (${fewNames(absentOn)})`] : []
  const untold = untoldOn.length > 0 ? [`for reasons that are not told (${fewNames(untoldOn)})`] : []
  return [...lacks, ...absent, ...untold].join('; ')
}

/** `--json` has them all. */
const MANY = 8
