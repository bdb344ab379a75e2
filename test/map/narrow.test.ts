import { describe, expect, test } from 'vitest'
import { DEFAULT_LIBVIRT } from '../../src/core/libvirt-version.ts'
import { CpuMap, narrowDatabase } from '../../src/map/cpu-map.ts'
import { loadDatabase } from '../../src/map/database.ts'
import { builtinReleases } from '../../src/map/releases.ts'
import { contextOf } from '../../src/questions/context.ts'
import { askNow } from '../ask-now.ts'
import { builtin } from '../built-in.ts'
import { small } from './texts.ts'

/** What a version of libvirt does not know is not there, whatever is asked. */

const MODELS =
  'vendor V TwelveBytes!\nmodel Old   sig 6.1   gone d   later @late\n  v1 = Old  + a\n  v2  + b\n' +
  'vendor W TwelveOthers\nmodel New   sig 6.3\n  v1 = New  + a e\n'

describe('a database without what is not known', () => {
  const db = loadDatabase(small(MODELS.replace('   later @late', ''), 'Old\nNew'))
  const without = (...hidden: string[]) => narrowDatabase(db, name => !hidden.includes(name))
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)

  test('with all of it known it is the same', () => {
    const same = without()
    expect(same.models).toEqual(db.models)
    expect(same.features.list).toEqual(db.features.list)
    expect(names(same.families)).toEqual(names(db.families))
    expect(same.vendors).toEqual(db.vendors)
  })

  test('hides a model with its family and vendor', () => {
    const old = without('New', 'New-v1', 'TwelveOthers')
    expect(names(old.models)).toEqual(['Old', 'Old-v1', 'Old-v2'])
    expect(names(old.families)).toEqual(['Old'])
    expect(names(old.vendors)).toEqual(['V'])
    expect(old.model('New')).toBeUndefined()
  })

  test('hides a version, and the canonical name that nobody has', () => {
    const old = without('Old-v1', 'Old-v2')
    expect(names(old.models)).toEqual(['Old', 'New', 'New-v1'])
    expect(old.model('Old')?.canonical).toBeUndefined()
    expect(old.families[0]?.versions.map(({ model }) => model.name)).toEqual(['Old'])
  })

  test('takes a feature out of the table and of every model', () => {
    const old = without('a', 'd')
    expect(old.features.get('a')).toBeUndefined()
    expect(names(old.features.in(old.model('Old-v2')?.features ?? old.features.all))).toEqual(['b'])
    expect(old.model('Old')?.removed).toEqual([])
    expect(old.model('New')?.features.leq(old.features.all)).toBe(true)
  })
})

describe('our data as a version of libvirt knows it', () => {
  const own = CpuMap.builtIn()

  test('the version that is answered by default knows all of it, and later ones do', () => {
    const releases = builtinReleases()
    const { models, features, vendors } = builtin()
    const words = [
      ...models.map(({ name }) => name),
      ...features.list.map(({ name }) => name),
      ...vendors.map(({ id }) => id),
    ]
    expect(words.filter(name => !releases.knows('libvirt', DEFAULT_LIBVIRT, name))).toEqual([])
    expect(own.asOf(DEFAULT_LIBVIRT)).toBe(own)
    expect(own.asOf('99.0')).toBe(own)
  })

  test('there is one for each version that was looked at, whatever versions are asked for', () => {
    const older = own.asOf('11.3')
    expect(older.asOf('11.3')).toBe(older)
    expect(own.asOf('12.7')).toBe(older)
    expect(older.asOf(DEFAULT_LIBVIRT)).toBe(own)
  })

  test('a request for another version is answered from all of the data', () => {
    const older = contextOf(undefined, '11.3')
    const models = (libvirt?: string) =>
      askNow({ verb: 'cpu-models', arch: 'x86_64', ...(libvirt && { libvirt }) }, older).models
    expect(models()).not.toContain('EPYC-Turin')
    expect(models('12.8')).toContain('EPYC-Turin')
    expect(askNow({ verb: 'cpu-models', arch: 'ppc64', libvirt: '11.3' }).models).not.toContain('POWER11')
  })

  test('a newer model is as unknown as any other', () => {
    const cpu = '<cpu><arch>x86_64</arch><model>EPYC-Turin</model><vendor>AMD</vendor></cpu>'
    const baseline = (libvirt: string) => askNow({ verb: 'baseline', cpus: [cpu], libvirt })
    expect(baseline('12.8').model).toBe('EPYC-Turin')
    expect(() => baseline('11.3')).toThrow('internal error: Unknown CPU model EPYC-Turin')
  })
})
