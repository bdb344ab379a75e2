import { count, fewNames } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import type { PoolDefinition } from '../pools/answer.ts'
import { addKeptLine, addWritten, figure, hostsAt, percent, shortRemedy } from '../words/cells.ts'
import type { Advice, FirstStep } from './answer.ts'

/** Adds the recommended strategy and how to go on, and what each strategy gives and loses. */
export function addAdvice(report: Report, advice: Advice): void {
  const { groups, definitions, take, why, first, strategies, keptCpus } = advice
  report.finding('take ', { text: take, tone: 'good' }, `: ${why}`)
  addKeptLine(report, keptCpus)
  const taken = strategies.find(({ strategy }) => strategy === take)
  const share = taken ? `guests get ${percent(taken.share)} of what their hosts have` : ''
  for (const step of first) addFirstStep(report, groups, step)
  report.action(HOW[take], { gain: share })
  const definitionAt = (place: number | null) => definitions[place ?? -1]
  for (const { name, hostCount, definition } of taken?.pools ?? []) {
    const written = definitionAt(definition)
    if (written?.written === undefined) continue
    report.line(`${name} and its like: ${count(hostCount, 'host')}`)
    addWritten(report, written)
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
      poolCount,
      value,
      share: of,
      benefit: gives,
      drawback: loses,
      pools,
    } of strategies) {
      report.subheading(
        { text: strategy, tone: strategy === take ? 'good' : 'strong' },
        `: ${count(poolCount, 'pool')}, value ${figure(value)}, ${percent(of)} of what the hosts have`,
      )
      report.line(`  gives: ${gives}`)
      report.line(`  loses: ${loses}`)
      for (const { name, hostCount, definition } of pools)
        report.line(
          `  ${name} and its like: ${count(hostCount, 'host')}, ${wordsOf(definitionAt(definition))}`,
        )
    }
  })
}

function addFirstStep(report: Report, groups: Advice['groups'], step: FirstStep): void {
  const { inGroups, gains: features, remedy } = step
  const gains = fewNames(features.map(({ feature }) => feature))
  const gain = `${step.do === 'record' ? 'nothing is known there of' : 'the others then have'} ${gains}`
  report.action(`first ${remedy === null ? PART : shortRemedy(remedy)}`, {
    on: hostsAt(groups, inGroups),
    gain,
  })
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
const wordsOf = (definition: PoolDefinition | undefined): string =>
  definition
    ? [
        definition.model,
        ...definition.added.map(name => `+${name}`),
        ...definition.disabled.map(name => `-${name}`),
      ].join(' ')
    : 'no named model fits'
