import { describe, expect, test } from 'vitest'
import { type Feature, placeKey } from '../../src/core/feature.ts'
import { nearest } from '../../src/core/text.ts'
import { dumpOfFlags } from '../../src/formats/dumps/linux-flags.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { contextOf } from '../../src/questions/context.ts'
import { answerName } from '../../src/questions/name/question.ts'
import { printName } from '../../src/questions/name/report.ts'
import { builtin } from '../built-in.ts'
import { SMALL, smallMap } from '../small-map.ts'

const real = contextOf()
const found = (text: string) => answerName(real, text).meanings.map(facts => facts.name)

test.each([
  ['avx512_vnni', 'avx512vnni'],
  ['AVX512-VNNI', 'avx512vnni'],
  ['sse3', 'pni'],
  ['CPUID.07H.0:ECX[11]', 'avx512vnni'],
  ['msr.10ah[62]', 'its-no'],
  ['ida', 'ida'],
])('%s is %s', (text, feature) => expect(found(text)).toContain(feature))

test.each([
  ['HW_CPU_X86_AVX2', 'avx2'],
  ['trait:HW_CPU_X86_AVX2', 'avx2'],
  ['cpuid.avx2', 'avx2'],
  ['com.vmware.vim.vmfeature.cpuid.enfstrg', 'erms'],
  ['feature.node.kubernetes.io/cpu-cpuid.AVX2', 'avx2'],
  ['cpu-feature.node.kubevirt.io/pclmuldq', 'pclmuldq'],
  ['CPUID.07H.0:EBX.avx2 [bit 5]', 'avx2'],
  ['CPUID.07H:EBX.avx2 [bit 5]', 'avx2'],
  ['CPUID[eax=07h,ecx=00h].EBX.avx2 [bit 5]', 'avx2'],
  ['MSR(48CH).vmx-eptad [bit 21]', 'vmx-eptad'],
  ['7.0.ebx.5', 'avx2'],
  ['0x7.0.ebx[5]', 'avx2'],
  ['80000001.edx.29', 'lm'],
  ['msr.10a.62', 'its-no'],
  ['+avx2', 'avx2'],
  ['avx2=off', 'avx2'],
  ['-mno-bmi', 'bmi1'],
  ['HW_CPU_X86_AMD_SEV', 'sev'],
  ['trait:HW_CPU_X86_AVX2=required', 'avx2'],
  ['cpu-feature.node.kubevirt.io/avx2=true', 'avx2'],
  ['feature.node.kubernetes.io/cpu-cpuid.AVX2: "true"', 'avx2'],
  ['X86_FEATURE_AVX2', 'avx2'],
  ['CPUID.(EAX=07H,ECX=0H):EBX.AVX2[bit 5]', 'avx2'],
  ['CPUID.(EAX=07H,ECX=1):EAX[4]', 'avx-vnni'],
  ['CPUID Fn8000_0001_ECX[2]', 'svm'],
  ['Fn0000_0007_EBX_x0[5]', 'avx2'],
  ['cpu-cpuid.IBSOPSAM', 'ibs-op-sampling'],
])('as its tool writes it: %s is %s', (text, feature) => expect(found(text)).toEqual([feature]))

test.each([
  ['intel-broadwell', 'an EVC mode of vSphere'],
  ['T2CL', 'a static CPU template of Firecracker'],
  ['custom-web', 'a model that cpu-models.conf of a Proxmox cluster defines'],
  ['cpu-model.node.kubevirt.io/Haswell-noTSX=true', 'a CPU model'],
])('a model of another tool: %s is %s', (text, note) =>
  expect(answerName(real, text)).toMatchObject({ note }),
)

test('a name means what its tool means, though others have it too', () => {
  expect(found('prefetchi')).toEqual(['prefetchiti', 'prefetchi'])
  expect(found('CPUID.07H.1:EDX.prefetchi [bit 14]')).toEqual(['prefetchiti'])
  expect(found('HW_CPU_X86_TSX')).toEqual(['hle', 'rtm'])
})

test('a word of Linux that is of one vendor', () => {
  expect(printName(answerName(real, 'vnmi'))).toContain('linux vnmi (of AMD and Hygon)')
  const has = (vendor: string) =>
    dumpOfFlags({ label: '', vendor, family: 6, model: 85, stepping: 7, level: 22, flags: ['vnmi', 'aes'] })
      .data
  const { place, bit } = builtin().features.get('vnmi') as Feature
  const isThere = (vendor: string) =>
    [...has(vendor).words()].some(([at, word]) => placeKey(at) === placeKey(place) && (word >>> bit) & 1)
  expect(isThere('AuthenticAMD')).toBe(true)
  expect(isThere('GenuineIntel')).toBe(false)
})

