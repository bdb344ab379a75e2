import { expect, test } from 'vitest'
import { requireDecoder } from '../../src/arch/registry.ts'
import { placeKey } from '../../src/core/feature.ts'
import { printSignature } from '../../src/core/model.ts'
import { readText } from '../../src/formats/dialects.ts'
import { loadYaml } from '../../src/formats/yaml.ts'
import { contextOf } from '../../src/questions/context.ts'
import { membersOf } from '../../src/questions/input/fleet/read-members.ts'
import { cpuOf, GUEST_ROADS, MODELS, ROADS } from './roads.ts'

/** None of the tools says of a CPU's feature what another one contradicts. */

const context = contextOf()
const { db } = context

/** What a text says of features: that they are there, and that they are not. */
function toldBy(text: string) {
  const members = readText(text).flatMap(found => membersOf(context, found, 'text'))
  const told = members.map(member => {
    if (member.kind === 'hypervisor') return member.facts.offered
    const { features } = member.facts
    const known = member.kind === 'host' ? (member.facts.known ?? db.features.all) : features
    return { present: features, absent: known.minus(features) }
  })
  if (told.length === 0) throw new RangeError('no host')
  return told
}

/** Details of nesting, and what an operating system sets and no model has. */
const nested = db.features
  .setOf(db.features.list.filter(({ class: of }) => of === 'nested'))
  .join(db.features.setOfNames(['osxsave']))

test.each(MODELS)('%s: many roads, no contradiction', name => {
  const cpu = cpuOf(name)
  const roads = Object.entries(ROADS).flatMap(([road, print]) =>
    toldBy(print(cpu)).map(told => ({ road, ...told })),
  )
  const wrong = roads.flatMap(a =>
    roads.flatMap(b => {
      const against = a.present.meet(b.absent).minus(nested)
      return against.isEmpty
        ? []
        : [`${a.road} has, ${b.road} lacks ${db.features.in(against).map(feature => feature.name)}`]
    }),
  )
  expect(wrong).toEqual([])
  for (const road of Object.keys(ROADS)) {
    const most = roads
      .filter(one => one.road === road)
      .map(({ present }) => db.features.count(present.meet(db.features.setOf(cpu.features))))
    expect([road, Math.max(...most) > 20]).toEqual([road, true])
  }
})

test.each(MODELS)('a guest with the model %s: one CPU by many roads', async model => {
  await loadYaml()
  const [own = db.features.all] = db.models.filter(({ name }) => name === model).map(one => one.features)
  const perhaps = ['pdpe1gb', 'avx512f', 'svm', 'vmx'].filter(
    name => !db.features.setOfNames([name]).leq(own),
  )
  const [on = '', off = ''] = [perhaps[0], 'sse4.2']
  for (const [road, print] of Object.entries(GUEST_ROADS)) {
    const [guest] = readText(print(model, on, off)).flatMap(found =>
      found.kind === 'guest' ? [found.cpu] : [],
    )
    const features = guest?.features.map(({ name, policy }) => `${policy ?? 'require'} ${name}`).sort()
    const wanted = [...(road === 'CPU_MODEL' ? [] : [`disable ${off}`]), `require ${on}`]
    expect([road, guest?.model, features]).toEqual([road, model, wanted])
  }
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
