import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CpuidRow } from '../../src/core/cpuid.ts'
import { answerRequest } from '../../src/http/answer.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { verify } from '../../src/questions/library.ts'
import type { Trial } from '../../src/questions/verify/answer.ts'
import { builtin } from '../built-in.ts'
import { runs } from '../effort.ts'
import { type SeenTrial, trialOf } from './trial.ts'

const judge = (...trials: Trial[]) => verify({ trials })
const judgeOne = (trial: Trial) => {
  const [guest] = judge(trial).guests
  if (!guest) throw new Error('no guest')
  return guest
}

/** The rows with some bits of a register of a leaf turned over. */
const flip = (rows: readonly CpuidRow[], leaf: number, column: 2 | 3 | 4 | 5, mask: number): CpuidRow[] =>
  rows.map(row => {
    if (row[0] !== leaf || row[1] !== 0) return row
    const words: [number, number, number, number, number, number] = [...row]
    words[column] = (words[column] ^ mask) >>> 0
    return words
  })

type Sight = SeenTrial['before']

const change = (sight: Sight, leaf: number, column: 2 | 3 | 4 | 5, mask: number): Sight => ({
  ...sight,
  cpuid: flip(sight.cpuid, leaf, column, mask),
})

describe('a guest that sees what was predicted, and goes on', () => {
  test('is proven', () => {
    const proof = judgeOne(trialOf('Nehalem,+aes'))
    expect(proof).toMatchObject({
      verdict: 'proven',
      differences: [],
      changes: [],
      goesOn: true,
      refused: [],
    })
    expect(proof.predicted).toBe(proof.wordCount)
  })

  test('but not after a change, whatever bit it is', () => {
    const trial = trialOf('Nehalem')
    const rows = trial.after.cpuid
    const anyChange = fc.tuple(
      fc.constantFrom(...rows.filter(row => row[1] === 0).map(row => row[0])),
      fc.constantFrom(2, 3, 4, 5),
      fc.integer({ min: 1, max: 0xffff_ffff }),
    )
    fc.assert(
      fc.property(anyChange, ([leaf, column, mask]) => {
        const after = change(trial.after, leaf, column, mask)
        const proof = judgeOne({ ...trial, after })
        expect(proof.verdict).toBe('differs')
        expect(proof.differences).toEqual([])
        expect(proof.changes.length).toBeGreaterThan(0)
        const before = change(trial.before, leaf, column, mask)
        expect(judgeOne({ ...trial, before, after })).toMatchObject({ verdict: 'differs', changes: [] })
      }),
      { numRuns: runs(1000) },
    )
  })

  test('but not where it began anew, or stands', () => {
    const trial = trialOf('Nehalem')
    const after = { ...trial.after, pass: 0 }
    expect(judgeOne({ ...trial, after })).toMatchObject({ verdict: 'differs', goesOn: false })
  })
})

test('what changed is named: a feature by its name, a number by its field', () => {
  const trial = trialOf('Nehalem')
  const [first] = judgeOne({ ...trial, after: change(trial.after, 1, 4, 1 << 25) }).changes
  expect(first).toEqual({ place: 'CPUID.01H:ECX[25]', name: 'aes', expected: '0', seen: '1' })
  const [second] = judgeOne({ ...trial, after: change(trial.after, 0, 2, 6) }).changes
  expect(second).toEqual({ place: 'CPUID.00H:EAX[31:0]', name: 'max-std-leaf', expected: 'b', seen: 'd' })
  const { cpuid } = trial.after
  const short = { ...trial.after, cpuid: cpuid.filter(([leaf]) => leaf !== 6 && leaf !== 5) }
  expect(judgeOne({ ...trial, after: short }).changes.map(({ place }) => place)).toEqual([
    'CPUID.05H:ECX[0]',
    'CPUID.05H:ECX[1]',
  ])
})

const ENDED = `qemu-system-x86_64: warning: TCG doesn't support requested feature: CPUID.01H:ECX.pcid [bit 17]
qemu-system-x86_64: warning: TCG doesn't support requested feature: CPUID.0DH:EAX.xsavec [bit 1]
qemu-system-x86_64: warning: host doesn't support requested feature: CPUID[eax=07h,ecx=01h].EAX.avx-vnni [bit 4]
qemu-system-x86_64: warning: This feature depends on other features that were not requested: MSR(10AH).rdctl-no [bit 0]
qemu-system-x86_64: warning: TCG doesn't support requested feature: CPUID[eax=80000021h].EAX [bit 2]
qemu-system-x86_64: TCG doesn't support requested features`

