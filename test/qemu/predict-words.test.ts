import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Topology } from '../../src/core/cpu.ts'
import { parseCpuArgument } from '../../src/formats/platforms/qemu-command.ts'
import { toLibvirtName } from '../../src/formats/qemu/names.ts'
import { parseQemuGaps, parseQemuModels } from '../../src/map/qemu-models.ts'
import { EXCEPTIONS, predictWords } from '../../src/qemu/guest/predict-words.ts'
import {
  FEATURES,
  listWanted,
  resolveModel,
  type WordsRequest,
} from '../../src/qemu/guest/wanted-features.ts'
import { baseline } from '../../src/questions/library.ts'
import { builtin } from '../built-in.ts'
import { runs } from '../effort.ts'
import { hostOf, operatorsOf } from '../pool-members.ts'
import { NO_REFERENCE, reference } from '../reference.ts'

const request = (argument: string, more: Partial<WordsRequest> = {}): WordsRequest => ({
  cpu: parseCpuArgument(argument),
  vcpus: 1,
  accelerator: 'tcg',
  machine: 'pc-q35-10.0',
  qemu: '10.0',
  ...more,
})

const predict = (argument: string, more?: Partial<WordsRequest>) => {
  const found = predictWords(request(argument, more))
  if (!found) throw new Error(`${argument} is not known`)
  return found
}
const words = (argument: string, more?: Partial<WordsRequest>) => predict(argument, more).words

const file = reference('facts', 'qemu-11.1.3-x86_64-models.ndjson')

interface Row {
  readonly name: string
  readonly on: readonly string[]
  readonly values: Readonly<Record<string, string | number>>
}

describe.skipIf(!file)(`QEMU 11.1's expansions of its models (${file ? 'recorded' : NO_REFERENCE})`, () => {
  const rows: Row[] = file
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
    : []
  // `base` has no words of its own, `max` and `host` are what the accelerator gives.
  const named = rows.filter(({ name }) => !['base', 'max', 'host'].includes(name))

  test.each(named.map(row => [row.name, row] as const))('%s', (name, { on, values }) => {
    const asked = request(name, { machine: 'none', qemu: '11.1' })
    const model = resolveModel(asked)
    expect(model).toBeDefined()
    if (!model) return
    const known = FEATURES()
    const wanted = [...listWanted(asked, model).wanted].filter(one => known.has(one))
    expect(wanted.sort()).toEqual([...new Set(on.map(toLibvirtName).filter(one => known.has(one)))].sort())
    const { family, model: number, stepping } = values
    expect(model.facts).toMatchObject({
      signature: { family, model: number, stepping },
      brand: values['model-id'],
    })
    expect(model.vendorId).toBe(values.vendor)
    const seen = predict(name, { machine: 'none', qemu: '11.1' }).words
    expect(seen.word(0, 0, 'eax')).toBe(values['min-level'])
    expect(seen.word(0x8000_0000, 0, 'eax')).toBe(values['min-xlevel'])
  })
})

test('what QEMU gives no guest without something else is not predicted, whether it is asked for or not', () => {
  const wanted = (argument: string, qemu = '10.0') => {
    const asked = request(argument, { qemu })
    const model = resolveModel(asked)
    return model ? listWanted(asked, model) : undefined
  }
  expect(wanted('486,+sgxlc,+avx10-512,+avx10-256')?.wanted).not.toContain('sgxlc')
  expect(wanted('486,+sgxlc,+avx10-512,+avx10-256')?.refused).toEqual(['sgxlc', 'avx10-256', 'avx10-512'])
  expect(wanted('486,+sgxlc,+sgx')?.refused).toEqual([])
  expect(wanted('486,+fred,+lkgs,+lm')?.refused).toEqual(['fred'])
  expect(wanted('486,+fred,+lkgs,+lm', '11.1')?.refused).toEqual([])
})

describe('the highest leaves follow the features', () => {
  test.each([
    ['486', 1, 0],
    ['486,+arat', 6, 0],
    ['486,+avx2', 7, 0],
    // QEMU has leaf 7 of its EDX only where something else of it is there.
    ['486,+fsrm', 1, 0],
    ['486,+xsaveopt', 0xd, 0],
    ['486,+lm', 1, 0x8000_0001],
    ['486,+wbnoinvd', 1, 0x8000_0008],
    ['486,+svm', 1, 0x8000_000a],
  ])('%s', (argument, basic, extended) => {
    expect(words(argument).word(0, 0, 'eax')).toBe(basic)
    expect(words(argument).word(0x8000_0000, 0, 'eax')).toBe(extended)
  })
})

test('a detail without what it belongs to is refused where it is asked for, and else left out', () => {
  const offered = new Set(FEATURES().keys())
  expect(predict('qemu64,svm=off,npt=on', { offered }).refused).toEqual(['npt'])
  expect(predict('EPYC,svm=off', { offered }).refused).toEqual([])
  expect(words('EPYC,svm=off').word(0x8000_000a, 0, 'edx')).toBe(0)
})

