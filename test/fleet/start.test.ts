import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { requireDriver } from '../../src/arch/registry.ts'
import type { Cpu, GuestCpu } from '../../src/core/cpu.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { canMove, findObstacles, type Obstacle } from '../../src/fleet/obstacles.ts'
import { findStartObstacles } from '../../src/fleet/places.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { chooseQemu } from '../../src/qemu/choice.ts'
import { compareWithHypervisor, computeHypervisorCpu } from '../../src/qemu/hypervisor-cpu.ts'
import { parseQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'
import { contextOf } from '../../src/questions/context.ts'
import { fleetOfInput } from '../../src/questions/input/fleet/open-fleet.ts'
import { guestOfCpu } from '../../src/questions/input/fleet/read-members.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { db, hosts } from './notation.ts'

/** `Skylake-Server -mpx +avx512vnni`, libvirt's way of a guest. */
function guest(text: string, more: Partial<GuestCpu> = {}) {
  const [model, ...words] = text.split(' ')
  const features = words.map(word => ({
    name: word.slice(1),
    policy: word.startsWith('-') ? ('disable' as const) : ('require' as const),
  }))
  const member = guestOfCpu(contextOf(), { type: 'guest', model, features, ...more }, { name: 'g' })
  if (member.kind !== 'guest') throw new RangeError('a guest')
  return { ...member.facts, physBits: undefined }
}

function host(features: string, models?: Readonly<Record<string, string>>): FleetHost {
  const [found] = hosts(`h : ${features}`)
  if (!found) throw new RangeError('a host')
  const words = (text: string) => text.split(' ').filter(word => word !== '')
  if (!models) return found
  return { ...found, models: new Map(Object.entries(models).map(([name, text]) => [name, words(text)])) }
}

const say = (obstacles: readonly Obstacle[]): string =>
  obstacles
    .map(one => {
      if (one.kind === 'feature') return one.feature.name
      return one.kind === 'model' ? `${one.because}(${one.blockers.join(' ')})` : one.kind
    })
    .join(' ')

const starts = (text: string, on: FleetHost, more?: Partial<GuestCpu>) =>
  say(findStartObstacles(db, guest(text, more), on))

describe('whether a guest starts', () => {
  test('without a recorded hypervisor: by bits', () => {
    expect(starts('Skylake-Server-v3', host('Skylake-Server-v3'))).toBe('')
    expect(starts('Skylake-Server-v3', host('Skylake-Server-v3 -avx2'))).toBe('avx2')
  })

  test('a model that the hypervisor calls usable starts, though libvirt’s own has more', () => {
    const usable = host('Skylake-Client-noTSX-IBRS -mpx', { 'Skylake-Client-noTSX-IBRS': '' })
    expect(starts('Skylake-Client-noTSX-IBRS', usable)).toBe('')
    expect(starts('Skylake-Client-noTSX-IBRS +amx-tile', usable)).toBe('amx-tile')
  })

  test('a model that it calls unusable does not, though the bits are there', () => {
    const on = host('Skylake-Server-v3', { 'Skylake-Server-v3': 'vmx-vnmi-pending' })
    expect(starts('Skylake-Server-v3', on)).toBe('blocked(vmx-vnmi-pending)')
    expect(starts('Skylake-Server-v3 -vmx-vnmi-pending', on)).toBe('')
    expect(starts('Skylake-Server-v3', host('Skylake-Server-v3', { 'Skylake-Server-v3': '?' }))).toBe(
      'unexplained()',
    )
  })

  test('a blocker that is a missing feature is said once', () => {
    expect(
      starts(
        'Cascadelake-Server-v1',
        host('Cascadelake-Server-v1 -rtm -hle', { 'Cascadelake-Server-v1': 'hle rtm' }),
      ),
    ).toBe('hle rtm')
  })

  test('a model that it does not know starts as another one, if the definition lets it', () => {
    const old = host('Skylake-Server-v3', { Westmere: '' })
    expect(starts('Skylake-Server-v3', old)).toBe('')
    expect(starts('Skylake-Server-v3', old, { fallback: 'forbid' })).toBe('unknown()')
  })

  test('of the models of old bits are compared, whatever it calls its own', () => {
    expect(starts('qemu64', host('qemu64', { qemu64: 'svm' }))).toBe('')
    expect(starts('Haswell', host('Haswell -rtm', { Haswell: 'aes rtm' }))).toBe('rtm')
    expect(starts('Haswell', host('Haswell -rtm', { Haswell: '' }))).toBe('')
    expect(starts('Haswell', host('Haswell', { Westmere: '' }), { fallback: 'forbid' })).toBe('unknown()')
  })

  test('no running guest moves to where its model is not known, or blocked beyond its bits', () => {
    const running = guest('Skylake-Server-v3')
    const on = (models: Readonly<Record<string, string>>) => host('Skylake-Server-v3', models)
    expect(canMove(running, on({ 'Skylake-Server-v3': '' }))).toBe(true)
    expect(canMove(running, on({ Westmere: '' }))).toBe(false)
    expect(say(findObstacles(db.features, running, on({ 'Skylake-Server-v3': 'mpx' })))).toBe('blocked(mpx)')
  })

  test('where a guest may move it may start', () => {
    const names = ['Skylake-Server-v3', 'Skylake-Server', 'EPYC', 'qemu64']
    const blockers = fc.subarray(['rtm', 'mpx', 'avx2', '?']).map(list => list.join(' '))
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom(...names),
        fc.dictionary(fc.constantFrom(...names), blockers),
        fc.constantFrom<Partial<GuestCpu>>({}, { fallback: 'forbid' }),
        (model, silicon, models, more) => {
          const [g, on] = [guest(model, more), host(silicon, models)]
          if (canMove(g, on)) expect(findStartObstacles(db, g, on)).toEqual([])
        },
      ),
    )
  })
})

const folder = reference('libvirt-11.3', 'tests', 'qemucapabilitiesdata')
const recorded = folder ? readdirSync(folder).filter(name => /x86_64.*\.replies$/.test(name)) : []

test.skipIf(!folder)(
  `the verdict is libvirt's own comparison with the hypervisor (${folder ? 'recorded replies' : NO_REFERENCE})`,
  () => {
    const map = CpuMap.builtIn()
    let asked = 0
    for (const file of recorded) {
      const text = readFileSync(join(folder ?? '', file), 'utf8')
      const [on] = fleetOfInput(contextOf(), { documents: [{ path: file, text }] }).fleet.hosts
      const capabilities = parseQemuCapabilities(text, file, 'x86_64')
      const choice = chooseQemu(capabilities, { binary: 'qemu', host: 'x86_64' }, {})
      const models = capabilities.accelerators.get(choice.accelerator)?.models
      const reported = computeHypervisorCpu(map, capabilities, choice)?.reported
      if (!on || !models || !reported) throw new RangeError(`no host in ${file}`)
      for (const { name } of models.filter(({ unavailable }) => unavailable)) {
        if (!db.model(name)) continue
        asked++
        const cpu: Cpu = { type: 'guest', mode: 'custom', match: 'exact', model: name, features: [] }
        const { result } = compareWithHypervisor(requireDriver(map, 'x86_64'), { reported, models }, cpu)
        expect([file, name, findStartObstacles(db, guest(name), on).length === 0]).toEqual([
          file,
          name,
          result !== 'incompatible',
        ])
      }
    }
    expect(asked).toBeGreaterThan(1000)
  },
)