describe('what QEMU refuses', () => {
  const refused = (argument: string, ended: string, more: Partial<Trial> = {}) => {
    const { before, after, last, ...trial } = trialOf(argument)
    return judgeOne({ ...trial, ended, endedAt: 'start', ...more })
  }

  test('are features, by their names and where they have none by their bits', () => {
    const proof = refused('Nehalem', ENDED)
    expect(proof.verdict).toBe('refused')
    expect(proof.refused.map(({ feature }) => feature)).toEqual([
      'pcid',
      'avx-vnni',
      'xsavec',
      'lfence-always-serializing',
      'rdctl-no',
    ])
    expect(proof.message).toBe("qemu-system-x86_64: TCG doesn't support requested features")
  })

  test('is held against what was predicted, both ways', () => {
    const line = (name: string, bit: number) =>
      `warning: TCG doesn't support requested feature: CPUID.01H:ECX.${name} [bit ${bit}]\nno`
    const offered = builtin().features.list.flatMap(({ name }) => (name === 'pcid' ? [] : [name]))
    expect(refused('Haswell', line('pcid', 17), { offered }).unexpected).toEqual([])
    expect(refused('Haswell', line('fma', 12), { offered }).unexpected).toEqual(['fma', 'pcid'])
  })

  test('for another reason has QEMU’s words', () => {
    const proof = refused('Nehalem', 'State blocked by non-migratable CPU device (invtsc flag)', {
      endedAt: 'migration',
    })
    expect(proof).toMatchObject({ verdict: 'refused', refused: [] })
    expect(proof.message).toContain('invtsc')
  })
})

describe('an accelerator that shows the host’s words whatever QEMU gives', () => {
  const trial = trialOf('Nehalem', { accelerator: 'kvm' })
  // AVX2, which neither was asked for nor does QEMU say that it gives it.
  const before = change(trial.before, 7, 3, 0x20)
  const given: CpuidRow[] = [[7, 0, 0, 0, 0, 0]]

  test('proves nothing, and it is said', () => {
    const rows = trial.before.cpuid
    const shown = {
      pass: 3,
      msr: [],
      cpuid: [...rows.filter(([leaf]) => leaf !== 7), [7, 0, 0, 0x20, 0, 0] as CpuidRow],
    }
    const proof = judgeOne({ ...trial, given, before: shown, after: { ...shown, pass: 7 } })
    expect(proof).toMatchObject({ verdict: 'differs', masksIgnored: true, changes: [] })
    expect(proof.differences).toContainEqual({
      place: 'CPUID.07H.0:EBX[5]',
      name: 'avx2',
      expected: '0',
      seen: '1',
    })
  })

  test('is no reason where QEMU itself gives what was not predicted', () => {
    const proof = judgeOne({
      ...trial,
      given: [[7, 0, 0, 0x20, 0, 0]],
      before,
      after: { ...before, pass: 7 },
    })
    expect(proof.masksIgnored).toBe(false)
  })
})

test('of a model that is not known the migration alone is judged', () => {
  const { before, after, ...trial } = trialOf('Nehalem')
  const proof = judgeOne({ ...trial, cpu: trial.cpu.replace('Nehalem', 'Turing'), before, after })
  expect(proof).toMatchObject({ verdict: 'unknown', predicted: 0, changes: [] })
  const changed = change(after, 1, 4, 1)
  expect(
    judgeOne({ ...trial, cpu: trial.cpu.replace('Nehalem', 'Turing'), before, after: changed }).verdict,
  ).toBe('differs')
})

test('of several guests the worst verdict is the answer', () => {
  const good = trialOf('Nehalem')
  const { before, after, ...rest } = good
  const no = { ...rest, ended: ENDED, endedAt: 'start' } as const
  const changed = { ...good, after: change(after, 1, 4, 1) }
  expect(judge(good, no).verdict).toBe('refused')
  expect(judge(no, changed, good).verdict).toBe('differs')
})

test('without trials it is refused: over HTTP with 403, as only the command line starts programs', async () => {
  const answer = await answerRequest(
    { own: CpuMap.builtIn(), named: new Map() },
    'verify',
    new TextEncoder().encode('{}'),
  )
  expect(answer.status).toBe(403)
  expect(JSON.parse(new TextDecoder().decode(answer.body))).toMatchObject({ error: { kind: 'forbidden' } })
  expect(() => verify({})).toThrow('verify starts QEMU')
})

