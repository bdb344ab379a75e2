import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FoldOptions } from '../../../src/arch/driver.ts'
import { BaselineFold } from '../../../src/arch/x86/baseline.ts'
import { featuresOf } from '../../../src/arch/x86/definition.ts'
import type { Cpu } from '../../../src/core/cpu.ts'
import { builtin } from '../../built-in.ts'
import { guest, host, names, refusal, show } from '../../notation.ts'

const db = builtin()

function fold(...all: readonly (string | Cpu)[]): BaselineFold {
  const made = new BaselineFold(db)
  for (const cpu of all) made.add(typeof cpu === 'string' ? host(cpu) : cpu)
  return made
}

const baseline = (all: readonly (string | Cpu)[], options: FoldOptions = {}): string =>
  show(fold(...all).result(options))

describe('small pools', () => {
  test.each([
    [['Penryn Intel +vmx', 'Nehalem Intel +vmx'], 'exact Penryn Intel require:vmx'],
    [
      ['Skylake-Client-IBRS Intel +xsaves +invtsc', 'Haswell-IBRS Intel +xsaves +invtsc'],
      'exact Haswell-IBRS Intel require:xsaves require:invtsc',
    ],
    [['SapphireRapids Intel', 'GraniteRapids Intel'], 'exact SapphireRapids Intel'],
    [['Haswell-noTSX-IBRS Intel'], 'exact Haswell-noTSX-IBRS Intel fallback:forbid'],
    // Fallback is forbidden only where one name went in and came out.
    [['Penryn Intel', 'Penryn Intel +vmx'], 'exact Penryn Intel fallback:forbid'],
    [['Penryn Intel', 'Penryn-v1 Intel'], 'exact Penryn Intel'],
    [['Haswell-v4 Intel'], 'exact Haswell-noTSX-IBRS Intel'],
    [['cpu64-rhel6 Intel'], 'exact kvm64 Intel require:lahf_lm'],
    // A removed feature is disabled where no CPU lists it.
    [['EPYC AMD'], 'exact EPYC AMD fallback:forbid disable:monitor'],
    [['EPYC AMD +monitor'], 'exact EPYC AMD fallback:forbid require:monitor'],
    // The model is kept although all CPUs lack some of it; guests may say so.
    [
      [guest('exact Nehalem Intel disable:popcnt optional:avx forbid:sse4.2')],
      'exact Nehalem Intel fallback:forbid disable:sse4.2 disable:popcnt',
    ],
  ])('%o: %s', (all, expected) => {
    expect(baseline(all as (string | Cpu)[])).toBe(expected)
  })

  test('migratable filters the list: required and disabled entries alike, and nothing of the model', () => {
    const skylake = ['Skylake-Client-IBRS Intel +xsaves +invtsc', 'Haswell-IBRS Intel +xsaves +invtsc']
    expect(baseline(skylake, { migratable: true })).toBe('exact Haswell-IBRS Intel')
    const without = [guest('exact SapphireRapids Intel disable:xsaves require:vmx')]
    expect(baseline(without)).toBe('exact SapphireRapids Intel fallback:forbid require:vmx disable:xsaves')
    expect(baseline(without, { migratable: true })).toBe(
      'exact SapphireRapids Intel fallback:forbid require:vmx',
    )
  })
})

describe('vendors', () => {
  test.each([
    // Without a vendor of its own the first CPU has none, whatever its model; of others the model's stands in.
    [['EPYC', 'Penryn'], 'exact Penryn'],
    [['Penryn', 'EPYC'], 'exact kvm64 require:ssse3 require:sse4.1 require:lahf_lm'],
    [['Penryn', 'Penryn'], 'exact Penryn fallback:forbid'],
    [['kvm64', 'kvm64 Intel'], 'exact kvm64 fallback:forbid'],
    // One CPU without a vendor keeps it out of the answer.
    [['Penryn Intel', 'Nehalem'], 'exact Penryn'],
    [['Penryn', 'Nehalem Intel'], 'exact Penryn'],
    // Only a first CPU may contradict its model.
    [['Penryn AMD'], 'exact kvm64 AMD require:ssse3 require:sse4.1 require:lahf_lm'],
    [['EPYC AMD', 'kvm64 AMD'], 'exact kvm64 AMD'],
  ])('%o: %s', (all, expected) => {
    expect(baseline(all)).toBe(expected)
  })

  test.each([
    [['Penryn Intel', 'Opteron_G3 AMD'], 'operation failed: CPU vendors do not match'],
    [['Penryn Intel', 'Opteron_G3'], 'operation failed: CPU vendors do not match'],
    [['kvm64', 'Penryn', 'EPYC'], 'operation failed: CPU vendors do not match'],
    [
      ['EPYC AMD', 'Penryn AMD'],
      'operation failed: CPU vendor Intel of model Penryn differs from vendor AMD',
    ],
    [['kvm64 Nobody'], 'operation failed: Unknown CPU vendor Nobody'],
    [['kvm64', 'kvm64 Nobody'], 'operation failed: Unknown CPU vendor Nobody'],
    [['kvm64 Intel', 'kvm64 Nobody'], 'operation failed: CPU vendors do not match'],
    [['kvm64', 'EPYC Nobody'], 'operation failed: CPU vendor AMD of model EPYC differs from vendor Nobody'],
    [['Foo Nobody'], 'internal error: Unknown CPU model Foo'],
    [['Penryn Nobody +foo'], 'internal error: Unknown CPU feature foo'],
    [['Penryn Intel', 'Opteron_G3 AMD +foo'], 'internal error: Unknown CPU feature foo'],
  ])('%o: %s', (all, message) => {
    expect(refusal(() => baseline(all))).toBe(message)
  })
})

