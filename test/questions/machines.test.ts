import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Cpu } from '../../src/core/cpu.ts'
import { readText } from '../../src/formats/dialects.ts'
import { joinCpus } from '../../src/formats/libvirt/find-cpus.ts'
import { Pool } from '../../src/questions/baseline/pool.ts'
import { answerCompare, compareNotes } from '../../src/questions/compare/compute.ts'
import { contextOf } from '../../src/questions/context.ts'
import { decodeText } from '../../src/questions/decode/question.ts'
import { definitionOf } from '../../src/questions/input/definition-of.ts'
import { describeNote } from '../../src/questions/words/describe.ts'
import { guest, host, refusal, show } from '../notation.ts'

// Machines that are not x86, as libvirt has them and as they should be.

const context = contextOf()
const corpus = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', 'corpus', 'machines', `${name}.txt`), 'utf8')

function hostOf(name: string, best: boolean) {
  const [input] = joinCpus(readText(corpus(name)))
  if (!input) throw new RangeError(`no machine in ${name}`)
  return definitionOf(context, { ...input, source: name }, 'host', best).value
}

function poolOf(names: readonly string[], best = true): Pool {
  const pool = new Pool(context.map, { best, explain: true })
  for (const name of names) pool.add(hostOf(name, best), name)
  return pool
}

describe('decode', () => {
  test('names the machine as libvirt would', () => {
    expect(decodeText(context, corpus('neoverse-n1.cpuinfo')).model).toBe('Neoverse-N1')
    expect(decodeText(context, corpus('power9.cpuinfo')).vendor).toBe('IBM')
    expect(hostOf('neoverse-v1.cpuinfo', false).features.map(({ name }) => name)).not.toContain('bf16')
  })

  test.each([
    ['midr_el1', 'internal error: CPUID registers unavailable'],
    ['z15.cpuinfo', /cannot detect host CPU model for s390x architecture$/],
    ['rv64.cpuinfo', /cannot detect host CPU model for riscv64 architecture$/],
    ['loongson.cpuinfo', /cannot detect host CPU model for loongarch64 architecture$/],
  ])('%s is more than libvirt can', (name, message) => {
    expect(refusal(() => decodeText(context, corpus(name)))).toMatch(message)
  })

  test('of an s390x is approximate, and says so', () => {
    const [input] = joinCpus(readText(corpus('z15.cpuinfo')))
    const { notes } = definitionOf(context, { ...input, source: 'z15' } as never, 'host', true)
    expect(notes.map(describeNote)).toEqual([
      expect.stringMatching(/^z15: approximate, from .proc.cpuinfo: /),
    ])
  })

  test('better: by implementer and part, with all flags', () => {
    const text = corpus('midr_el1').replace('413fd0c1', '411fd010')
    expect(decodeText(context, text, { best: true })).toMatchObject({ model: 'cortex-a32', vendor: 'ARM' })
    expect(hostOf('neoverse-v1.cpuinfo', true).features.map(({ name }) => name)).toContain('bf16')
    expect(
      decodeText(context, corpus('midr_el1').replace('413fd0c1', '610f0221'), { best: true }).model,
    ).toBe('')
    expect(hostOf('rv64.cpuinfo', true).model).toBe('rv64i')
    expect(hostOf('z15.cpuinfo', true).model).toBe('gen15a-base')
    expect(show(hostOf('loongson.cpuinfo', true))).toMatch(/^la464 Loongson \+complex \+crypto \+lvz /)
  })
})

describe('the meet of ARM hosts', () => {
  const names = ['neoverse-v1.cpuinfo', 'neoverse-n1.cpuinfo']

  test('has what all have, on the nearest model, in whatever order they come', () => {
    const cpu = poolOf(names).result()
    expect(show(cpu)).toBe(show(poolOf([...names].reverse()).result()))
    expect(cpu.model).toBe('Neoverse-N1')
    expect(cpu.features.every(({ policy }) => policy === 'require')).toBe(true)
    expect(cpu.features.map(({ name }) => name)).toContain('atomics')
    expect(cpu.features.map(({ name }) => name)).not.toContain('sve')
  })

  test('is below every host: none lacks a flag of it', () => {
    const wanted = poolOf(names)
      .result()
      .features.map(({ name }) => name)
    for (const name of names) {
      const has = hostOf(name, true).features.map(feature => feature.name)
      expect(wanted.filter(feature => !has.includes(feature))).toEqual([])
    }
  })

  test('says what QEMU and KVM can do of it', () => {
    const [note] = poolOf(names).notes()
    expect(note).toMatchObject({
      kind: 'beyond-libvirt',
      hideWith: ['sve=off', 'pauth=off'],
      fixed: ['sm3', 'sha512', 'i8mm', 'bf16', 'rng'],
      conflicts: ['MIDR_EL1[15:4] partnum'],
    })
    expect(note && describeNote(note)).toMatch(/a guest may move only to hosts of its own kind$/)
    const [alone] = poolOf(['neoverse-n1.cpuinfo', 'neoverse-n1.cpuinfo']).notes()
    expect(alone && describeNote(alone)).toMatch(/: guests may move$/)
  })

  test('of registers takes each field’s safe value', () => {
    const { registers } = poolOf(['neoverse-n1.registers', 'neoverse-v1.registers']).result()
    // Line sizes: the smallest lines, the largest granules. No part number is right on both.
    expect(registers?.get('CTR_EL0')?.toString(16)).toBe('1444c004')
    expect(registers?.get('MIDR_EL1')?.toString(16)).toBe('41100001')
    expect(registers?.get('ID_AA64ISAR0_EL1')?.toString(16)).toBe('100010211120')
    const known = poolOf(['neoverse-n1.registers', 'neoverse-n1.cpuinfo']).result().registers
    expect([...(known?.keys() ?? [])]).toEqual(['MIDR_EL1'])
  })
})

