import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toLibvirtName } from '../../src/formats/qemu/names.ts'
import { openCpuMap } from '../../src/host/files/cpu-map.ts'
import { builtinReleases } from '../../src/map/releases.ts'
import { parseQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { db } from './notation.ts'

/** `data/releases.txt` is what recorded QEMUs and libvirt's maps tell: every name that it has, and none besides. */

const releases = builtinReleases()
const folder = reference('libvirt-11.3', 'tests', 'qemucapabilitiesdata')
const maps = [reference('libvirt-11.3', 'cpu_map'), reference('libvirt-12.8', 'cpu_map')]

type Known = Record<'models' | 'features' | 'machines', Set<string>>

/** What the QEMUs of a version know, whatever accelerator and variant. */
function knownTo(version: string, arch: string): Known {
  const known: Known = { models: new Set(), features: new Set(), machines: new Set() }
  for (const file of readdirSync(folder ?? '')) {
    if (!file.startsWith(`caps_${version}.`) || !new RegExp(`_${arch}(?:\\+\\w+)?\\.replies$`).test(file))
      continue
    const text = readFileSync(join(folder ?? '', file), 'utf8')
    for (const { models = [], machines, host } of parseQemuCapabilities(
      text,
      file,
      arch,
    ).accelerators.values()) {
      for (const { name } of models) known.models.add(name)
      for (const { name } of machines) if (/\d$/.test(name)) known.machines.add(name)
      for (const properties of [host?.properties, host?.unmigratable]) {
        for (const name of properties?.keys() ?? []) known.features.add(toLibvirtName(name))
      }
    }
  }
  return known
}

/** Holds what the table says of a name against which of the versions, ascending, know it. */
function hold(tool: string, name: string, knows: readonly boolean[]): void {
  const versions = releases.lookedAt(tool)
  const first = knows.indexOf(true)
  const last = knows.lastIndexOf(true)
  if (first < 0) expect([name, releases.age(tool, name)]).toEqual([name, expect.any(Number)])
  else expect([name, releases.age(tool, name)]).toEqual([name, first])
  if (first < 0) expect(releases.age(tool, name), name).toBeGreaterThanOrEqual(versions.length)
  else expect([name, releases.goneIn(tool, name)]).toEqual([name, versions[last + 1]])
}

describe.skipIf(!folder)(`QEMU (${folder ? 'recorded replies' : NO_REFERENCE})`, () => {
  test.each(['x86_64', 's390x', 'ppc64'])('%s: models, features and machine types', arch => {
    const tool = arch === 'x86_64' ? 'qemu' : `qemu-${arch}`
    const known = releases.lookedAt(tool).map(version => knownTo(version, arch))
    const all = (kind: keyof Known) => new Set(known.flatMap(one => [...one[kind]]))
    const isX86 = arch === 'x86_64'
    const names = {
      models: isX86 ? db.models.map(({ name }) => name) : [...all('models')],
      features: isX86 ? db.features.list.map(({ name }) => name) : [],
      machines: [...all('machines')],
    }
    for (const kind of ['models', 'features', 'machines'] as const) {
      for (const name of names[kind])
        hold(
          tool,
          name,
          known.map(one => one[kind].has(name)),
        )
    }
    expect(all('models').size).toBeGreaterThan(50)
    expect(all('machines').size).toBeGreaterThan(20)
  })

  test('a machine type comes with the version in its name', () => {
    for (const arch of ['x86_64', 's390x', 'ppc64']) {
      const tool = arch === 'x86_64' ? 'qemu' : `qemu-${arch}`
      const versions = releases.lookedAt(tool)
      const number = (version: string) =>
        version.split('.').reduce((sum, part) => sum * 100 + Number(part), 0)
      for (const name of knownTo(versions.at(-1) ?? '', arch).machines) {
        const own = /-(\d+\.\d+)$/.exec(name)?.[1] ?? ''
        const since = versions.findIndex(version => number(version) >= number(own))
        expect([name, releases.age(tool, name)]).toEqual([name, since])
      }
    }
  })
})

test.skipIf(maps.includes(undefined))(`libvirt (${maps[0] ? 'its maps' : NO_REFERENCE})`, () => {
  const read = maps.map(map => openCpuMap(map ?? '').of('x86'))
  const names = [...db.models, ...db.features.list].map(({ name }) => name)
  for (const name of names) {
    hold(
      'libvirt',
      name,
      read.map(map => map.model(name) !== undefined || map.features.get(name) !== undefined),
    )
  }
})
