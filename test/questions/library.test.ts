import { expect, test } from 'vitest'
import * as library from '../../src/index.ts'
import { builtin } from '../built-in.ts'
import { single } from '../notation.ts'
import { explainFeature } from './narrowed.ts'

const HOST =
  "<cpu>\n  <arch>x86_64</arch>\n  <model>Haswell</model>\n  <vendor>Intel</vendor>\n  <feature name='vmx'/>\n</cpu>\n"
const OTHER = HOST.replace('Haswell', 'Broadwell')

test('the verbs as functions answer as batch does', async () => {
  const pool = library.baseline({ cpus: [HOST, OTHER], explain: true })
  expect(pool.model).toBe('Haswell')
  expect(pool.explain?.lost.map(({ feature }) => feature)).toEqual(['rdseed', 'adx', 'smap', '3dnowprefetch'])
  expect(await library.ask({ verb: 'baseline', cpus: [HOST, OTHER], explain: true })).toEqual(pool)

  const { result, missing } = library.compare({ host: HOST, cpu: OTHER })
  expect(result).toBe('incompatible')
  expect(missing.map(({ place }) => place)).toContain('CPUID.07H.0:EBX[18]')
  expect(library.compare({ host: OTHER, cpu: HOST }).result).toBe('superset')

  const guest = "<cpu mode='host-model'/>"
  expect(library.update({ host: HOST, guest }).xml).toContain("<model fallback='allow'>Haswell</model>")
  expect(library.start({ host: HOST, guest }).result).toBe('superset')
  expect(library.expand({ cpu: HOST }).xml).toContain("<feature name='avx2'/>")
  expect(library.migratable({ cpu: HOST }).xml).toContain("<feature name='vmx'/>")
  expect(library.cpuModels({ arch: 'x86_64' }).models).toHaveLength(builtin().models.length)
  expect(library.cpuModels({ arch: 'aarch64' }).models).toBeNull()
})

test('a definition as words, data that are identical, features that are known', () => {
  const { require, vendor } = library.encode({ cpu: HOST })
  expect(require).toContain("<cpuid eax_in='0x00000007' ecx_in='0x00000000'")
  expect(library.identical({ a: require, b: require }).identical).toBe(true)
  expect(library.identical({ a: require, b: vendor }).identical).toBe(false)
  expect(library.validate({ cpu: HOST }).valid).toBe(true)
  expect(() => library.validate({ cpu: HOST.replace('vmx', 'wings') })).toThrow('unknown CPU feature: wings')
})

test('decode takes words or the text of a dump', () => {
  const words = library.decode({
    cpuid: [
      [0, 0, 1, 0x756e_6547, 0x6c65_746e, 0x4965_6e69],
      [1, 0, 0x633, 0, 0, 0x1f],
    ],
  })
  expect([words.model, words.vendor]).toEqual(['486-v1', 'Intel'])
  const text =
    'CPUID 00000000: 00000001-756E6547-6C65746E-49656E69\nCPUID 00000001: 00000633-00000000-00000000-0000001F\n'
  expect(library.decode({ text }).xml).toBe(words.xml)
  expect(() => library.decode({ text, cpuid: [] })).toThrow('give either cpuid or text')
})

test('another database gives its own answers', () => {
  const x86 = new library.Database({
    features: new library.FeatureTable([], []),
    vendors: [],
    models: [],
  })
  const map = library.CpuMap.with({ x86 })
  expect(library.cpuModels({ arch: 'x86_64' }, { map }).models).toEqual([])
  expect(() => library.expand({ cpu: HOST }, { map })).toThrow('internal error: unknown CPU model Haswell')
})

test('parseCpus reads documents in a row, hosts as libvirt prints them and others alike', () => {
  const text = `${HOST}${OTHER}<!-- odd -->${HOST}<domain><cpu mode='host-model'/></domain>`
  const found = library.parseCpus(text)
  expect(found.map(({ cpu }) => cpu.model)).toEqual(['Haswell', 'Broadwell', 'Haswell', undefined])
  expect(found.map(({ cpu }) => cpu.features.map(({ name }) => name))).toEqual([
    ['vmx'],
    ['vmx'],
    ['vmx'],
    [],
  ])
  expect(library.parseCpus('no CPU')).toEqual([])
  expect(() => library.parseCpus(`${HOST}<cpu>`, { expected: 'host', source: 'pool.xml' })).toThrow(
    /^pool\.xml:7:/,
  )
})

test('fleets are explained and parted by functions of the verbs’ names', () => {
  const documents = [
    { path: 'p/a.xml', text: HOST },
    { path: 'p/b.xml', text: OTHER },
  ]
  const [pool] = single(library.explain({ documents })).pools
  expect(pool?.pool).toBe('p')
  expect(explainFeature({ documents, feature: 'adx' }).feature).toBe('adx')
  expect(Object.keys(library.explain({ documents, cost: true }))).toContain('mostExpensive')
  expect(single(library.pools({ documents, k: 2 })).curve).toHaveLength(2)
})
