import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cpu, POLICIES } from '../../src/core/cpu.ts'
import { dialectOf } from '../../src/formats/dialects.ts'
import { printCpuidR } from '../../src/formats/dumps/cpuid-r.ts'
import { joinCpus } from '../../src/formats/libvirt/find-cpus.ts'
import { PRINTERS, writeDefinition } from '../../src/formats/printers.ts'
import { printQemuCpu } from '../../src/formats/qemu/cpu-argument.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { contextOf } from '../../src/questions/context.ts'
import { definitionOf } from '../../src/questions/input/definition-of.ts'
import { ask } from '../../src/questions/library.ts'
import { builtin } from '../built-in.ts'
import { runs } from '../effort.ts'
import { cpuidOf, guest, modelOf } from '../notation.ts'

const context = contextOf(CpuMap.builtIn())

const anyGuest = fc
  .record({
    model: fc.constantFrom(...builtin().models.filter(({ decode }) => decode.guest)),
    features: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom(...builtin().features.list.map(({ name }) => name)),
        policy: fc.constantFrom(...POLICIES),
      }),
      { selector: ({ name }) => name, maxLength: 20 },
    ),
    cache: fc.constantFrom(undefined, { mode: 'passthrough' }, { mode: 'emulate', level: 3 } as const),
    maxphysaddr: fc.constantFrom(undefined, { mode: 'passthrough', limit: 40 }, {
      mode: 'emulate',
      bits: 42,
    } as const),
  })
  .map(({ model, ...rest }) => ({ ...guest(`exact ${model.name}`), ...rest }) as Cpu)

/** The CPUs of a text, as every face reads them. */
const readBack = (text: string): Cpu[] =>
  // What platforms define is no definition of libvirt's: masks, and options that it has no word for.
  joinCpus(dialectOf(text)?.read(text, 'printed') ?? [])
    .filter(({ kind }) => kind !== 'guest')
    .map(found => definitionOf(context, { ...found, source: 'printed' }, 'auto').value)

describe.each(PRINTERS)('$name', ({ print }) => {
  test('what is printed and can be read is read back equal', () => {
    fc.assert(
      fc.property(anyGuest, cpu => {
        const text = print(cpu)
        expect(text).toMatch(/\S\n$/)
        for (const back of readBack(text)) expect(print(back)).toBe(text)
      }),
      { numRuns: runs(1000) },
    )
  })
})

test('names and titles are unique, and libvirt comes first and can be read', () => {
  expect(new Set(PRINTERS.map(({ name }) => name)).size).toBe(PRINTERS.length)
  expect(new Set(PRINTERS.map(({ title }) => title)).size).toBe(PRINTERS.length)
  const [first] = PRINTERS
  expect(first?.name).toBe('libvirt')
  expect(readBack(first?.print(guest('exact Penryn')) ?? '')).toHaveLength(1)
})

describe('QEMU -cpu', () => {
  test.each([
    [
      'exact Penryn require:avx disable:vmx optional:aes force:pclmuldq',
      'Penryn,avx=on,vmx=off,pclmulqdq=on',
    ],
    ['exact Penryn vendor_id:GenuineIotel forbid:avx', 'Penryn,vendor=GenuineIotel,avx=off'],
    ['host-passthrough', 'host'],
    ['maximum', 'max'],
  ])('%s', (cpu, expected) => {
    expect(printQemuCpu(guest(cpu))).toBe(expected)
  })

  test('a passed CPU may be migratable, and has its own caches and address width', () => {
    const cpu = { ...guest('host-passthrough'), migratable: false }
    expect(printQemuCpu(cpu)).toBe('host,migratable=off')
    expect(printQemuCpu({ ...cpu, cache: { mode: 'emulate', level: 3 } })).toBe(
      'host,migratable=off,host-cache-info=off,l3-cache=on',
    )
    expect(printQemuCpu({ ...cpu, maxphysaddr: { mode: 'passthrough', limit: 40 } })).toBe(
      'host,migratable=off,host-phys-bits=on,host-phys-bits-limit=40',
    )
  })

  test('a property that QEMU does not have is not turned off', () => {
    const cpu = guest('exact Penryn require:avx disable:vmx disable:aes')
    expect(printQemuCpu(cpu, new Set(['aes']))).toBe('Penryn,avx=on,aes=off')
  })

  test('a CPU without a model cannot be expressed', () => {
    expect(() => writeDefinition('qemu', () => guest('host-model'))).toThrow("QEMU's -cpu must name a model")
  })
})

const example = (name: string) => readFileSync(join(import.meta.dirname, '../../examples', name), 'utf8')

describe('baseline', () => {
  const cpus = ['workstation', 'server'].map(name => example(`redhat-guide/${name}.xml`))

  test.each(PRINTERS)('writes $name when asked', ({ name }) => {
    const { xml, written } = ask({ verb: 'baseline', cpus, format: name, expand: true })
    const starts: Record<string, RegExp> = {
      qemu: /^-cpu \w+,[\w=,.-]+\n$/,
      xl: /^cpuid = \[\n {4}"0x1:ecx=/,
      firecracker: /^\{\n {2}"cpuid_modifiers": \[/,
    }
    expect(written).toEqual(name === 'libvirt' ? xml : expect.stringMatching(starts[name] ?? /^$/))
  })

  test('reads dumps as well as XML, and says what a dump does not show', () => {
    const dump = printCpuidR(cpuidOf(modelOf('Penryn').features))
    const known = ask({ verb: 'decode', text: dump })
    const pool = ask({ verb: 'baseline', cpus: [dump] })
    expect(pool.model).toBe('Penryn')
    expect(pool.notes).toEqual(known.notes)
    expect(
      ask({ verb: 'hypervisor-cpu-baseline', replies: example('hypervisors/ice-01.replies'), cpus: [dump] }),
    ).toMatchObject({ notes: known.notes })
  })

  test('reports XML as before, and a text without a CPU', () => {
    expect(() => ask({ verb: 'baseline', cpus: ['<cpu'] })).toThrow(/cpus\[0\]/)
    const replies = example('hypervisors/ice-01.replies')
    expect(() => ask({ verb: 'baseline', cpus: [replies] })).toThrow('cpus[0]: this')
  })
})