test('a whole register', () => {
  const { meanings: features, register } = answerName(real, 'CPUID.07H.0:EBX')
  expect(register).toBe(true)
  expect(features.map(facts => facts.name)).toEqual(expect.arrayContaining(['fsgsbase', 'avx2', 'avx512vl']))
  expect(features.every(({ place }) => place.startsWith('CPUID.07H.0:EBX['))).toBe(true)
  expect(found('MSR.10AH')).toEqual(expect.arrayContaining(['rdctl-no', 'its-no']))
  expect(found('7.0.ebx')).toEqual(found('CPUID.07H.0:EBX'))
  expect(printName(answerName(real, '7.0.ebx')).split('\n')[0]).toMatch(
    /^CPUID\.07H\.0:EBX\[0\] +fsgsbase +RDFSBASE/,
  )
})

test.each([
  ['Haswell-noTSX', /^a CPU model$/],
  ['haswell-notsx', /^a CPU model, but for its case: Haswell-noTSX$/],
  ['cpu-model.node.kubevirt.io/Penryn', /^a CPU model$/],
  ['model_Penryn', /^a CPU model$/],
  [
    'Secure Intel Haswell Family',
    /^a cluster type of oVirt, whose guests get -cpu Haswell-noTSX,\+spec-ctrl/,
  ],
  ['x86-64-v3', /^a level of x86-64: .*\bavx2\b/],
  ['-march=znver3', /^what GCC and clang call a CPU with -march=znver3: .*\bvaes\b/],
  ['ASIMD', /no bit of x86: a feature of ARM$/],
])('%s is no feature but something else', (text, note) => {
  expect(answerName(real, text)).toMatchObject({
    meanings: [],
    nearest: [],
    note: expect.stringMatching(note),
  })
})

test('what is nothing is near to something, a model too', () => {
  expect(answerName(real, 'AVX512F_VNNI').nearest).toContain('avx512vnni')
  expect(answerName(real, 'cascadelak-server').nearest).toContain('Cascadelake-Server')
})

test('all there is to know', () => {
  const [facts] = answerName(real, 'avx512_vnni').meanings
  expect(facts).toMatchObject({
    name: 'avx512vnni',
    place: 'CPUID.07H.0:ECX[11]',
    order: '&',
    class: 'performance',
    migratable: true,
    knownToLibvirt: true,
    needs: ['avx512f'],
  })
  expect(facts?.byVendor.find(({ vendor }) => vendor === 'AMD')?.families.at(-1)).toEqual({
    name: 'EPYC-Turin',
    versions: ['v1'],
    all: true,
  })
})

describe('as text', () => {
  const text = (word: string, width?: number) => printName(answerName(real, word), width)

  test('a feature', () => {
    const lines = text('xsaves').split('\n')
    expect(lines[0]).toBe('xsaves  CPUID.0DH.1:EAX[3]')
    expect(lines).toContain('  class      performance; guests with it cannot migrate')
    expect(lines).toContain('  needs      xsave')
    expect(lines).toContain('             AMD: since EPYC (v3-v5); in part EPYC-Rome (v2-v3)')
  })

  test('since when models have it', () => {
    expect(text('avx512_vnni')).toContain('AMD: since EPYC-Genoa')
    expect(text('fpu')).toContain('any vendor: all models')
    expect(text('svm')).toContain('AMD: since phenom, but not Opteron_G1')
    expect(text('md-clear')).toContain('Intel: DiamondRapids')
  })

  test('one that libvirt does not know', () => {
    expect(text('hybrid')).toContain('platform; libvirt does not know it')
    expect(text('hybrid')).toContain('linux hybrid_cpu (never shown)')
    expect(text('hybrid')).not.toContain('models')
  })

  test('a word nobody uses', () => {
    expect(text('avx52vnni')).toContain('no tool calls a feature avx52vnni; did you mean avx512vnni')
    expect(text('quite-something')).toBe('no tool calls a feature quite-something')
  })

  test('no line is too long', () => {
    for (const width of [60, 80, 100]) {
      const lines = builtin().features.list.flatMap(feature => text(feature.name, width).split('\n'))
      expect(lines.filter(line => line.length > width)).toEqual([])
    }
  })
})

test('an installed map knows places and nothing more', () => {
  expect(printName(answerName(contextOf(CpuMap.with({ x86: smallMap(SMALL) })), 'e'))).toBe(
    'e  CPUID.07H.0:EBX[4]\n  class      guests with it cannot migrate\n  names      libvirt e; qemu e',
  )
})

test('nearest', () => {
  expect(nearest(['avx', 'avx2', 'sse4.1', 'sse4.2'], 'sse41')).toEqual(['sse4.1', 'sse4.2'])
  expect(nearest(['avx', 'avx2'], 'avx3')).toEqual(['avx', 'avx2'])
  expect(nearest(['avx', 'avx2'], 'something')).toEqual([])
})
