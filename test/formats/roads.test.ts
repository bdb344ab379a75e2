import { expect, test } from 'vitest'
import { requireDecoder } from '../../src/arch/registry.ts'
import type { Feature } from '../../src/core/feature.ts'
import { placeKey } from '../../src/core/feature.ts'
import { printSignature } from '../../src/core/model.ts'
import { readText } from '../../src/formats/dialects.ts'
import { xenFeatureset } from '../../src/formats/platforms/xen.ts'
import { toQemuName } from '../../src/formats/qemu/names.ts'
import { contextOf } from '../../src/questions/context.ts'
import { membersOf } from '../../src/questions/input/fleet/read-members.ts'

/** One CPU told by seven tools: none says of a feature what another one contradicts. */

const context = contextOf()
const { db } = context

const MODELS = [
  'Nehalem',
  'Westmere',
  'SandyBridge',
  'IvyBridge',
  'Haswell-noTSX',
  'Broadwell',
  'Skylake-Server',
  'Cascadelake-Server',
  'EPYC',
  'EPYC-Rome',
]

interface Told {
  readonly model: string
  readonly vendor: string
  readonly id: string
  readonly signature: { readonly family: number; readonly model: number; readonly stepping: number }
  readonly features: readonly Feature[]
}

function cpuOf(name: string): Told {
  const model = db.model(name)
  const [match] = model?.signatures ?? []
  if (!model || !match || !model.vendor) throw new RangeError(`${name} has no signature`)
  const features = db.features.in(model.features).filter(({ class: of }) => of !== 'nested')
  const signature = { family: match.family, model: match.model, stepping: 1 }
  return { model: name, vendor: model.vendor.name, id: model.vendor.id, signature, features }
}

/** The words that Linux has for them on such a CPU. */
const linuxWords = ({ features, vendor }: Told): string =>
  features
    .flatMap(feature => {
      const own = db.names(feature).find(({ tool }) => tool === 'linux')
      if (own?.vendors && !own.vendors.includes(vendor)) return []
      return own ? (own.hidden ? [] : own.names.slice(0, 1)) : feature.name
    })
    .join(' ')

