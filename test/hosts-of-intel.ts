import fc from 'fast-check'
import type { Cpu } from '../src/core/cpu.ts'
import type { Model } from '../src/core/model.ts'
import { builtin } from './built-in.ts'

const db = builtin()
const intel = db.models.filter(({ vendor }) => vendor?.name === 'Intel')

/** Hosts of Intel's: each a model, and at most so many features besides, whether or not the model has them. */
export const hostsOfIntel = (most: number, of: (model: Model) => boolean = () => true): fc.Arbitrary<Cpu> =>
  fc
    .record({
      model: fc.constantFrom(...intel.filter(of)),
      extra: fc.subarray([...db.features.list], { maxLength: most }),
    })
    .map(({ model, extra }) => ({
      type: 'host',
      detected: true,
      arch: 'x86_64',
      model: model.name,
      vendor: 'Intel',
      features: extra.map(({ name }) => ({ name })),
    }))
