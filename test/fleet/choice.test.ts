import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { detailsIn } from '../../src/fleet/causes/finding.ts'
import { groupHosts } from '../../src/fleet/groups.ts'
import { findCommonOffer } from '../../src/fleet/offered.ts'
import { builtinGenerations } from '../../src/map/generations.ts'
import { listBeyond } from '../../src/map/qemu-models.ts'
import { builtinReleases } from '../../src/map/releases.ts'
import { contextOf } from '../../src/questions/context.ts'
import { choose, poolCpuOf } from '../../src/questions/pools/choice.ts'
import { runs } from '../effort.ts'
import { bits, cpus, db, hosts } from './notation.ts'

const releases = builtinReleases()

function chosen(text: string) {
  const groups = groupHosts(hosts(text))
  const { given, able } = findCommonOffer(cpus, groups)
  const choice = choose(contextOf(), releases, groups)
  if (!choice) throw new RangeError('no model fits')
  return { ...choice, given, able }
}

const named = (text: string) => chosen(text).chosen.model.name

describe('the model with the shortest definition', () => {
  test.each([
    ['Haswell-noTSX-IBRS', ['arat', 'rdrand', 'f16c', 'abm', 'xsaveopt']],
    ['Cascadelake-Server-noTSX', ['pku', 'arch-capabilities']],
    ['EPYC-Milan', ['monitor', 'topoext']],
    ['SapphireRapids', []],
    ['Westmere', ['pclmuldq', 'arat']],
  ])('of hosts that are exactly %s it is that CPU, without what QEMU’s has beyond libvirt’s', (name, off) => {
    const vendor = db.model(name)?.vendor?.name
    const { chosen: best } = chosen(`a vendor=${vendor} : ${name}`)
    expect(best.disabled.map(feature => feature.name).sort()).toEqual([...off].sort())
    expect(best.added.filter(({ class: of }) => of !== 'nested')).toEqual([])
  })

  test('of nested virtualization only what means something is turned off', () => {
    const off = (text: string) => chosen(`a vendor=AMD : ${text}`).chosen.disabled.map(({ name }) => name)
    expect(off('Opteron_G5')).toContain('nrip-save')
    expect(off('Opteron_G5 -svm')).toEqual(['svm'])
  })

  test('words to disable count twice', () => {
    expect(named('a vendor=Intel : Haswell-noTSX -aes')).toMatch(/^Haswell-noTSX|^Haswell-v2/)
  })

  test('what was switched off does not send a CPU back ten years', () => {
    expect(named('a vendor=Intel : Cascadelake-Server-noTSX -aes -pclmuldq -pku')).toMatch(
      /^Cascadelake-Server/,
    )
  })

  test('what it expands to is exactly what was given', () => {
    for (const { name, vendor } of db.models.filter(model => model.vendor && model.features.size > 60)) {
      const { chosen: best, given, able } = chosen(`a vendor=${vendor?.name} : ${name} -aes -pku md-clear`)
      const { added, disabled, model } = best
      const back = model.features.join(db.features.setOf(added)).minus(db.features.setOf(disabled))
      const lacks = db.features.in(given.minus(back)).filter(({ class: of }) => of !== 'nested')
      expect([name, lacks]).toEqual([name, []])
      expect(db.features.in(back.minus(able))).toEqual([])
    }
  })

  test('the model of the oldest host goes before one of others that says nearly as much', () => {
    const two = hosts(
      'old vendor=Intel : Broadwell-IBRS f16c rdrand vme ss arat md-clear stibp ssbd xsaveopt abm pdpe1gb\n' +
        'new vendor=Intel : Skylake-Server-IBRS ss md-clear stibp ssbd',
    )
    const models = ['Broadwell-IBRS', 'Skylake-Server-IBRS']
    const nameOf = (all: typeof two) => choose(contextOf(), releases, groupHosts(all))?.chosen.model.name
    expect(nameOf(two)).toBe('Skylake-Client-v2')
    expect(nameOf(two.map((host, i) => ({ ...host, model: models[i] })))).toBe('Broadwell-IBRS')
  })

  test('a model that some hypervisor does not know comes after those that all know', () => {
    const [host] = hosts('a vendor=Intel : Haswell-noTSX')
    if (!host) throw new RangeError('a host')
    const groups = groupHosts([{ ...host, models: new Map([['Westmere', []]]) }])
    const choice = choose(contextOf(), releases, groups)
    expect(choice?.chosen.model.name).toBe('Westmere')
    expect(choice?.runnersUp[0]?.refusal).toMatchObject({ host: 'a', because: 'unknown' })
  })

  test('its name is pinned, its features in QEMU’s spelling', () => {
    const groups = groupHosts(
      hosts('a vendor=Intel : Skylake-Server-noTSX-IBRS md-clear tsc_adjust -pclmuldq'),
    )
    const { pinned, qemu } =
      poolCpuOf({ context: contextOf(), releases, fleet: { constraints: {} } }, groups).definition ?? {}
    expect(pinned).toMatch(/-v\d+$/)
    expect(qemu).toContain('md-clear=on')
    expect(qemu).toContain('pclmulqdq=off')
  })
})

