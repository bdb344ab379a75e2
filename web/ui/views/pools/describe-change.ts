import type { PoolsDisplay } from '../../../shared/displays.ts'
import { formatNumber } from '../../parts/text.ts'

/** `Value +120 points (+1.5 %): A +4 features, level now x86-64-v3; B −1 features` */
export function describeValueChange(before: PoolsDisplay, after: PoolsDisplay): string {
  const value = after.value - before.value
  const share = before.value > 0 ? ` (${formatShare(value / before.value)})` : ''
  const pools = after.cards.flatMap(card => {
    const old = before.cards.find(one => one.label === card.label)
    const features = old ? card.featureCount - old.featureCount : 0
    const level = old && old.level !== card.level ? `, level now ${card.level || 'none'}` : ''
    if (features === 0 && level === '') return []
    return `${card.label || 'no pool'} ${formatSigned(features)} features${level}`
  })
  return `Value ${formatSigned(value)} points${share}${pools.length > 0 ? `: ${pools.join('; ')}` : ''}`
}

const formatSigned = (n: number): string => (n < 0 ? `−${formatNumber(-n)}` : `+${formatNumber(n)}`)
const formatShare = (share: number): string => `${share < 0 ? '−' : '+'}${Math.abs(share * 100).toFixed(1)} %`