function wordsOf({
  features,
  id,
  signature,
}: Told): Map<string, { leaf: number; subleaf: number; words: number[] }> {
  const leaves = new Map<string, { leaf: number; subleaf: number; words: number[] }>()
  const at = (leaf: number, subleaf: number) => {
    const key = `${leaf} ${subleaf}`
    const made = leaves.get(key) ?? { leaf, subleaf, words: [0, 0, 0, 0] }
    leaves.set(key, made)
    return made.words
  }
  const letters = [...id].map(letter => letter.charCodeAt(0))
  const word = (from: number) => letters.slice(from, from + 4).reduceRight((all, byte) => all * 256 + byte, 0)
  at(0, 0).splice(0, 4, 0x16, word(0), word(8), word(4))
  const { family, model, stepping } = signature
  const extended = family > 15 ? family - 15 : 0
  at(1, 0)[0] =
    (extended << 20) | ((model >> 4) << 16) | (Math.min(family, 15) << 8) | ((model & 15) << 4) | stepping
  for (let leaf = 0; leaf <= 0x16; leaf++) at(leaf, 0)
  for (let leaf = 0x8000_0000; leaf <= 0x8000_0021; leaf++) at(leaf, 0)
  at(0x8000_0000, 0)[0] = 0x8000_0021
  for (const { place, bit } of features) {
    if (place.kind !== 'cpuid') continue
    const words = at(place.leaf, place.subleaf)
    const i = ['eax', 'ebx', 'ecx', 'edx'].indexOf(place.register)
    words[i] = ((words[i] ?? 0) | (1 << bit)) >>> 0
  }
  return leaves
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`

const ROADS: Readonly<Record<string, (cpu: Told) => string>> = {
  cpuinfo: cpu =>
    `processor\t: 0\nvendor_id\t: ${cpu.id}\ncpu family\t: ${cpu.signature.family}\nmodel\t\t: ${cpu.signature.model}\nmodel name\t: x\nstepping\t: 1\ncpuid level\t: 22\nflags\t\t: ${linuxWords(cpu)}\n\n`,
  lscpu: cpu =>
    `Architecture: x86_64\nCPU op-mode(s): 32-bit, 64-bit\nByte Order: Little Endian\nCPU(s): 1\nVendor ID: ${cpu.id}\nModel name: x\nCPU family: ${cpu.signature.family}\nModel: ${cpu.signature.model}\nStepping: 1\nFlags: ${linuxWords(cpu)}\n`,
  cpuid: cpu =>
    `CPU 0:\n${[...wordsOf(cpu).values()]
      .sort((a, b) => a.leaf - b.leaf || a.subleaf - b.subleaf)
      .map(({ leaf, subleaf, words: [a = 0, b = 0, c = 0, d = 0] }) => {
        const sub = `0x${subleaf.toString(16).padStart(2, '0')}`
        return `   ${hex(leaf)} ${sub}: eax=${hex(a)} ebx=${hex(b)} ecx=${hex(c)} edx=${hex(d)}\n`
      })
      .join('')}`,
  domcapabilities: cpu =>
    `<domainCapabilities><path>/usr/bin/qemu-kvm</path><arch>x86_64</arch><cpu><mode name='host-model' supported='yes'><model fallback='forbid'>${cpu.model}</model><vendor>${cpu.vendor}</vendor></mode><mode name='custom' supported='yes'><model usable='yes'>${cpu.model}</model></mode></cpu></domainCapabilities>`,
  QMP: cpu => {
    const has = new Set(cpu.features.map(({ name }) => name))
    const props = db.features.list.map(({ name }) => [toQemuName(name), has.has(name)] as const)
    const command = {
      execute: 'query-cpu-model-expansion',
      arguments: { type: 'full', model: { name: 'host' } },
    }
    const reply = { return: { model: { name: 'host', props: Object.fromEntries(props) } } }
    return `${JSON.stringify(command)}\n${JSON.stringify(reply)}\n`
  },
  Xen: cpu => {
    const { text } = xenFeatureset.print({ type: 'host', arch: 'x86_64', model: cpu.model, features: [] })
    return `cpu_count: 8\nvendor: ${cpu.id}\n${text}`
  },
  'node labels': cpu =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'n1',
        labels: Object.fromEntries([
          ...cpu.features.map(({ name }) => [`cpu-feature.node.kubevirt.io/${name}`, 'true']),
          [`cpu-vendor.node.kubevirt.io/${cpu.vendor}`, 'true'],
          [`host-model-cpu.node.kubevirt.io/${cpu.model}`, 'true'],
        ]),
      },
      status: { nodeInfo: { architecture: 'amd64' } },
    }),
}

/** What a text says of features: that they are there, and that they are not. */
function toldBy(text: string) {
  const members = readText(text).flatMap(found => membersOf(context, found, 'text'))
  const told = members.map(member => {
    if (member.kind === 'hypervisor') return member.facts.offered
    const { features } = member.facts
    const known = member.kind === 'host' ? (member.facts.known ?? db.features.all) : features
    return { present: features, absent: known.minus(features) }
  })
  const [first, ...more] = told
  if (!first || more.length > 0) throw new RangeError(`${told.length} hosts`)
  return first
}

/** Details of nesting, and what an operating system sets and no model has. */
const nested = db.features
  .setOf(db.features.list.filter(({ class: of }) => of === 'nested'))
  .join(db.features.setOfNames(['osxsave']))

test.each(MODELS)('%s: seven roads, no contradiction', name => {
  const cpu = cpuOf(name)
  const roads = Object.entries(ROADS).map(([road, print]) => ({ road, ...toldBy(print(cpu)) }))
  const wrong = roads.flatMap(a =>
    roads.flatMap(b => {
      const against = a.present.meet(b.absent).minus(nested)
      return against.isEmpty
        ? []
        : [`${a.road} has, ${b.road} lacks ${db.features.in(against).map(feature => feature.name)}`]
    }),
  )
  expect(wrong).toEqual([])
  for (const { road, present } of roads)
    expect([road, db.features.count(present.meet(db.features.setOf(cpu.features))) > 20]).toEqual([
      road,
      true,
    ])
})

test('the words stand where a dump has them', () => {
  const cpu = cpuOf('Haswell-noTSX')
  const [found] = readText(ROADS.cpuid?.(cpu) ?? '')
  const data = found?.kind === 'dump' ? found.dumps[0]?.data : undefined
  const read = data && requireDecoder(context.map).read(data)
  expect(read?.signature && printSignature(read.signature)).toBe('6.60.1')
  expect(new Set(cpu.features.map(({ place }) => placeKey(place))).size).toBeGreaterThan(3)
  expect(db.features.in(read?.features ?? nested).map(({ name }) => name)).toEqual(
    expect.arrayContaining(cpu.features.map(({ name }) => name)),
  )
})