describe('what stands on what a definition turns off', () => {
  /** What QEMU gives guests of the definition. */
  const guestOf = ({ chosen: { model, added, disabled } }: ReturnType<typeof chosen>) =>
    model.features
      .join(listBeyond(db).get(model) ?? model.features)
      .join(db.features.setOf(added))
      .minus(db.features.setOf(disabled))

  /** What of it a guest cannot use, but for nesting, and details, which QEMU leaves out by itself. */
  const halvesIn = (choice: ReturnType<typeof chosen>): string[] => {
    const own = db.features.in(guestOf(choice).minus(detailsIn(cpus)))
    const has = own.flatMap(({ name, class: of }) => (of === 'nested' ? [] : name))
    return [...db.dependencies.unmet(new Set(has)).values()].flat()
  }

  const off = (text: string) => chosen(text).chosen.disabled.map(({ name }) => name)

  test('is turned off too', () => {
    const without = off('a vendor=AMD : EPYC-Rome -avx')
    expect(without).toEqual(expect.arrayContaining(['avx', 'avx2', 'f16c', 'fma']))
    expect(without).not.toContain('sha-ni')
    expect(off('a vendor=Intel : Broadwell-IBRS -xsave')).toEqual(
      expect.arrayContaining(['xsave', 'avx', 'avx2', 'fma']),
    )
  })

  test('so is what a model has without it', () => {
    const [host] = hosts('a vendor=Intel : Icelake-Server -avx512f')
    if (!host) throw new RangeError('a host')
    const groups = groupHosts([{ ...host, models: new Map([['Icelake-Client', []]]) }])
    const { model, disabled } = choose(contextOf(), releases, groups)?.chosen ?? {}
    expect(model?.name).toBe('Icelake-Client')
    expect(disabled?.map(({ name }) => name)).toContain('avx512vbmi')
  })

  test('but what works alone stays', () => {
    expect(off('a vendor=AMD : EPYC-Rome -sse4.2')).not.toContain('avx')
  })

  test('so guests have nothing without what it stands on, whatever is masked of real CPUs', () => {
    const silicon = builtinGenerations(db).list.map(({ vendor, has, some }) => ({
      vendor,
      all: has.join(some),
    }))
    const named = db.models.flatMap(({ vendor, features: all }) =>
      vendor && all.size > 40 ? { vendor: vendor.name, all } : [],
    )
    const cpu = fc.constantFrom(...[...silicon, ...named].filter(({ all }) => all.size > 40))
    const parents = db.features.list.filter(({ name }) => db.dependencies.neededBy(name).length > 0)
    const masks = fc.subarray(
      parents.filter(({ class: of }) => of !== 'nested'),
      { maxLength: 4 },
    )
    // QEMU's n270 has lahf_lm and no lm, and is the shortest where nothing can be given that stands on syscall.
    const skylake = { vendor: 'Intel', all: bits('Skylake-Client') }
    fc.assert(
      fc.property(cpu, fc.array(masks, { minLength: 1, maxLength: 3 }), ({ vendor, all }, lists) => {
        const lines = lists.map((mask, i) => {
          const has = db.features.in(all.minus(db.features.setOf(mask))).map(({ name }) => name)
          return `h${i} vendor=${vendor} : ${has.join(' ')}`
        })
        expect(halvesIn(chosen(lines.join('\n')))).toEqual([])
      }),
      { numRuns: runs(2000), examples: [[skylake, [db.features.in(bits('xsave pse syscall')), []]]] },
    )
  })
})

describe('what guests may be given', () => {
  const names = (text: string) => {
    const { given } = findCommonOffer(cpus, groupHosts(hosts(text)))
    return db.features.in(given).map(({ name }) => name)
  }

  test('no details of vmx or svm without those', () => {
    expect(names('a : avx xsave vmx vmx-ept')).toEqual(['vmx', 'xsave', 'avx', 'vmx-ept'])
    expect(names('a : avx xsave vmx-ept npt')).toEqual(['xsave', 'avx'])
  })

  test('nothing without what it stands on, whatever hosts show', () => {
    const some = db.features.list.filter(({ class: of }) => of !== 'nested').map(({ name }) => name)
    const host = fc.subarray(some, { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(fc.array(host, { minLength: 1, maxLength: 3 }), lists => {
        const given = names(lists.map((list, i) => `h${i} : ${list.join(' ')}`).join('\n'))
        expect([...db.dependencies.unmet(new Set(given))]).toEqual([])
      }),
      { numRuns: runs(60) },
    )
    expect(names('a : f16c xsave')).toEqual(['xsave'])
    expect(names('a : f16c avx xsave\nb : f16c xsave')).toEqual(['xsave'])
  })
})
