import { describe, expect, test } from 'vitest'
import type { DatabaseTexts } from '../../src/map/database.ts'
import { LAWS, lint } from '../../src/map/lint/files.ts'
import { lintSubject, printFinding, printReleased } from '../../src/map/lint/models.ts'
import { builtin } from '../built-in.ts'
import { committed, slip, TEXTS } from './texts.ts'

/** The laws hold for the data, and each of them can fail. */

const SOURCES = committed('docs', 'sources.md')
const RELEASED = committed('test', 'expected', 'released.txt')

const findings = (law: string, texts: DatabaseTexts, released = RELEASED, sources = SOURCES): string[] =>
  LAWS[law]?.(lintSubject(texts, sources, released)).map(printFinding) ?? ['no such law']

test('the data keeps every law', () => {
  expect(lint(lintSubject(TEXTS, SOURCES, RELEASED)).map(printFinding)).toEqual([])
  expect(Object.keys(LAWS)).toHaveLength(9)
})

/** A slip that breaks one law, and what the law says to it. */
const BROKEN: readonly [law: string, texts: DatabaseTexts, says: string][] = [
  ['noNoOps', slip('models/amd.txt', '+ ibpb ', '+ sse2 ibpb '), '`sse2` changes nothing here'],
  ['noNoOps', slip('models/amd.txt', '- xop fma4 tbm', '- mpx xop fma4 tbm'), '`mpx` changes nothing here'],
  [
    'noNoOps',
    slip('models/zhaoxin.txt', '# 2025, caches only: same bits', ''),
    'changes no bit and does not say',
  ],
  [
    'inFileOrder',
    slip('models/amd.txt', '+ xsaves ibrs amd-ssbd', '+ ibrs xsaves amd-ssbd'),
    '`xsaves` stands before',
  ],
  [
    'inFileOrder',
    slip('models/intel.txt', 'xsaves @vmx-server-xsaves', '@vmx-server-xsaves xsaves'),
    '`xsaves` stands before',
  ],
  [
    'closedUnderDeps',
    slip('models/amd.txt', '- xop fma4 tbm', '- avx xop fma4 tbm'),
    'models break this rule',
  ],
  [
    'closedUnderDeps',
    slip('deps.txt', 'libvirt-breaks 9', 'libvirt-breaks 8'),
    '9 models break this rule, not 8',
  ],
  [
    'smallestDelta',
    slip('models/amd.txt', 'model Opteron_G3 : Opteron_G2-v1', 'model Opteron_G3 : athlon-v1'),
    'is nearer',
  ],
  ['releasedStay', slip('models/amd.txt', '+ ibpb', '+ ibpb ibrs'), 'EPYC-IBPB is released and has changed'],
  ['releasedStay', slip('models/amd.txt', '= EPYC-IBPB', '= EPYC-OTHER'), 'EPYC-IBPB is released and gone'],
  ['onePlaceEach', slip('features.txt', 'word 1.edx', 'word 1.ecx'), 'word 1.0.ecx is above already'],
  ['sourcesCited', slip('models/amd.txt', 'ppr-17-31', 'ppr-17-32'), 'unknown source `ppr-17-32`'],
  [
    'sourcesCited',
    slip('models/amd.txt', 'vendor AMD AuthenticAMD   [libvirt-map; amd-cpuid]', 'vendor AMD AuthenticAMD'),
    'no source',
  ],
  [
    'titlesTell',
    slip('features.txt', 'Restricted transactional memory: XBEGIN, XEND, XABORT', 'RTM.'),
    'the title is the name again',
  ],
  ['titlesTell', slip('features.txt', 'Fast short REP MOVSB', 'Fast short REP STOSB'), 'has the same title'],
  ['titlesTell', slip('features.txt', 'Fast short REP MOVSB', 'x'.repeat(61)), 'has 61 characters'],
  [
    'formatted',
    slip('models/amd.txt', 'v2 = EPYC-IBPB  +', 'v2 = EPYC-IBPB   +'),
    'not as the formatter writes it',
  ],
  ['formatted', slip('walk.txt', 'athlon\n', 'athlon \n'), 'not as the formatter writes it'],
]

describe('a slip breaks its law', () => {
  test.each(BROKEN)('%s', (law, texts, says) => {
    const found = findings(law, texts)
    expect(found.join('\n')).toContain(says)
    expect(found.every(line => /^[\w/.]+:\d+: /.test(line))).toBe(true)
  })

  test('the note may name a reason for the parent', () => {
    const far = slip(
      'models/amd.txt',
      'model Opteron_G3 : Opteron_G2-v1',
      'model Opteron_G3 : athlon-v1',
    ).models
    const text = (far['models/amd.txt'] ?? '').replace(
      '+ popcnt abm sse4a misalignsse',
      '+ popcnt abm sse4a misalignsse  # parent: a test',
    )
    expect(
      findings('smallestDelta', { ...TEXTS, models: { ...far, 'models/amd.txt': text } }).join(),
    ).not.toContain('amd.txt:33')
  })
})

test('a release writes the lines of released models as they are', () => {
  const now = new Set(printReleased(builtin()).split('\n'))
  expect(RELEASED.split('\n').filter(line => !now.has(line))).toEqual([])
})