test('what the accelerator cannot give is refused, and QEMU says nothing of the bits of an MSR that is not there', () => {
  const offered = new Set(
    [...FEATURES().keys()].filter(name => !['avx2', 'arch-capabilities', 'rdctl-no'].includes(name)),
  )
  expect(predict('Icelake-Server-v3', { offered }).refused).toEqual(['avx2', 'arch-capabilities'])
  expect(predict('Nehalem', { offered }).refused).toEqual([])
})

test('Zhaoxin’s guests have a range of leaves of their own where a feature of it is asked for', () => {
  const off = ['xstore', 'xstore-en', 'xcrypt', 'xcrypt-en', 'ace2', 'phe', 'phe-en', 'pmm', 'pmm-en']
  expect(words('YongFeng').word(0xc000_0000, 0, 'eax')).toBe(0xc000_0001)
  const without = ['YongFeng', ...off.map(name => `${name}=off`)].join(',')
  expect(words(without).has(0xc000_0000, 0)).toBe(false)
})

test('AMD repeats low bits in an extended leaf, Intel has SYSCALL only in 64-bit mode', () => {
  expect(words('EPYC').word(0x8000_0001, 0, 'edx') & 0x3ff).toBe(words('EPYC').word(1, 0, 'edx') & 0x3ff)
  expect(words('Dhyana').word(0x8000_0001, 0, 'edx') & 0x3ff).toBe(0)
  expect(words('Dhyana').bit(0x8000_0001, 0, 'edx', 11)).toBe(true)
  expect(words('Haswell').bit(0x8000_0001, 0, 'edx', 11)).toBe(false)
  expect(words('Haswell', { accelerator: 'kvm' }).bit(0x8000_0001, 0, 'edx', 11)).toBe(true)
})

test.each([
  ['Haswell', 40, 48],
  ['Haswell,la57=on', 40, 57],
  ['Haswell,phys-bits=42', 42, 48],
  ['pentium3,wbnoinvd=on', 36, 0],
  ['486,wbnoinvd=on', 32, 0],
])('addresses of %s', (argument, physical, linear) => {
  expect(words(argument).word(0x8000_0008, 0, 'eax')).toBe((linear << 8) | physical)
})

describe('topology', () => {
  const of = (argument: string, topology: Partial<Topology>) => {
    const all = { sockets: 1, dies: 1, clusters: 1, cores: 1, threads: 1, ...topology }
    return words(argument, { cpu: { ...parseCpuArgument(argument), topology: all } })
  }

  test('a socket each is one CPU', () => {
    expect(of('Haswell', { sockets: 4 }).eq(words('Haswell'))).toBe(true)
  })

  test('six CPUs in a package, of two threads each', () => {
    const seen = of('Haswell', { cores: 3, threads: 2 })
    expect(seen.word(1, 0, 'ebx')).toBe(0x6_0800)
    expect(seen.bit(1, 0, 'edx', 28)).toBe(true)
    expect([0, 1].map(n => seen.word(0xb, n, 'eax'))).toEqual([1, 3])
    expect([0, 1].map(n => seen.word(0xb, n, 'ebx'))).toEqual([2, 6])
    expect([0, 3].map(n => seen.word(4, n, 'eax'))).toEqual([0xc00_4121, 0xc01_c163])
    expect(seen.word(0x8000_0008, 0, 'ecx')).toBe(0x3005)
  })

  test('dies have a leaf of their own, which Intel’s CPUs reach for them', () => {
    const seen = of('Haswell', { dies: 2, cores: 2 })
    expect(seen.word(0, 0, 'eax')).toBe(0x1f)
    expect([0, 1, 2].map(n => seen.word(0x1f, n, 'ecx'))).toEqual([0x100, 0x201, 0x502])
    expect(of('EPYC', { dies: 2, cores: 2 }).word(0, 0, 'eax')).toBe(0xd)
    expect(of('EPYC', { dies: 2, cores: 2 }).bit(0x8000_0001, 0, 'ecx', 1)).toBe(true)
  })
})

describe('machine types', () => {
  test('before 6.1 AMD’s guests see Intel’s leaves of caches', () => {
    expect(words('EPYC').word(4, 0, 'eax')).toBe(0)
    expect(words('EPYC', { machine: 'pc-q35-6.0' }).word(4, 0, 'eax')).toBe(0x121)
  })

  test('plain names have features of their time, versions have not', () => {
    const mpx = (argument: string, machine: string) => words(argument, { machine }).bit(7, 0, 'ebx', 14)
    expect(mpx('Icelake-Server', 'pc-i440fx-3.1')).toBe(true)
    expect(mpx('Icelake-Server', 'pc-i440fx-4.0')).toBe(false)
    expect(mpx('Icelake-Server-v1', 'pc-i440fx-3.1')).toBe(false)
  })

  test('a machine without versions has the newest version of a model that its QEMU has', () => {
    const brand = (qemu: string) =>
      words('EPYC-Milan', { machine: 'microvm', qemu }).word(0x8000_0003, 0, 'eax')
    expect(brand('10.0')).not.toBe(brand('11.1'))
  })

  test('the oldest, and what KVM adds of its host’s, are exceptions by name', () => {
    const names = (more: Partial<WordsRequest>, argument = 'Haswell') =>
      predict(argument, more).exceptions.map(({ name }) => name)
    expect(names({})).toEqual([])
    expect(names({ machine: 'pc-i440fx-2.9' })).toEqual(['old-machines'])
    expect(names({ machine: 'pc-q35-11.1' })).toEqual(['caches'])
    expect(names({ accelerator: 'kvm' })).toEqual(['paravirtual', 'host-details', 'vmx-controls'])
    expect(names({ accelerator: 'kvm' }, 'host')).toContain('host-identity')
    expect(names({}, 'Haswell,host-phys-bits=on')).toEqual(['host-addresses'])
  })
})