describe('what the hypervisor has', () => {
  const models = (text: string) => new Map(text.split(' ').map(name => [name, []]))

  test('only its models, with their blockers', () => {
    const pool = ['Nehalem Intel', 'Westmere Intel']
    expect(baseline(pool, { models: models('Penryn') })).toBe(
      'exact Penryn Intel require:sse4.2 require:popcnt',
    )
    expect(baseline(pool, { models: new Map([['Nehalem', ['popcnt']]]) })).toBe(
      'exact Nehalem Intel disable:popcnt',
    )
    expect(refusal(() => baseline(pool, { models: models('EPYC') }))).toContain(
      'Cannot find suitable CPU model',
    )
  })

  test('a single model that it does not have is replaced', () => {
    expect(baseline(['Nehalem Intel'], { models: models('Penryn') })).toBe(
      'exact Penryn Intel require:sse4.2 require:popcnt',
    )
  })

  test('only its features', () => {
    const of = (...features: string[]) => refusal(() => baseline(['486'], { features }))
    expect(show(fold('486').result({ features: ['fpu', 'vme', 'pse', 'foo'] }))).toBe(
      'exact 486 fallback:forbid',
    )
    expect(show(fold('486').result({ features: ['fpu', 'vme'] }))).toBe(
      'exact 486 fallback:forbid disable:pse',
    )
    expect(of('avx')).toBe('operation failed: CPUs are incompatible')
    expect(of()).toBe('operation failed: CPUs are incompatible')
  })
})

describe('nothing in common', () => {
  test('is told when the result is asked for', () => {
    const apart = fold(guest('exact 486 disable:fpu disable:vme disable:pse'), '486')
    expect(names(apart.common)).toBe('')
    expect(refusal(() => apart.result())).toBe('operation failed: CPUs are incompatible')
  })
})

describe('on a given model', () => {
  test.each([
    [['Penryn Intel', 'Nehalem Intel'], 'core2duo', 'exact core2duo Intel fallback:forbid'],
    [
      ['Penryn Intel', 'Nehalem Intel'],
      'Nehalem',
      'exact Nehalem Intel fallback:forbid disable:sse4.2 disable:popcnt',
    ],
    [['Penryn Intel'], 'Penryn-v1', 'exact Penryn-v1 Intel fallback:forbid'],
    [['EPYC AMD'], 'EPYC', 'exact EPYC AMD fallback:forbid disable:monitor'],
    [['EPYC', 'kvm64'], '486', 'exact 486 fallback:forbid'],
  ])('%o on %s: %s', (all, onModel, expected) => {
    const found = baseline(all, { onModel })
    expect(found.startsWith(expected)).toBe(true)
    const made = fold(...all)
    expect(featuresOf(db, made.result({ onModel })).eq(made.common)).toBe(true)
  })

  test.each([
    [['Penryn Intel'], 'Foo', 'internal error: Unknown CPU model Foo'],
    [['Penryn Intel'], 'EPYC', 'operation failed: CPU vendor AMD of model EPYC differs from vendor Intel'],
    [['Penryn'], 'EPYC', 'no refusal'],
  ])('%o on %s: %s', (all, onModel, message) => {
    expect(refusal(() => baseline(all, { onModel }))).toBe(message)
  })
})

test('a CPU that is added again, as the same object, counts as an equal one does', () => {
  const few = [
    'EPYC',
    'EPYC AMD',
    'Penryn',
    'Penryn Intel',
    'Nehalem Intel +vmx',
    'kvm64',
    'kvm64 Intel',
  ].map(host)
  const told = (cpus: readonly Cpu[], best: boolean) => {
    const made = new BaselineFold(db, best)
    try {
      for (const cpu of cpus) made.add(cpu)
      return [show(made.result()), made.models, made.vendors, made.dependsOnOrder(), names(made.common)]
    } catch (error) {
      return String(error)
    }
  }
  fc.assert(
    fc.property(fc.array(fc.nat(few.length - 1), { maxLength: 12 }), fc.boolean(), (order, best) => {
      const shared = order.flatMap(i => few[i] ?? [])
      expect(told(shared, best)).toEqual(
        told(
          shared.map(cpu => ({ ...cpu })),
          best,
        ),
      )
    }),
  )
})
