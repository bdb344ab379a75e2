import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Dialogue } from '../../src/arch/dialogue.ts'
import type { Cpu } from '../../src/core/cpu.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import { type HypervisorSupport, meetHypervisorSupport } from '../../src/qemu/allowance.ts'
import { contextOf } from '../../src/questions/context.ts'
import { hypervisorBaseline } from '../../src/questions/hypervisor-cpu/question.ts'
import {
  type HypervisorHost,
  hypervisorCompare,
  hypervisorHost,
  reportedCpu,
} from '../../src/questions/input/hypervisor.ts'
import { usableModels } from '../../src/questions/models/compute.ts'
import { hostsOfIntel } from '../hosts-of-intel.ts'
import { guest, host, show } from '../notation.ts'
import { syntheticHypervisor } from '../synthetic-qemu.ts'

const context = contextOf()
/** Hosts of Intel's, each a model and something besides. */
const hosts: fc.Arbitrary<Cpu> = hostsOfIntel(30, ({ decode }) => decode.guest)
const pools = fc.array(hosts, { minLength: 1, maxLength: 4 })

/** What an inquiry comes to that asks nothing, as all of x86's. */
function answered<T>(inquiry: Dialogue<T>): T {
  const step = inquiry.next()
  if (!step.done) throw new RangeError('QEMU was asked')
  return step.value
}

const ask = (cpu: Cpu, on: Cpu) => {
  const hypervisor = syntheticHypervisor({ cpu: on })
  return answered(hypervisorCompare(context, hypervisor, reportedCpu(context, hypervisor), cpu))
}

const baselineOf = (pool: readonly Cpu[], migratable = false): Cpu => {
  const given = pool.map((cpu, i) => hypervisorHost(context, syntheticHypervisor({ cpu }), `host ${i}`))
  const cpus = given.flatMap(({ reported }) => reported ?? [])
  return answered(hypervisorBaseline(context, cpus, given, { migratable }))
}

describe('laws', () => {
  test('what a hypervisor reports is identical to itself or below it', () => {
    fc.assert(
      fc.property(hosts, cpu => {
        const hypervisor = syntheticHypervisor({ cpu })
        const reported = reportedCpu(context, hypervisor)
        expect(answered(hypervisorCompare(context, hypervisor, reported, reported)).result).not.toBe(
          'incompatible',
        )
      }),
      { numRuns: 12 },
    )
  })

  test('the baseline of hosts can be given by the hypervisor of each', () => {
    fc.assert(
      fc.property(pools, pool => {
        const baseline = baselineOf(pool)
        for (const cpu of pool) expect(ask(baseline, cpu).message).toBeUndefined()
      }),
      { numRuns: 12 },
    )
  })

  test('a model that is usable on all hosts is usable on each, and a blocked one is not on some', () => {
    fc.assert(
      fc.property(pools, pool => {
        const given = pool.map((cpu, i) => hypervisorHost(context, syntheticHypervisor({ cpu }), `host ${i}`))
        const { usableModels: usable, blockedModels: blocked } = usableModels(context, given)
        const isUsable = (name: string, cpu: Cpu) => ask(guest(`exact ${name}`), cpu).result === 'superset'
        for (const { name } of usable.slice(0, 3)) expect(pool.every(cpu => isUsable(name, cpu))).toBe(true)
        for (const { name, missing: blockers } of blocked.slice(0, 3)) {
          expect(blockers.length).toBeGreaterThan(0)
          expect(pool.every(cpu => isUsable(name, cpu))).toBe(false)
        }
        expect(usable.map(({ worth }) => worth)).toEqual(
          usable.map(({ worth }) => worth).sort((a, b) => b - a),
        )
      }),
      { numRuns: 12 },
    )
  })

  const names = fc.subarray(['a', 'b', 'c', 'd'])
  const blockers = fc.oneof(names, fc.constantFrom('unknown' as const, 'unexplained' as const))
  const allowances: fc.Arbitrary<HypervisorSupport> = fc.record({
    models: fc
      .dictionary(fc.constantFrom('m', 'n', 'o'), blockers)
      .map(models => new Map(Object.entries(models))),
    features: fc.option(
      names.map(list => new Set(list)),
      { nil: undefined },
    ),
    unmigratable: fc.option(
      names.map(list => new Set(list)),
      { nil: undefined },
    ),
  })
  const plain = ({ models, features, unmigratable }: HypervisorSupport) => ({
    models: [...models]
      .map(([name, list]) => [name, typeof list === 'object' ? [...list].sort() : list])
      .sort(),
    features: features && [...features].sort(),
    unmigratable: unmigratable && [...unmigratable].sort(),
  })

  test('meeting allowances is idempotent, commutative and associative', () => {
    fc.assert(
      fc.property(allowances, allowances, allowances, (a, b, c) => {
        expect(plain(meetHypervisorSupport(a, a))).toEqual(plain(a))
        expect(plain(meetHypervisorSupport(a, b))).toEqual(plain(meetHypervisorSupport(b, a)))
        expect(plain(meetHypervisorSupport(meetHypervisorSupport(a, b), c))).toEqual(
          plain(meetHypervisorSupport(a, meetHypervisorSupport(b, c))),
        )
      }),
    )
  })
})

