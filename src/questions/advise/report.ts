import { count, fewNames } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import type { PoolDefinition } from '../pools/answer.ts'
import { addWritten, figure, percent, shortRemedy } from '../words/cells.ts'
import type { Advice, FirstStep } from './answer.ts'

/** Adds the recommended strategy and how to go on, and what each strategy gives and loses. */
export function addAdvice(report: Report, { take, why, first, strategies }: Advice): void {
  report.finding('take ', { text: take, tone: 'good' }, `: ${why}`)
  const taken = strategies.find(({ strategy }) => strategy === take)
  const share = taken ? `guests get ${percent(taken.share)} of what their hosts have` : ''
  for (const step of first) addFirstStep(report, step)
  report.action(HOW[take], { gain: share })
  for (const { name, hosts, expression } of taken?.definitions ?? []) {
    if (expression?.written === undefined) continue
    report.line(`${name} and its like: ${count(hosts.length, 'host')}`)
    addWritten(report, expression)
  }
  report.instead(() =>
    report.table(
      [
        { title: 'strategy' },
        { title: 'pools', align: 'right' },
        { title: 'guests get', align: 'right' },
        { title: 'loses', wraps: true },
      ],
      strategies.map(({ strategy, poolCount: pools, share: of, drawback: loses }) => [
        strategy === take ? { text: strategy, tone: 'good' } : strategy,
        String(pools),
        percent(of),
        loses,
      ]),
    ),
  )
  report.details(() => {
    for (const {
      strategy,
      poolCount: pools,
      value,
      share: of,
      benefit: gives,
      drawback: loses,
      definitions,
    } of strategies) {
      report.subheading(
        { text: strategy, tone: strategy === take ? 'good' : 'strong' },
        `: ${count(pools, 'pool')}, value ${figure(value)}, ${percent(of)} of what the hosts have`,
      )
      report.line(`  gives: ${gives}`)
      report.line(`  loses: ${loses}`)
      for (const { name, hosts, expression } of definitions)
        report.line(`  ${name} and its like: ${count(hosts.length, 'host')}, ${wordsOf(expression)}`)
    }
  })
}

function addFirstStep(report: Report, step: FirstStep): void {
  const { hosts, gains: features, remedy } = step
  const gains = fewNames(features.map(({ feature }) => feature))
  const gain = `${step.do === 'record' ? 'nothing is known there of' : 'the others then have'} ${gains}`
  report.action(`first ${remedy === null ? PART : shortRemedy(remedy)}`, { on: hosts, gain })
}

const PART = 'take out, or make a pool of their own'

/** How to go on with each strategy. */
const HOW: Readonly<Record<Advice['take'], string>> = {
  passthrough: "give guests <cpu mode='host-passthrough'/>",
  generic: 'give guests the generic model that is named below',
  groups: 'make these pools: `virt-cpu advise --write fleet.yaml` writes them with their CPUs',
  common: 'give guests one CPU a vendor: `virt-cpu advise --write fleet.yaml` writes it',
}

/** `Skylake-Server-v4 +md-clear -mpx` */
const wordsOf = (expression: PoolDefinition | null): string =>
  expression
    ? [
        expression.model,
        ...expression.added.map(name => `+${name}`),
        ...expression.disabled.map(name => `-${name}`),
      ].join(' ')
    : 'no named model fits'
