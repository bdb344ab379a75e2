import { describe, expect, test } from 'vitest'
import { builtinReleases, parseReleases } from '../../src/map/releases.ts'
import { db } from './notation.ts'

const releases = builtinReleases()

describe('releases', () => {
  test('a definition needs the newest of its words', () => {
    expect(releases.needed(['Haswell', 'aes'])).toEqual({ qemu: '6.2 or older', libvirt: '11.3 or older' })
    expect(releases.needed(['SapphireRapids', 'aes'])).toEqual({ qemu: '8.0', libvirt: '11.3 or older' })
    expect(releases.needed(['SapphireRapids', 'rfds-no'])).toEqual({ qemu: '9.1', libvirt: '11.3 or older' })
    expect(releases.needed(['Icelake-Client', 'aes']).qemu).toBe('6.2 or older, before 7.1')
    expect(releases.needed(['pc-q35-9.2']).qemu).toBe('9.2')
    expect(releases.needed(['pconfig', 'aes']).qemu).toBe('none')
    expect(releases.age('qemu-s390x', 'gen17a')).toBeGreaterThan(releases.age('qemu-s390x', 'gen16a'))
    expect(releases.needed(['EPYC-Turin'])).toEqual({ qemu: '10.1', libvirt: '12.8' })
    expect(releases.needed([])).toEqual({ qemu: '6.2 or older', libvirt: '11.3 or older' })
  })

  test('a version in between knows what is dated, and else what the one before knows', () => {
    const table = parseReleases({
      name: 'r',
      text: 'qemu looked-at : 9.2 10.0 11.1\nqemu dated : 10.1 10.2\nqemu 10.1 : a\nqemu 11.1 : b\nqemu 11.1 gone : c\nqemu later : d\n',
    })
    const known = (version: string) =>
      ['a', 'b', 'c', 'd', 'e'].filter(name => table.knows('qemu', version, name))
    expect(known('10.0')).toEqual(['c', 'e'])
    expect(known('10.2')).toEqual(['a', 'c', 'e'])
    expect(known('11.0')).toEqual(['a', 'c', 'e'])
    expect(known('11.1')).toEqual(['a', 'b', 'e'])
    expect(known('12.0')).toEqual(['a', 'b', 'e'])
    expect(table.needed(['b', 'a'])).toEqual({ qemu: '11.1', libvirt: expect.any(String) })
    expect(table.needed(['d']).qemu).toBe('newer than 11.1')
    expect(table.needed(['a', 'c']).qemu).toBe('10.1, before 11.1')
  })

  test('machine types, and those marked as deprecated', () => {
    expect(releases.age('qemu', 'pc-q35-11.0')).toBeGreaterThan(releases.age('qemu', 'pc-q35-10.1'))
    expect(releases.deprecatedIn('qemu', 'pc-q35-8.1')).toBe('11.1')
    expect(releases.deprecatedIn('qemu', 'pc-q35-8.2')).toBeUndefined()
    expect(releases.goneIn('qemu', 'pc-q35-5.1')).toBe('11.1')
    expect(releases.goneIn('qemu-aarch64', 'pxa270')).toBe('11.1')
  })

  test('every word is a model or a feature', () => {
    const words = (text: string) => text.split(/\s+/)
    const known = new Set([...db.models, ...db.features.list].map(({ name }) => name))
    const all = db.models.filter(({ name }) => releases.age('qemu', name) > 0)
    expect(all.length).toBeGreaterThan(20)
    expect(
      words('GraniteRapids avx10 gds-no').every(word => known.has(word) && releases.age('qemu', word) > 0),
    ).toBe(true)
  })

  test('faults point at the line', () => {
    const parse = (text: string) => () => parseReleases({ name: 'r', text })
    expect(parse('xen 4 : a\n')).toThrow('r:1:1: a tool is qemu, qemu-ARCH or libvirt')
    expect(parse('qemu 8.0 : a\n')).toThrow('`qemu looked-at : VERSION …` comes first')
    expect(parse('qemu looked-at : 7.0 8.0\nqemu 9.0 : a\n')).toThrow(
      'no version after 7.0 that was looked at or dated',
    )
    expect(parse('qemu dated : 7.0\n')).toThrow('`qemu looked-at : VERSION …` comes first')
    expect(parse('qemu 8.0\n')).toThrow('expected `TOOL VERSION : NAME …`')
  })
})
