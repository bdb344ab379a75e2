import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toLibvirtName } from '../../src/formats/qemu/names.ts'
import { openCpuMap } from '../../src/host/files/cpu-map.ts'
import { dataFile } from '../../src/map/data.ts'
import { builtinReleases } from '../../src/map/releases.ts'
import { parseQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { db } from './notation.ts'

/** `data/releases.txt` is what recorded QEMUs and libvirt's maps have: every name, and no other. */

const releases = builtinReleases()
const folder = reference('libvirt-11.3', 'tests', 'qemucapabilitiesdata')
const maps = [reference('libvirt-11.3', 'cpu_map'), reference('libvirt-12.8', 'cpu_map')]

/** Those that libvirt has no name for too. */
const allModels = db.families.flatMap(({ versions }) =>
  versions.flatMap(({ plain, versioned }) => [plain ?? [], versioned ?? []].flat()),
)
const answers = reference('libvirt-12.9', 'qemu-11.1.3')
const NEWEST = reference('libvirt-12.8', 'live', 'qemu-11.1.3-x86_64.replies')

type Known = Record<'models' | 'features' | 'machines' | 'deprecated', Set<string>>

/** The recordings of the QEMUs of a version, whatever accelerator and variant. */
function recordingsOf(version: string, arch: string): string[] {
  if (version === '11.1') return arch === 'x86_64' && NEWEST ? [NEWEST] : []
  const ending = new RegExp(`_${arch}(?:\\+\\w+)?\\.replies$`)
  const files = readdirSync(folder ?? '').filter(
    file => file.startsWith(`caps_${version}.`) && ending.test(file),
  )
  return files.map(file => join(folder ?? '', file))
}

/** What the QEMUs of a version know. */
function knownTo(version: string, arch: string): Known {
  const known = { models: new Set<string>(), features: new Set<string>(), machines: new Set<string>() }
  const deprecated = new Set<string>()
  for (const file of recordingsOf(version, arch)) {
    const { accelerators } = parseQemuCapabilities(readFileSync(file, 'utf8'), file, arch)
    for (const { models = [], machines, host } of accelerators.values()) {
      for (const { name } of models) known.models.add(name)
      for (const machine of machines) {
        if (/\d$/.test(machine.name)) known.machines.add(machine.name)
        if (/\d$/.test(machine.name) && machine.deprecated) deprecated.add(machine.name)
      }
      for (const properties of [host?.properties, host?.unmigratable]) {
        for (const name of properties?.keys() ?? []) known.features.add(toLibvirtName(name))
      }
    }
  }
  return { ...known, deprecated }
}

/**
 * Holds what the table says of a name against which of the versions looked at, ascending, know it: it came with the
 * first of them, or with one that others date since the one before.
 */
function hold(tool: string, name: string, versions: readonly string[], knows: readonly boolean[]): void {
  const all = releases.versions(tool)
  const first = knows.indexOf(true)
  const age = releases.age(tool, name)
  if (first < 0) expect([name, age > all.indexOf(versions.at(-1) ?? '')]).toEqual([name, true])
  else {
    expect([name, age <= all.indexOf(versions[first] ?? '')]).toEqual([name, true])
    if (first > 0) expect([name, age > all.indexOf(versions[first - 1] ?? '')]).toEqual([name, true])
    else expect([name, age]).toEqual([name, 0])
  }
  versions.forEach((version, i) => {
    expect([name, version, releases.knows(tool, version, name)]).toEqual([name, version, knows[i]])
  })
}

describe.skipIf(!folder)(`QEMU (${folder ? 'recorded replies' : NO_REFERENCE})`, () => {
  test.each(['x86_64', 's390x', 'ppc64'])('%s: models, features and machine types', arch => {
    const tool = arch === 'x86_64' ? 'qemu' : `qemu-${arch}`
    const versions = releases.lookedAt(tool).filter(version => recordingsOf(version, arch).length > 0)
    const known = versions.map(version => knownTo(version, arch))
    const all = (kind: keyof Known) => new Set(known.flatMap(one => [...one[kind]]))
    const isX86 = arch === 'x86_64'
    const names = {
      models: isX86 ? allModels.map(({ name }) => name) : [...all('models')],
      features: isX86 ? db.features.list.map(({ name }) => name) : [],
      machines: [...all('machines')],
    }
    for (const kind of ['models', 'features', 'machines'] as const) {
      for (const name of names[kind]) {
        const knows = known.map(one => one[kind].has(name))
        hold(tool, name, versions, knows)
      }
    }
    expect(all('models').size).toBeGreaterThan(50)
    expect(all('machines').size).toBeGreaterThan(20)
  })

  test('machine types are deprecated since the version that first marks them', () => {
    const versions = releases.lookedAt('qemu')
    const known = versions.map(version => knownTo(version, 'x86_64'))
    for (const name of new Set(known.flatMap(({ machines }) => [...machines]))) {
      const first = versions[known.findIndex(({ deprecated }) => deprecated.has(name))]
      expect([name, releases.deprecatedIn('qemu', name)]).toEqual([name, first])
    }
  })

  test('a machine type comes with the version in its name', () => {
    for (const arch of ['x86_64', 's390x', 'ppc64']) {
      const tool = arch === 'x86_64' ? 'qemu' : `qemu-${arch}`
      const versions = releases.versions(tool)
      const looked = releases.lookedAt(tool).filter(version => recordingsOf(version, arch).length > 0)
      const number = (version: string) =>
        version.split('.').reduce((sum, part) => sum * 100 + Number(part), 0)
      for (const name of knownTo(looked.at(-1) ?? '', arch).machines) {
        const own = /-(\d+\.\d+)$/.exec(name)?.[1] ?? ''
        const since = versions.findIndex(version => number(version) >= number(own))
        expect([name, releases.age(tool, name)]).toEqual([name, since])
      }
    }
  })
})

/** What libvirt 12.9 lists of QEMU 11.1 for an architecture: its models, and machine types with a version. */
describe.skipIf(!answers)(`QEMU 11.1 elsewhere (${answers ? "libvirt 12.9's lists" : NO_REFERENCE})`, () => {
  const read = (name: string) => readFileSync(join(answers ?? '', name), 'utf8')

  test.each(['aarch64', 'riscv64', 's390x'])('%s: every model, and none that is gone', arch => {
    const tool = `qemu-${arch}`
    const listed = [...read(`domcapabilities_--arch_${arch}.out`).matchAll(/<model usable[^>]*>([^<]+)/g)]
    const names = listed.map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(20)
    for (const name of names) expect([name, releases.knows(tool, '11.1', name)]).toEqual([name, true])
    const all = dataFile('releases.txt').text.matchAll(
      new RegExp(`^${tool} [\\d.]+ : (.*(?:\n    .*)*)`, 'gm'),
    )
    for (const name of [...all].flatMap(([, text = '']) => text.split(/\s+/))) {
      expect([name, names.includes(name)]).toEqual([name, releases.knows(tool, '11.1', name)])
    }
  })

  test.each(['aarch64', 'ppc64', 's390x', 'x86_64'])('%s: every machine type with a version', arch => {
    const tool = arch === 'x86_64' ? 'qemu' : `qemu-${arch}`
    const [, guest = ''] = read('capabilities.out').split(`<arch name='${arch}'>`)
    const listed = [...(guest.split('</arch>')[0] ?? '').matchAll(/<machine[^>]*>([^<]+-\d+\.\d+)</g)]
    const names = new Set(listed.map(([, name = '']) => name))
    expect(names.size).toBeGreaterThan(15)
    for (const name of names) expect([name, releases.knows(tool, '11.1', name)]).toEqual([name, true])
    const all = dataFile('releases.txt').text.matchAll(
      new RegExp(`^${tool} [\\d.]+ (?:machines|gone) : (.*(?:\n    .*)*)`, 'gm'),
    )
    const versioned = [...all]
      .flatMap(([, text = '']) => text.split(/\s+/))
      .filter(name => /-\d+\.\d+$/.test(name))
    for (const name of versioned) {
      expect([name, names.has(name)]).toEqual([name, releases.knows(tool, '11.1', name)])
    }
  })
})

test.skipIf(maps.includes(undefined))(`libvirt (${maps[0] ? 'its maps' : NO_REFERENCE})`, () => {
  const read = maps.map(map => openCpuMap(map ?? '').of('x86'))
  const names = [...allModels, ...db.features.list].map(({ name }) => name)
  for (const name of names) {
    const knows = read.map(map => map.model(name) !== undefined || map.features.get(name) !== undefined)
    hold('libvirt', name, ['11.3', '12.8'], knows)
    // 12.9 has the map of 12.8.
    expect([name, releases.knows('libvirt', '12.9', name)]).toEqual([name, knows.at(-1)])
  }
  for (const { id } of db.vendors)
    hold(
      'libvirt',
      id,
      ['11.3', '12.8'],
      read.map(map => map.vendors.some(known => known.id === id)),
    )
})
