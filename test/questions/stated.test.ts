import fc from 'fast-check'
import { dump } from 'js-yaml'
import { beforeAll, describe, expect, test } from 'vitest'
import { readText } from '../../src/formats/dialects.ts'
import type { Statement } from '../../src/formats/found.ts'
import { parseDocuments } from '../../src/formats/json/json.ts'
import { joinCpus } from '../../src/formats/libvirt/find-cpus.ts'
import { loadYaml } from '../../src/formats/yaml.ts'
import { contextOf } from '../../src/questions/context.ts'
import { decodeText } from '../../src/questions/decode/question.ts'
import { isFleetFile } from '../../src/questions/input/fleet/rules.ts'
import { readGuests } from '../../src/questions/input/read.ts'
import { cpuOfStatements } from '../../src/questions/input/stated.ts'
import { runs } from '../effort.ts'
import { guestsIn, sample, sampleNames } from '../formats/platforms/samples.ts'

// What platforms say of hosts and guests, as definitions.

const context = contextOf()
const { db } = context

beforeAll(loadYaml)

const statement = (given: Partial<Statement>): Statement => ({
  kind: 'statement',
  layer: 'kernel',
  arch: 'x86_64',
  vocabulary: 'libvirt',
  present: [],
  complete: false,
  ...given,
})

describe('what a platform says of a host', () => {
  const vendored = db.models.filter(({ vendor, decode }) => vendor && decode.host)

  test('is a CPU that lists what is known and disables nothing of which nothing is known', () => {
    const some = fc.constantFrom(...vendored).chain(model =>
      fc.record({
        model: fc.constant(model),
        present: fc.subarray(
          db.features.in(model.features).map(({ name }) => name),
          { minLength: 4 },
        ),
        as: fc.constantFrom('host' as const, 'guest' as const),
      }),
    )
    fc.assert(
      fc.property(some, ({ model, present, as }) => {
        const one = statement({ present, vendor: model.vendor?.name })
        const { cpu } = cpuOfStatements(context, [one], { as }).value
        const own = db.model(cpu.model ?? '')?.features
        expect(cpu.features.filter(({ policy }) => policy === 'disable')).toEqual([])
        const listed = db.features.setOfNames(cpu.features.map(({ name }) => name))
        expect(own && db.features.setOfNames(present).leq(own.join(listed))).toBe(true)
      }),
      { numRuns: runs(60) },
    )
  })

  test('is on the model that it names, and says which of its features nothing else tells', () => {
    const { value, notes } = cpuOfStatements(context, [
      statement({ layer: 'offered', model: 'Haswell-noTSX', present: ['avx2', 'md-clear'] }),
    ])
    expect(value.cpu).toMatchObject({ model: 'Haswell-noTSX', vendor: 'Intel' })
    expect(value.cpu.features.map(({ name }) => name)).toContain('md-clear')
    const [note] = notes
    expect(note).toMatchObject({ kind: 'known-in-part', isNamed: true })
    expect(note?.kind === 'known-in-part' && note.features.map(({ feature }) => feature)).toContain(
      'pclmuldq',
    )
  })

  test('is no model that lacks what is said to be missing', () => {
    const one = statement({ model: 'Haswell', layer: 'offered', absent: ['avx2'], present: ['avx'] })
    const { cpu } = cpuOfStatements(context, [one]).value
    expect(db.model(cpu.model ?? '')?.features.meets(db.features.setOfNames(['avx2']))).toBe(false)
  })

  test('of no vendor is none of a vendor’s models, and of 64 bits none of 32', () => {
    const { cpu } = cpuOfStatements(context, [statement({ present: ['avx2'] })]).value
    const model = db.model(cpu.model ?? '')
    expect(model?.vendor).toBeUndefined()
    expect(db.features.setOfNames(['lm']).leq(model?.features ?? db.features.setOf([]))).toBe(true)
  })

  test('and says nothing of a CPU is refused with what reads it', () => {
    expect(() => cpuOfStatements(context, [statement({ emulatorModels: ['kvm64'] })])).toThrow(
      /list of the models .*virt-cpu models/,
    )
  })
})

/** Texts that describe no CPU: models of an emulator, and what a log says of other things. */
const NO_CPU = /^(?:qemu-cpu-help.*|qmp-definitions\.json|osquery-log\.ndjson|vulnerability-files\.txt)$/

/** The samples whose first CPU no registers tell. */
const stated = sampleNames().flatMap(name => {
  const [found] =
    name.endsWith('.yaml') || name.startsWith('README') ? [] : joinCpus(readText(sample(name), name))
  return found?.kind === 'stated' || found?.kind === 'guest' ? [{ name, found }] : []
})

describe.each(stated)('$name', ({ name, found }) => {
  test.runIf(!NO_CPU.test(name))('is decoded', () => {
    const { xml } = decodeText(context, sample(name))
    expect(xml).toMatch(found.kind === 'guest' ? /^<cpu mode=/ : /^<cpu>/)
  })

  test.runIf(NO_CPU.test(name))('is refused with what it is', () => {
    expect(() => decodeText(context, sample(name))).toThrow(/models of an emulator|nothing of the features/)
  })
})

test('parts of one text that speak of one host are one CPU, of two hosts two', () => {
  const found = (name: string, layer: Statement['layer'], present: string[]) =>
    statement({ name, layer, present })
  const parts = [
    found('n1', 'offered', ['avx']),
    found('n2', 'offered', ['avx']),
    found('n1', 'kernel', ['avx2']),
  ]
  const cpus = joinCpus(parts)
  expect(cpus.map(({ called }) => called)).toEqual(['n1', 'n2'])
  const [first] = cpus
  expect(first?.kind === 'stated' && first.statements.length).toBe(2)
})

test('every guest of a platform can be checked', () => {
  for (const name of sampleNames()) {
    const guests = guestsIn(sample(name))
    if (guests.length === 0) continue
    const requests = readGuests(sample(name), name, '12.8').map(({ request }) => request())
    expect(requests.map(({ cpu }) => cpu?.model)).toEqual(guests.map(({ cpu }) => cpu.model))
  }
})

describe('YAML', () => {
  // xapi's own text form has keys and values too.
  const jsons = sampleNames().filter(name => /\.json$/.test(name) && name !== 'xen-objects.json')

  test.each(jsons)('%s reads the same as YAML', name => {
    const documents = parseDocuments(sample(name), name)
    const yaml = documents.map(({ value }) => `---\n${dump(value)}`).join('')
    const plain = (text: string) =>
      JSON.stringify(readText(text), (_, value) => (typeof value === 'bigint' ? String(value) : value))
    expect(plain(yaml)).toBe(plain(sample(name)))
    expect(isFleetFile(`${name}.yaml`, yaml)).toBe(false)
  })

  test('is a fleet file by its keys, or by its name', () => {
    expect(isFleetFile('a.yaml', 'hosts:\n  - files: x\n')).toBe(true)
    expect(isFleetFile('a.yml', '# nothing yet\n')).toBe(true)
    expect(isFleetFile('a.yaml', 'host:\n  - files: x\n')).toBe(true)
    expect(isFleetFile('fleet.yaml', 'all:\n  hosts: {}\n')).toBe(true)
    expect(isFleetFile('inventory.yaml', 'all:\n  children: {}\n')).toBe(false)
    expect(isFleetFile('n.yaml', 'apiVersion: v1\nkind: Node\n')).toBe(false)
    expect(isFleetFile('hosts.json', '{"hosts": []}')).toBe(false)
  })
})
