import { describe, expect, test } from 'vitest'
import { builtinErrors } from '../../src/map/error-table.ts'
import type { Level } from '../../src/map/levels.ts'
import { builtinSystems, neededOn, type SystemNeeds } from '../../src/map/system-needs.ts'
import { contextFor, contextOf } from '../../src/questions/context.ts'
import { doctor, fits, level } from '../../src/questions/library.ts'

// Each row of what systems need and of what levels are: a guest that has it, and guests that lack one thing of it.

const context = contextOf()
const cpusOf = (arch: string) => contextFor(context, arch).cpus

const policyOf = (policy: string) => (name: string) => `<feature policy='${policy}' name='${name}'/>`
const guest = (arch: string, model: string, on: readonly string[] = [], off: readonly string[] = []) => ({
  path: 'guest.xml',
  text:
    `<domain type='kvm'><name>g</name><os><type arch='${arch}'>hvm</type></os><cpu mode='custom' match='exact'>` +
    `<model>${model}</model>${on.map(policyOf('require')).join('')}${off.map(policyOf('disable')).join('')}</cpu></domain>`,
})

/** The model of least features among those that have a 64-bit guest's. */
const BASE = 'qemu64'
const { db } = context
const base = new Set(db.features.in(db.model(BASE)?.features ?? db.features.all).map(({ name }) => name))

/** A guest of x86 with exactly these of the features that are asked about. */
const guestOfX86 = (has: readonly string[], without: readonly string[] = []) =>
  guest(
    'x86_64',
    BASE,
    has.filter(name => !base.has(name) && !without.includes(name)),
    without.filter(name => base.has(name)),
  )

const rowsOf = (arch: string) =>
  builtinSystems().flatMap(system => {
    const { cpus } = contextFor(context, arch)
    const need = neededOn(system, arch, cpus.db.features, cpus.levels)
    return need ? [[system.names[0], system, need] as const] : []
  })

const answerFor = ({ names: [os] }: SystemNeeds, document: { path: string; text: string }) =>
  fits({ documents: [document], os: [os] }).systems[0]?.lines[0]

describe.each(rowsOf('x86_64'))('%s on x86', (_, system, need) => {
  const names = db.features.in(need.set).map(({ name }) => name)

  test('runs on a guest with what it needs', () => {
    expect(answerFor(system, guestOfX86(names))).toMatchObject({ verdict: 'yes', missing: [] })
  })

  test('does not run without any one thing of it, which is named', () => {
    for (const name of names) {
      const line = answerFor(system, guestOfX86(names, [name]))
      expect([name, line?.verdict]).toEqual([name, 'no'])
      expect(line?.missing.map(({ feature }) => feature)).toContain(name)
    }
  })

  test('is warned of what it must not have, and only then', () => {
    for (const { features, vendor = 'Intel' } of system.avoid) {
      const model = vendor === 'AMD' ? 'EPYC-Milan' : 'Icelake-Server'
      for (const name of features.filter(one => !one.startsWith('leaf'))) {
        const harms = (on: string[], off: string[]) =>
          answerFor(system, guest('x86_64', model, on, off))?.harms.map(({ feature }) => feature) ?? []
        // A detail of VMX means nothing without it.
        const on = name.startsWith('vmx-') ? ['vmx', name] : [name]
        expect([name, harms(on, [])]).toEqual([name, expect.arrayContaining([name])])
        expect([name, harms([], [name])]).not.toEqual([name, expect.arrayContaining([name])])
      }
    }
  })
})

/** Later machines of IBM Z are not called in models as they are sold. */
const GENERATIONS: Readonly<Record<string, string>> = { z15: 'gen15a', z16: 'gen16a', z17: 'gen17a' }

/** Of which only guests of one kind can be there, by architecture: a level, and the model that reaches it. */
const MODELS: Readonly<Record<string, (level: string) => string>> = {
  ppc64le: name => name.toUpperCase(),
  s390x: name => GENERATIONS[name] ?? name,
  riscv64: name => name,
}

describe.each(Object.keys(MODELS))('on %s', arch => {
  const { levels } = cpusOf(arch)
  const below = (one: Level): Level | undefined => levels[levels.indexOf(one) - 1]
  const rows = rowsOf(arch).flatMap(([name, system, need]) => {
    const found = levels.find(one => one.name === need.level)
    return found ? [[name, system, found] as const] : []
  })

  test.each(rows)('%s runs on its level, and not on the one below', (_, system, reached) => {
    const modelOf = MODELS[arch] ?? String
    expect(answerFor(system, guest(arch, modelOf(reached.name)))?.verdict).toBe('yes')
    const less = below(reached)
    if (less) expect(answerFor(system, guest(arch, modelOf(less.name)))?.verdict).toBe('no')
  })

  test('there are such rows', () => expect(rows.length).toBeGreaterThan(0))
})

describe.each(cpusOf('x86_64').levels.map(one => [one.name, one] as const))('%s', (name, { needs }) => {
  const names = db.features.in(needs).map(feature => feature.name)
  const lineOf = (document: { path: string; text: string }) => level({ documents: [document] }).lines[0]

  test('is reached with all of it, and not without one, which is named', () => {
    expect(lineOf(guestOfX86(names))?.level).toBe(name)
    for (const one of names) {
      const line = lineOf(guestOfX86(names, [one]))
      expect([one, line?.level]).not.toEqual([one, name])
      expect(line?.next?.missing.map(({ feature }) => feature)).toContain(one)
    }
  })
})

describe('error texts', () => {
  // That each is recognised in all its forms, test/questions/doctor-kin.test.ts holds.
  test.each(builtinErrors().map(record => [record.name, record] as const))(
    '%s is not what an error with other words is called',
    (name, { texts }) => {
      for (const { template } of texts) {
        const text = template
          .replace(/\{[^}]*\}/g, 'x')
          .replace(/[a-z]{3,}/gi, word => [...word].reverse().join(''))
        const { findings } = doctor({ documents: [{ path: 'log', text }] })
        expect([template, findings.map(({ error }) => error)]).not.toEqual([
          template,
          expect.arrayContaining([name]),
        ])
      }
    },
  )
})