describe('a guest of another architecture', () => {
  /** A trial in which the guest reads these registers, and QEMU tells of features. */
  const trialOn = (
    arch: string,
    model: string,
    registers: Record<string, string>,
    properties: Record<string, boolean> = {},
    features = '',
  ): Trial => ({
    guest: null,
    cpu: `<cpu mode='custom' match='exact'><model>${model}</model>${features}</cpu>`,
    arch,
    vcpus: 1,
    argument: model,
    accelerator: 'tcg',
    machine: 'virt',
    from: 'here',
    to: 'here',
    properties,
    before: { pass: 2, cpuid: [], msr: [], registers },
    last: 5,
    after: { pass: 7, cpuid: [], msr: [], registers },
    milliseconds: {},
  })
  const [A53, A72] = ['0x410fd034', '0x410fd083']
  const feature = (name: string, policy = 'require') => `<feature policy='${policy}' name='${name}'/>`

  test.each([
    ['aarch64', 'cortex-a72', { MIDR_EL1: A72 }],
    ['aarch64', 'Neoverse-N1', { MIDR_EL1: '0x413fd0c1' }],
    ['ppc64', 'POWER9', { PVR: '0x4e1202' }],
    ['ppc64le', 'POWER8', { PVR: '0x4d0200' }],
  ])('%s: %s is proven by the register that names it, and by no other value', (arch, model, registers) => {
    expect(judgeOne(trialOn(arch, model, registers))).toMatchObject({ verdict: 'proven', differences: [] })
    const [name = ''] = Object.keys(registers)
    const other = { ...registers, [name]: arch === 'aarch64' ? A53 : '0x800200' }
    expect(judgeOne(trialOn(arch, model, other))).toMatchObject({
      verdict: 'differs',
      differences: [{ place: name, name: 'model', expected: model }],
    })
  })

  test('a model of which nothing is known is not called proven', () => {
    expect(judgeOne(trialOn('aarch64', 'max', { MIDR_EL1: A72 })).verdict).toBe('unknown')
    expect(judgeOne(trialOn('riscv64', 'rv64', { MISA: '0x0' })).verdict).toBe('unknown')
  })

  test('what QEMU says of its CPU counts where no register tells, and what nobody tells is named', () => {
    const judgeSve = (properties: Record<string, boolean>, policy?: string) =>
      judgeOne(trialOn('aarch64', 'a64fx', { MIDR_EL1: '0x461f0010' }, properties, feature('sve', policy)))
    expect(judgeSve({ sve: true })).toMatchObject({ verdict: 'proven', byQemu: ['sve'], unread: [] })
    expect(judgeSve({ sve: false })).toMatchObject({
      verdict: 'differs',
      differences: [{ place: 'QEMU', name: 'sve', expected: '1', seen: '0' }],
    })
    expect(judgeSve({ sve: true }, 'disable').verdict).toBe('differs')
    expect(judgeSve({})).toMatchObject({ verdict: 'unknown', byQemu: [], unread: ['sve'] })
  })

  test('each register that changes with the migration is named, and a guest that stands still is not proven', () => {
    const trial = trialOn('aarch64', 'cortex-a72', { MIDR_EL1: A72, CTR_EL0: '0x8444c004' })
    const moved = { pass: 9, cpuid: [], msr: [], registers: { MIDR_EL1: A72, CTR_EL0: '0x8444c000' } }
    expect(judgeOne({ ...trial, after: moved })).toMatchObject({
      verdict: 'differs',
      changes: [{ place: 'CTR_EL0', expected: '8444c004', seen: '8444c000' }],
    })
    const still = judgeOne({
      ...trial,
      after: { ...moved, pass: 5, registers: trial.before?.registers ?? {} },
    })
    expect(still).toMatchObject({ verdict: 'differs', goesOn: false, changes: [] })
  })

  test('features of IBM Z: each bit of the facility list, on and off, and what is switched off', () => {
    const list = (...bits: number[]) =>
      `0x${bits.reduce((all, n) => all | (1n << BigInt(n)), 0n).toString(16)}`
    const db = CpuMap.builtIn().of('s390x')
    const own = db.model('z900')?.features
    const properties = Object.fromEntries(
      db.features.list.map(({ name, bits }) => [name, bits.leq(own ?? bits)]),
    )
    const judgeZ = (stfle: string, machine = '0x2064', more = '') =>
      judgeOne(trialOn('s390x', 'z900', { MACHINE: machine, STFLE: stfle }, properties, more))
    expect(judgeZ(list(0, 1, 2))).toMatchObject({ verdict: 'proven', differences: [], unread: [] })
    expect(judgeZ(list(1, 2)).differences).toMatchObject([{ name: 'esan3', expected: '1', seen: '0' }])
    expect(judgeZ(list(0, 1, 2, 129)).differences).toMatchObject([
      { place: 'STFLE[129]', name: 'vx', expected: '0', seen: '1' },
    ])
    expect(judgeZ(list(1, 2), '0x2064', feature('esan3', 'disable')).differences).toEqual([])
  })

  test('what QEMU on IBM Z refuses is listed, with what was to be refused', () => {
    const { before, after, last, ...trial } = trialOn('s390x', 'z13', {})
    void [before, after, last]
    const offered = CpuMap.builtIn()
      .of('s390x')
      .features.list.flatMap(({ name }) => (name === 'vx' ? [] : name))
    const ended =
      'qemu-system-s390x: Some features requested in the CPU model are not available in the current configuration: vx \n' +
      'Consider a different accelerator, QEMU, or kernel version'
    const proof = judgeOne({ ...trial, offered, ended, endedAt: 'start' })
    expect(proof).toMatchObject({ verdict: 'refused', unexpected: [] })
    expect(proof.refused.map(one => one.feature)).toEqual(['vx'])
    expect(judgeOne({ ...trial, offered: [...offered, 'vx'], ended, endedAt: 'start' }).unexpected).toEqual([
      'vx',
    ])
  })
})
