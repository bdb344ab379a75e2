import fc from 'fast-check'
import type { FeatureSet } from '../../src/core/feature-set.ts'
import type { FleetGuest } from '../../src/fleet/guest.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { Valuation } from '../../src/fleet/value.ts'
import { builtinLevels } from '../../src/map/levels.ts'
import { builtinWeights } from '../../src/map/weights.ts'
import { contextOf } from '../../src/questions/context.ts'
import { builtin } from '../built-in.ts'
import { fs } from '../notation.ts'

export const db = builtin()
export const valuation = new Valuation(db.features, builtinWeights())
export const levels = builtinLevels(db.features)
export const { cpus } = contextOf()

/**
 * Hosts as lines of `NAME {KEY=VALUE} : FEATURE …`; a feature may be a model, which stands for its features,
 * and `-FEATURE` takes one away. Keys: pool weight vendor sig (F.M.S) ucode brand (with `_` for blanks) phys tsc kernel hv hash.
 */
export const hosts = (text: string): FleetHost[] =>
  text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(hostOf)

/** Guests as `NAME HOST {KEY=VALUE} : FEATURE …`. */
export const guests = (text: string): FleetGuest[] =>
  text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => {
      const [head = '', features = ''] = line.trim().split(' :')
      const [name = '', host, ...pairs] = head.split(' ')
      const of = Object.fromEntries(pairs.map(pair => pair.split('=')))
      return {
        name,
        host,
        vendor: of.vendor,
        physBits: of.phys ? Number(of.phys) : undefined,
        features: bits(features),
      }
    })

export const bits = (text: string): FeatureSet => {
  const words = text.split(/\s+/).filter(word => word !== '')
  const models = words.flatMap(word => db.model(word)?.features ?? [])
  const plain = words.filter(word => !word.startsWith('-') && !db.model(word))
  const less = words.filter(word => word.startsWith('-')).map(word => word.slice(1))
  return models.reduce((set, model) => set.join(model), fs(plain.join(' '))).minus(fs(less.join(' ')))
}

function hostOf(line: string): FleetHost {
  const [head = '', features = ''] = line.split(' :')
  const [name = '', ...pairs] = head.split(/\s+/).filter(word => word !== '')
  const of = Object.fromEntries(pairs.map(pair => pair.split('=')))
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  const [family = 0, model = 0, stepping = 0] = (of.sig ?? '').split('.').map(Number)
  return {
    name,
    pool: of.pool,
    weight: number(of.weight),
    vendor: of.vendor,
    model: of.model,
    signature: of.sig ? { family, model, stepping } : undefined,
    microcode: number(of.ucode),
    brand: of.brand?.replaceAll('_', ' '),
    physBits: number(of.phys),
    tscHz: of.tsc ? BigInt(of.tsc) : undefined,
    kernel: of.kernel,
    hypervisor: of.hv,
    documentHash: of.hash,
    features: bits(features),
  }
}

/** A few features of every class, so that random hosts meet in something. */
const SOME = 'avx avx2 f16c aes vmx spec-ctrl ssbd md-clear monitor ds vmx-ept ht pku hle rtm xsaves'.split(
  ' ',
)

/** Small random fleets; names are `h0`, `h1`, … */
export const fleets: fc.Arbitrary<FleetHost[]> = fc
  .array(
    fc.record({
      features: fc.subarray(SOME).map(names => fs(`sse2 ${names.join(' ')}`)),
      weight: fc.integer({ min: 0, max: 9 }),
      vendor: fc.constantFrom('Intel', 'Intel', 'AMD'),
      physBits: fc.constantFrom(39, 46),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map(list => list.map((host, i) => ({ name: `h${i}`, ...host })))
