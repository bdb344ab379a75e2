import { count } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import { hostWords } from '../words/cells.ts'
import { poolName } from '../words/describe-pool.ts'
import type { FeatureAnswer } from './answer.ts'
import { addBecause } from './loss-report.ts'

/** Adds where one feature is kept and lost, and why. */
export function addFeature(report: Report, { feature, place, title, pools }: FeatureAnswer): void {
  report.line({ text: feature, tone: 'strong' }, `  ${place}  ${title}`)
  for (const { pool, fate, having, lacking, because } of pools) {
    const hosts = having.length + lacking.length
    const tone = fate === 'kept' ? 'good' : fate === 'lost' ? 'bad' : 'quiet'
    report.heading(poolName(pool))
    const who = fate === 'absent' ? 'no host has it' : `on ${having.length} of ${count(hosts, 'host')}`
    report.line(
      { text: fate, tone },
      `  ${who}${lacking.length > 0 && fate !== 'absent' ? `, not on ${hostWords(lacking)}` : ''}`,
    )
    addBecause(report, because, hosts)
  }
}
