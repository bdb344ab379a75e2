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
    expect(releases.needed(['EPYC-Turin'])).toEqual({ qemu: 'newer than 10.0', libvirt: '12.8' })
    expect(releases.needed([])).toEqual({ qemu: '6.2 or older', libvirt: '11.3 or older' })
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
      'no version after 7.0 that was looked at',
    )
    expect(parse('qemu 8.0\n')).toThrow('expected `TOOL VERSION : NAME …`')
  })
})