test('of a model that nobody knows nothing is predicted', () => {
  expect(predictWords(request('Turing'))).toBeUndefined()
})

test('the file names features and models that there are', () => {
  const known = new Set(FEATURES().keys())
  const versions = builtin().families.flatMap(({ versions: all }) =>
    all.map(({ versioned }) => versioned?.name),
  )
  for (const name of versions) {
    if (name === undefined) continue
    expect(resolveModel(request(name))).toBeDefined()
    for (const machine of ['pc-q35-10.0', 'pc-i440fx-2.9']) {
      const { features } = resolveModel(request(name, { machine })) ?? { features: [] }
      expect([name, features.filter(feature => !known.has(feature))]).toEqual([name, []])
      expect([name, features.length]).toEqual([name, new Set(features).size])
    }
  }
})

test.each([
  ['model Haswell leaves d 80000008', 'has `leaves` and `sig`'],
  ['  v2 sig 6.60.1', 'expected `vN …` below a model'],
  ['owns avx : Haswell-v1', 'expected `model …`, `cache …` or `without …`'],
  ['cache Haswell-v1 : 4 1 2 3 4', 'expected `cache MODEL … : LEAF.SUBLEAF EAX EBX ECX EDX`'],
])('%s', (text, message) => {
  expect(() => parseQemuModels({ name: 'qemu-models.txt', text: `${text}\n` })).toThrow(message)
})

test.each([
  ['owns avx : Haswell-v1', 'expected `has|lacks|sig WHAT : MODEL … [: until MACHINE]`'],
  ['has avx : Haswell-v1 : since 3.1', 'expected `until VERSION`'],
])('%s', (text, message) => {
  expect(() => parseQemuGaps({ name: 'qemu-gaps.txt', text: `${text}\n` })).toThrow(message)
})

test('every definition that is printed for a pool of QEMU’s models starts with `enforce` on every member', () => {
  const versions = builtin().families.flatMap(family =>
    family.versions.flatMap(({ versioned }) => versioned?.name ?? []),
  )
  const memberOf = (name: string) => {
    const { words } = predictWords(request(name)) ?? {}
    const member = hostOf(name, words && { cpuid: [...words.rows()], msr: [...words.msrs()] })
    return member ? [member] : []
  }
  fc.assert(
    fc.property(fc.shuffledSubarray(versions, { minLength: 1, maxLength: 4 }), pool => {
      const members = pool.flatMap(memberOf)
      fc.pre(members.length > 0)
      const cpus = members.map(({ xml }) => xml)
      const { written = '' } = baseline({ cpus, best: true, format: 'qemu' })
      const { qemu, assumed } = operatorsOf(members)
      // What is only assumed may be refused, and the answer names it.
      const printed = [...(assumed.length === 0 ? [qemu] : []), written.trim().replace('-cpu ', '')]
      for (const { name } of members) {
        const { features = [] } = resolveModel(request(name)) ?? {}
        const offered = new Set([...features, 'hypervisor'])
        for (const one of printed)
          expect([name, one, predict(one, { offered }).refused]).toEqual([name, one, []])
      }
    }),
    { numRuns: runs(400) },
  )
})

test('every rule of exceptions is in use: some guest has it, and words of that guest would be predicted without it', () => {
  const kvm = { accelerator: 'kvm' } as const
  const guests: WordsRequest[] = [
    request('host', { ...kvm, offered: new Set(['vmx', 'avx', 'xsave', 'sgx']) }),
    request('Nehalem,vmx=on', kvm),
    request('Nehalem', { machine: 'pc-q35-2.11' }),
    request('Nehalem,host-phys-bits=on'),
    request('Nehalem', { machine: 'pc-q35-11.0', qemu: '11.1' }),
  ]
  const used = guests.flatMap(guest => {
    const { words, exceptions = [] } = predictWords(guest) ?? {}
    const places = [...(words?.words() ?? [])].map(([place]) => place)
    const isOf = ({ of, ofMsr }: (typeof exceptions)[number]) =>
      places.some(place =>
        place.kind === 'msr'
          ? ofMsr?.(place.index)
          : place.kind === 'cpuid' && of(place.leaf, place.subleaf)[place.register] !== undefined,
      )
    return exceptions.filter(isOf).map(({ name }) => name)
  })
  expect([...new Set(used)].sort()).toEqual(EXCEPTIONS.map(({ name }) => name).sort())
  expect(EXCEPTIONS.length).toBeLessThanOrEqual(10)
})