describe('the meet of RISC-V hosts', () => {
  test('is libvirt’s to refuse, and the common extensions otherwise', () => {
    const names = ['rv64-vector.cpuinfo', 'rv64.cpuinfo']
    const cpu = poolOf(names).result()
    expect(cpu.features.map(({ name }) => name)).not.toContain('v')
    expect(poolOf(names).notes()[0]).toMatchObject({ hideWith: ['v=off', 'zbc=off'], fixed: [] })
    expect(refusal(() => poolOf(['rv64.cpuinfo'], false))).toMatch(/cannot detect host CPU model/)
  })
})

describe('the meet of LoongArch hosts', () => {
  const pool = (...texts: string[]) => {
    const all = new Pool(context.map, { best: true, explain: true })
    for (const text of texts) all.add({ ...guest(text), arch: 'loongarch64' }, text)
    return all
  }

  test('is the core of QEMU’s that all have, without vectors that only some have', () => {
    const both = pool('exact la464 require:lvz', 'exact la464 disable:lasx')
    expect(show(both.result())).toBe('exact la464 fallback:forbid disable:lasx')
    expect(both.notes()[0]).toMatchObject({ hideWith: ['lasx=off'], fixed: [], conflicts: [] })
    expect(both.lost().map(({ feature }) => feature)).toEqual(['lasx', 'lvz'])
  })

  test('there is none of cores of different width', () => {
    expect(refusal(() => pool('exact la464', 'exact la132').result())).toBe(
      'operation failed: CPUs are incompatible',
    )
    expect(pool('exact la464', 'exact la132').notes()[0]).toMatchObject({ conflicts: ['gr32', 'gr64'] })
  })
})

describe('the meet of s390x hosts', () => {
  test('is on the newest generation that all make, whoever comes first', () => {
    const hosts = ['gen15a', 'z14ZR1'].map(model => ({ ...guest(`exact ${model}`), arch: 's390x' }))
    const [pool, reversed] = [hosts, [...hosts].reverse()].map(list => {
      const all = new Pool(context.map, { best: true, explain: true })
      for (const host of list) all.add(host, host.model ?? '')
      return all
    })
    expect(show(pool?.result() as never)).toBe(show(reversed?.result() as never))
    expect(pool?.result().model).toBe('z14-base')
    expect(pool?.lost().map(({ feature }) => feature)).toContain('msa9')
    const [note] = pool?.notes() ?? []
    expect(note && describeNote(note)).toBe(
      'beyond libvirt, which has no such answer for s390x: guests may move',
    )
  })
})

describe('a comparison that libvirt does not make', () => {
  const told = (arch: string, hostText: string, cpu: Cpu) => {
    const left = host(`${hostText} arch:${arch}`)
    const [note, more] = compareNotes(context, left, cpu, answerCompare(context, left, cpu))
    expect(more).toBeUndefined()
    return note && describeNote(note).replace(/^.* tells nothing of them/, '')
  }

  test.each([
    ['s390x', 'z14', 'exact z13', ': the host has all that the CPU needs'],
    [
      's390x',
      'z13',
      'exact z14-base',
      ': the host lacks opc, eec, minste2, sema, tsi; z14 is a newer machine than the host',
    ],
    ['s390x', 'z13', 'exact z13 require:ctop disable:vx', ': the host lacks ctop'],
    ['s390x', 'z13', 'exact max', ''],
    ['s390x', 'z13', 'exact z13 require:nosuch', ''],
    ['s390x', 'z13', 'host-model', undefined],
    ['riscv64', 'rva22u64', 'exact rva23u64 disable:v', /: the host lacks zvbb, /],
    ['riscv64', 'rv64', 'exact rva23u64', ''],
    ['loongarch64', 'la464', 'exact la464 disable:lasx', ': the host has all that the CPU needs'],
    ['aarch64', 'a64fx', 'exact a64fx require:sve', ''],
  ])('%s: on %s, %s', (arch, hostText, text, expected) => {
    const found = told(arch, hostText, guest(text))
    if (expected instanceof RegExp) expect(found).toMatch(expected)
    else expect(found).toBe(expected)
  })

  test('of two ARM hosts looks at their flags', () => {
    expect(told('aarch64', 'a64fx +sve', host('a64fx +sve +aes arch:aarch64'))).toBe(': the host lacks aes')
  })

  test('says nothing where libvirt looks', () => {
    expect(told('x86_64', 'Penryn', guest('exact Penryn'))).toBeUndefined()
    expect(told('ppc64', 'POWER9 IBM', guest('exact POWER9'))).toBeUndefined()
  })
})