/** What KVM gives whatever an Intel CPU has. */
const ALWAYS_GIVEN =
  'require:x2apic require:tsc-deadline require:hypervisor require:arat require:tsc_adjust require:umip ' +
  'require:arch-capabilities require:skip-l1dfl-vmentry require:pschange-mc-no'

describe('compare', () => {
  const nehalem = host('Nehalem Intel +vmx')

  test.each([
    ['exact Nehalem', 'superset', undefined],
    ['exact Nehalem disable:popcnt', 'superset', undefined],
    ['exact Nehalem require:vmx', 'superset', undefined],
    [`exact Nehalem require:vmx ${ALWAYS_GIVEN}`, 'identical', undefined],
    ['exact Nehalem require:avx', 'incompatible', 'avx'],
    ['exact Nehalem force:avx', 'superset', undefined],
    ['exact SandyBridge-v1', 'incompatible', 'pclmuldq, aes, xsave, avx, rdtscp'],
    ['exact SandyBridge-v1 disable:avx disable:xsave', 'incompatible', 'pclmuldq, aes, rdtscp'],
    ['host-model', 'superset', undefined],
  ])('%s on Nehalem with vmx: %s', (text, result, missing) => {
    const answer = ask(guest(text), nehalem)
    expect(answer.result).toBe(result)
    const lacking = 'the CPU is incompatible with host CPU: Host CPU does not provide required features: '
    expect(answer.message).toBe(missing && lacking + missing)
  })

  test('a model that the hypervisor has and the database not', () => {
    const hypervisor = syntheticHypervisor({ cpu: nehalem, models: ['Nehalem', 'base'] })
    const compare = (text: string) =>
      answered(hypervisorCompare(context, hypervisor, reportedCpu(context, hypervisor), guest(text)))
    expect(() => compare('exact base require:sse')).toThrow('invalid argument: unknown CPU model base')
    expect(() => compare('exact Nosuch')).toThrow('internal error: Unknown CPU model Nosuch')
  })
})

describe('baseline', () => {
  const hostOf = (text: string): HypervisorHost =>
    hypervisorHost(context, syntheticHypervisor({ cpu: host(text) }), '')

  const on = (cpus: readonly Cpu[], text: string, options = {}) => {
    return show(answered(hypervisorBaseline(context, cpus, [hostOf(text)], options)))
  }

  test('what blocks the model is disabled, and fallback is forbidden', () => {
    const cpu = on([guest('exact SandyBridge')], 'Nehalem Intel')
    expect(cpu).toBe(
      'exact SandyBridge fallback:forbid disable:pclmuldq disable:aes disable:xsave disable:avx disable:rdtscp',
    )
  })

  test('spelt out, by name', () => {
    const names = [...on([guest('exact Nehalem')], 'Nehalem Intel', { expand: true }).matchAll(/:([^ ]+)/g)]
      .map(([, name]) => name)
      .slice(1)
    expect(names).toEqual([...names].sort())
    expect(names).toContain('sse4.2')
  })

  test('what cannot migrate goes on demand', () => {
    const cpus = [guest('exact Nehalem Intel require:invtsc require:vmx')]
    expect(on(cpus, 'Nehalem Intel +invtsc +vmx')).toContain('require:invtsc')
    expect(on(cpus, 'Nehalem Intel +invtsc +vmx', { migratable: true })).not.toContain('invtsc')
  })

  test('the narrowest address limit, if every CPU has one', () => {
    const limited = (limit: number): Cpu => ({
      ...guest('exact Nehalem'),
      maxphysaddr: { mode: 'passthrough', limit },
    })
    const of = (...cpus: Cpu[]) =>
      printCpu(answered(hypervisorBaseline(context, cpus, [hostOf('Nehalem Intel')], {})))
    expect(of(limited(46), limited(39))).toContain("<maxphysaddr mode='passthrough' limit='39'/>")
    expect(of(limited(46), guest('exact Nehalem'))).not.toContain('maxphysaddr')
  })

  test.each([
    [[], {}, 'invalid argument: no CPUs given'],
    [[guest('host-model')], {}, 'invalid argument: no CPU model specified at index 0'],
    [[guest('exact max')], {}, 'internal error: Unknown CPU model max'],
    [
      [guest('exact Nehalem')],
      { ignoreHost: true },
      'Requested operation is not valid: ignoring host is only allowed when computing baseline from multiple CPUs',
    ],
  ])('%# is refused', (cpus, options, message) => {
    expect(() => on(cpus, 'Nehalem Intel', options)).toThrow(message)
  })
})
