import { formatCount } from '../ui/parts/text.ts'
import type { HostDifference, PastAnswer } from './server.ts'

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

export const formatTime = (time: string | number): string => MOMENT.format(new Date(time))

/** A pool in a sentence. */
export const namePool = (pool: string): string => pool || 'no pool'

/** Label of the pool that the route names; undefined: all. */
export const poolOfRoute = (inventory: string | undefined): string | undefined =>
  inventory?.startsWith('=') ? inventory.slice(1) : undefined

/** What is compared of facts, in this order. */
const FACTS = [
  'brand',
  'model',
  'signature',
  'microcode',
  'kernel',
  'hypervisor',
  'libvirt',
  'physBits',
  'cpus',
]

const printFact = (key: string, value: unknown): string =>
  value === undefined ? 'not known' : key === 'microcode' ? `0x${Number(value).toString(16)}` : String(value)

/** What is known of a host, a line each. */
export const describeFacts = ({ facts }: Pick<PastAnswer, 'facts'>): string[] =>
  FACTS.flatMap(key => (facts[key] === undefined ? [] : [`${key} ${printFact(key, facts[key])}`]))

/** How a host differs from what it was. */
export function describeDifference(before: PastAnswer | null, after: PastAnswer | null): string[] {
  if (!before) return ['new']
  if (!after) return ['gone']
  const facts = FACTS.filter(key => before.facts[key] !== after.facts[key]).map(
    key => `${key} ${printFact(key, before.facts[key])} → ${printFact(key, after.facts[key])}`,
  )
  return [
    ...(before.pool === after.pool ? [] : [`moved from ${namePool(before.pool)} to ${namePool(after.pool)}`]),
    ...(before.name === after.name ? [] : [`called ${before.name} before`]),
    ...facts,
    ...(facts.length > 0 || before.cpu === after.cpu ? [] : ['another CPU']),
  ]
}

/** What changed of a host, with the features that its guests lost and gained. */
export const describeChangedHost = ({ before, after, lost, gained }: HostDifference): string[] => [
  ...describeDifference(before, after),
  ...(lost.length > 0 ? [`lost ${formatSome(lost)}`] : []),
  ...(gained.length > 0 ? [`gained ${formatSome(gained)}`] : []),
]

const formatSome = (names: readonly string[]): string =>
  names.length < 6
    ? names.join(', ')
    : `${formatCount(names.length, 'feature')}: ${names.slice(0, 5).join(', ')} …`
