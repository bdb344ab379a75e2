import { describe, expect, test } from 'vitest'
import { dataFile } from '../../src/map/data.ts'
import { compareVersions, parseKvmRules } from '../../src/map/kvm-rules.ts'
import { lintKvm } from '../../src/map/lint/files.ts'
import { printFinding } from '../../src/map/lint/models.ts'
import { builtin } from '../built-in.ts'
import { committed } from './texts.ts'

const OLDEST = 'oldest kernel 6.6 qemu 8.2'
const parse = (...lines: string[]) =>
  parseKvmRules({ name: 'kvm.txt', text: `${[OLDEST, ...lines].join('\n')}\n` })

describe('a line', () => {
  test('has a kind, features, conditions and sources', () => {
    const { rules, oldest } = parse(
      'given a b : of V W, with c, since kernel 6.1, until qemu 9.2 [key; other]',
      'kept d [key; unverified]',
    )
    expect(oldest).toEqual({ kernel: '6.6', qemu: '8.2' })
    expect(rules.map(({ at, ...rule }) => rule)).toEqual([
      {
        kind: 'given',
        features: ['a', 'b'],
        vendors: ['V', 'W'],
        needs: ['c'],
        since: { kernel: '6.1' },
        until: { qemu: '9.2' },
        sources: ['key', 'other'],
      },
      { kind: 'kept', features: ['d'], vendors: [], needs: [], since: {}, until: {}, sources: ['key'] },
    ])
  })

  test.each([
    ['given a', 'expected `KIND FEATURE …'],
    ['shared a [k]', 'a kind is one of given, passed, asked, judged, kept'],
    ['given [k]', '`given` of which features?'],
    ['given a : on V [k]', 'not `on V`'],
    ['given a : of [k]', 'not `of`'],
    ['given a : since 6.1 [k]', 'not `since 6.1`'],
  ])('%s is refused', (line, says) => {
    expect(() => parse(line)).toThrow(says)
  })

  test('the first says what the oldest versions are', () => {
    const text = 'given a [k]\n'
    expect(() => parseKvmRules({ name: 'kvm.txt', text })).toThrow('expected `oldest kernel')
    expect(() => parseKvmRules({ name: 'kvm.txt', text: '' })).toThrow('expected `oldest kernel')
  })
})

test('versions are compared by numbers', () => {
  expect(compareVersions('6.12', '6.6')).toBeGreaterThan(0)
  expect(compareVersions('10.0.2', '10.0')).toBe(0)
  expect(compareVersions('5.15', '6.1')).toBeLessThan(0)
})

describe('the laws of kvm.txt', () => {
  const file = dataFile('x86/kvm.txt')
  const lint = (text: string) =>
    lintKvm({ ...file, text }, builtin(), committed('docs', 'sources.md')).map(printFinding)

  test('hold for the data', () => {
    expect(lint(file.text)).toEqual([])
  })

  test.each([
    ['asked vmx svm', 'asked vmx svn', 'no feature of libvirt’s is called `svn`'],
    ['kept smx', 'kept acpi', '`acpi` has a line of these conditions'],
    ['with rtm', 'with vmx', '`vmx` may be kept'],
    ['of Hygon', 'of Hygons', 'no vendor is called `Hygons`'],
    ['[kvm-changes]', '[kvm-change]', 'unknown source `kvm-change`'],
    ['[kvm-changes]', '[unverified]', 'no source'],
    ['\n\n# On request', '\n\n\n# On request', 'not as the formatter writes it'],
  ])('with %s as %s one is broken', (from, to, says) => {
    expect(file.text).toContain(from)
    expect(lint(file.text.replace(from, to)).join('\n')).toContain(says.replace('’', "'"))
  })
})
