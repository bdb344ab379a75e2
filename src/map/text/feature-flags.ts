import type { FeatureClass } from '../../core/feature.ts'
import { ORDERS, type Order } from '../../core/order.ts'
import { type DataFile, faultAt } from './data-file.ts'

/** The letters between name and title. */
export interface FeatureFlags {
  readonly order: Order
  readonly class: FeatureClass | undefined
  readonly migratable: boolean
  /** Not among libvirt's features: only our own notes speak of it. */
  readonly beyond: boolean
  /** Made by the hypervisor, not by silicon. */
  readonly byHypervisor: boolean
  readonly deprecated: boolean
}

const CLASSES: Readonly<Record<string, FeatureClass>> = {
  s: 'security',
  p: 'performance',
  v: 'virtualization',
  n: 'nested',
  f: 'platform',
  w: 'volatile',
}

/** The few combinations that there are, each read once. */
const KNOWN = new Map<string, FeatureFlags>()

/** Reads `&  pm`: order, class, the rest. @throws ParseError at `offset` of the file */
export function flagsOf(text: string, file: DataFile, offset: number): FeatureFlags {
  const known = KNOWN.get(text)
  if (known) return known
  const flags = parseFlags(text)
  if (typeof flags === 'string') throw faultAt(file, offset, flags)
  KNOWN.set(text, flags)
  return flags
}

/** The flags, or what is wrong with them. */
function parseFlags(text: string): FeatureFlags | string {
  const order = ORDERS.find(letter => letter === text.charAt(0))
  const letters = text.slice(1).trim()
  if (!order) return 'expected an order: one of & | < > = ~ .'
  if (!/^[spvnfw-][mxhd]*$/.test(letters))
    return 'flags are a class (s p v n f w) or `-`, and then any of m x h d'
  return {
    order,
    class: CLASSES[letters.charAt(0)],
    migratable: !letters.includes('m'),
    beyond: letters.includes('x'),
    byHypervisor: letters.includes('h'),
    deprecated: letters.includes('d'),
  }
}
