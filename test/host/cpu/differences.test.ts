import { expect, test } from 'vitest'
import type { ProbedCpu } from '../../../src/formats/host/host-facts.ts'
import { findDifferences } from '../../../src/host/cpu/probe-cpu.ts'
import { contextOf } from '../../../src/questions/context.ts'
import { hostCpu } from '../../../src/questions/input/definition-of.ts'
import { cpuid } from '../../notation.ts'

/** A kind of core: its words, and which CPUs are of it. */
const kind = (words: string, ...cpus: string[]) => ({ data: cpuid(words), cpus, notes: [] })

const BASIC = 'vendor=GenuineIntel, sig=6.151.2, 1.0.edx=bfebfbff,'
const P_CORE = `${BASIC} 7.0.ebx=219c97a9, 1a.0.eax=40000001`
const E_CORE = `${BASIC} 7.0.ebx=219c07a9, 1a.0.eax=20000001`

test('cores of several kinds are told apart by leaf 1AH', () => {
  expect(findDifferences([kind(P_CORE, '0', '1', '2', '3'), kind(E_CORE, '4', '5')], [])).toEqual([
    {
      kind: 'hybrid',
      cores: [
        { name: 'Core', cpus: '0-3' },
        { name: 'Atom', cpus: '4-5' },
      ],
    },
  ])
})

test('kinds that differ in other words only are not', () => {
  expect(findDifferences([kind(P_CORE, '0'), kind(P_CORE.replace('97a9', '97a8'), '1')], [])).toEqual([])
})

test('the CPU of a machine with several kinds is what they have in common, and that is said', () => {
  const dumps = [kind(`${P_CORE}, 7.0.edx=10`, '0'), kind(E_CORE, '1')]
  const probed: ProbedCpu = { arch: 'x86_64', route: 'instruction', dumps, warnings: [] }
  const { value, notes } = hostCpu(contextOf(), probed)
  const names = value.features.map(({ name }) => name)
  expect(names).toContain('bmi1')
  expect(names).not.toContain('fsrm')
  expect(notes).toContainEqual({ kind: 'cpus-differ', groups: [['0'], ['1']] })
})

test('a CPU that no model fits has none, as with libvirt, and keeps what else is known', () => {
  const topology = { sockets: 1, dies: 1, clusters: 1, cores: 1, threads: 1 }
  const probed: ProbedCpu = {
    arch: 'i686',
    route: 'instruction',
    dumps: [kind('vendor=GenuineIntel', '0')],
    microcode: 7,
    physicalBits: 36,
    warnings: [],
  }
  expect(hostCpu(contextOf(), probed, { topology }).value).toEqual({
    type: 'host',
    arch: 'i686',
    microcode: 7,
    topology,
    maxphysaddr: { mode: 'emulate', bits: 36 },
    features: [],
  })
})
