import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BaselineFold } from '../../src/arch/x86/baseline.ts'
import { findClosestCpu } from '../../src/arch/x86/decode.ts'
import { featuresOf } from '../../src/arch/x86/definition.ts'
import type { Cpu } from '../../src/core/cpu.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { Pool } from '../../src/questions/baseline/pool.ts'
import { contextOf } from '../../src/questions/context.ts'
import { lacks } from '../../src/questions/decode/compute.ts'
import { builtin } from '../built-in.ts'
import { host } from '../notation.ts'

const db = builtin()

function pool(...hosts: string[]): Pool {
  const made = new Pool(CpuMap.builtIn(), { best: true, explain: true })
  for (const [i, text] of hosts.entries()) made.add(host(text), String(i))
  return made
}

test('hosts of two vendors get a model of neither, and are told so', () => {
  const mixed = pool('Haswell Intel', 'EPYC AMD')
  const cpu = mixed.result()
  expect(db.model(cpu.model ?? '')?.vendor).toBeUndefined()
  expect(mixed.notes().map(({ kind }) => kind)).toContain('cross-vendor')
  expect(pool('EPYC AMD', 'Haswell Intel').result()).toEqual(cpu)
})

test('hosts of one vendor are answered as libvirt answers them', () => {
  const libvirt = new Pool()
  for (const text of ['Haswell Intel', 'Broadwell Intel +vmx']) libvirt.add(host(text), text)
  expect(pool('Haswell Intel', 'Broadwell Intel +vmx').result()).toEqual(libvirt.result())
})

test('an unknown vendor is refused as ever', () => {
  expect(() => pool('kvm64 Foo').result()).toThrow('operation failed: Unknown CPU vendor Foo')
})

test('the order never matters', () => {
  const hosts: fc.Arbitrary<Cpu> = fc
    .record({ model: fc.constantFrom(...db.models), named: fc.boolean() })
    .map(({ model, named }) => ({
      type: 'host',
      arch: 'x86_64',
      model: model.name,
      vendor: named ? model.vendor?.name : undefined,
      features: [],
    }))
  const answer = (all: readonly Cpu[]) => {
    const fold = new BaselineFold(db, true)
    for (const cpu of all) fold.add(cpu)
    expect(fold.dependsOnOrder()).toBe(false)
    return printCpu(fold.result())
  }
  const shuffled = fc
    .array(hosts, { minLength: 1, maxLength: 4 })
    .chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))
  fc.assert(
    fc.property(shuffled, ([a, b]) => {
      expect(answer(b)).toBe(answer(a))
    }),
  )
})

test('decode: the signature counts first, and what the model lacks is told', () => {
  const haswell = db.model('Haswell-noTSX-IBRS')
  const [signature] = haswell?.signatures ?? []
  const aes = db.features.get('aes')
  if (!haswell || !signature || !aes) throw new Error('no such model')
  const data = {
    features: haswell.features.minus(aes.bits),
    vendor: db.vendor('Intel'),
    signature: { ...signature, stepping: 4 },
  }
  const host = { as: 'host', fallback: 'forbid' } as const
  expect(findClosestCpu(db, data, host).model).not.toContain('Haswell')
  const cpu = findClosestCpu(db, data, { ...host, best: true })
  expect(cpu.model).toMatch(/^Haswell/)
  const [note] = lacks(contextOf(), data, cpu, { best: true })
  expect(note?.kind === 'model-lacks' && note.features.map(({ feature }) => feature)).toEqual(['aes'])
  expect(lacks(contextOf(), data, cpu, {})).toEqual([])
})

test('decode: a host that lacks nothing of a model of its silicon is answered as ever', () => {
  for (const model of db.models.filter(({ decode: { host } }) => host)) {
    const [signature] = model.signatures
    if (!signature) continue
    const stepping = signature.steppings ? 31 - Math.clz32(signature.steppings) : 0
    const data = { features: model.features, vendor: model.vendor, signature: { ...signature, stepping } }
    const host = { as: 'host', fallback: 'forbid' } as const
    const cpu = findClosestCpu(db, data, { ...host, best: true })
    expect(cpu.features.length).toBeLessThanOrEqual(findClosestCpu(db, data, host).features.length)
    expect(
      featuresOf(db, cpu).leq(data.features) || lacks(contextOf(), data, cpu, { best: true }).length > 0,
    ).toBe(true)
  }
})

test('decode: a CPU that is a model, under any signature of its family, is given one of the family and loses nothing', () => {
  const familyOf = (name: string) =>
    db.families.find(family => family.name === name.replace(/(-(v\d+|noTSX|IBRS|IBPB))+$/, ''))
  for (const model of db.models) {
    const family = familyOf(model.name)
    for (const signature of [...model.signatures, ...(family?.row.also ?? [])]) {
      const stepping = signature.steppings ? 31 - Math.clz32(signature.steppings) : 0
      const data = { features: model.features, vendor: model.vendor, signature: { ...signature, stepping } }
      const cpu = findClosestCpu(db, data, { as: 'host', fallback: 'forbid', best: true })
      expect(featuresOf(db, cpu).leq(data.features), `${model.name} as ${cpu.model}`).toBe(true)
      expect(familyOf(cpu.model ?? '')?.name, model.name).toBe(family?.name)
    }
  }
})
