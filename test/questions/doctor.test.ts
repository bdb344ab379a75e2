import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { doctor } from '../../src/index.ts'
import { builtinErrors, parseErrors } from '../../src/map/error-table.ts'
import type { GivenText } from '../../src/questions/doctor/recognise.ts'
import { legible } from '../../src/questions/doctor/recognise.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
const corpus = read('test', 'corpus', 'errors.txt')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
  .map(line => {
    const [error = '', text = ''] = line.split('\t')
    return { error, text: text.replaceAll('\\n', '\n') }
  })

const ask = (...texts: (string | GivenText)[]) =>
  doctor({
    documents: texts.map((given, i) =>
      typeof given === 'string' ? { path: `log${i}`, text: given } : { path: given.source, text: given.text },
    ),
  })
const host = (name: string) => ({ source: `${name}.xml`, text: read('examples', 'fleet', `${name}.xml`) })

describe('every error of data/errors.txt', () => {
  test.each(corpus)('$error: $text', ({ error, text }) => {
    expect(ask(text).findings[0]?.error).toBe(error)
  })

  test('has a real text for each of its templates', () => {
    const unused = builtinErrors().flatMap(({ name, texts }) =>
      texts
        .filter(({ pattern }) => {
          const own = corpus.filter(({ error }) => error === name).map(({ text }) => legible(text).text)
          return !own.some(text => text.search(pattern) >= 0)
        })
        .map(({ template }) => `${name}: ${template}`),
    )
    expect(unused).toEqual([])
  })

  test('is recognised in the clothes of logs, mails and screens', () => {
    const clothes: readonly ((line: string) => string)[] = [
      line => `Nov 30 03:12:11 kvm-07 libvirtd[1234]: ${line}`,
      line => `2024-05-01T10:11:12.345678Z ${line}`,
      line => `2023-06-01 10:00:00.123 77 ERROR nova.virt.libvirt.driver [req-1 - - - -] ${line}`,
      line => `> > ${line.replace(/\n/g, '\n> > ')}`,
      line => `\u001b[31m${line}\u001b[0m`,
      line => JSON.stringify({ level: 'error', msg: line }),
      line => line.replace(/ /g, '  '),
      line => `some words before\n${line}\nand some after`,
    ]
    const missed = corpus
      .filter(({ text }) => !text.startsWith('>'))
      .flatMap(({ error, text }) =>
        clothes
          .map((wear, i) => ({ i, worn: wear(text) }))
          .filter(({ worn }) => !ask(worn).findings.some(one => one.error === error))
          .map(({ i }) => `${i} ${error}: ${text}`),
      )
    expect(missed).toEqual([])
  })

  test('is recognised where a terminal cut it within a word', () => {
    const long = corpus.filter(({ text }) => text.length > 60 && !text.includes('\n'))
    const missed = long.filter(({ error, text }) => {
      const cut = text.replace(/.{50}/g, '$&\n')
      return !ask(cut).findings.some(one => one.error === error)
    })
    expect(missed.map(({ text }) => text)).toEqual([])
  })
})

test('lines of a log are not put together, be one as long as a terminal is wide', () => {
  const lines = [
    "Nov 30 03:12:11 h libvirtd[1]: guest CPU doesn't match specification: missing features: erms,pku",
    'Nov 30 03:12:12 h x[2]: ok',
  ]
  expect(ask(lines.join('\n')).findings[0]?.featuresOnHosts.map(({ feature }) => feature)).toEqual([
    'erms',
    'pku',
  ])
})

describe('what an error names', () => {
  const featuresOf = (text: string) => ask(text).findings[0]?.featuresOnHosts.map(({ feature }) => feature)

  test('features, in lists, places, labels and keys', () => {
    expect(featuresOf("guest CPU doesn't match specification: missing features: mpx,pku")).toEqual([
      'mpx',
      'pku',
    ])
    expect(
      featuresOf("warning: host doesn't support requested feature: MSR(48BH).vmx-vmfunc [bit 45]"),
    ).toEqual(['vmx-vmfunc'])
    expect(
      featuresOf(
        'no node is suitable to run the required CPU model / required features: map[cpu-feature.node.kubevirt.io/erms:true cpu-feature.node.kubevirt.io/fsrm:true]',
      ),
    ).toEqual(['erms', 'fsrm'])
    expect(featuresOf('com.vmware.vim.vmfeature.cpuid.avx2')).toEqual(['avx2'])
  })

  test('bits that the source of a migration has and its destination lacks', () => {
    const line = (leaf: string, register: string, check: string, source: string, destination: string) =>
      `Detected incompatible CPUID entry: leaf=${leaf} (subleaf=0x00), register='${register}', compatible_check='${check}', source VM feature='${source}', destination VM feature='${destination}'.`
    const [bits] = ask(line('0x07', 'EBX', 'BitwiseSubset', '0xd09f47bb', '0xd09f4fb9')).findings
    expect(bits?.featuresOnHosts).toMatchObject([{ feature: 'tsc_adjust', place: 'CPUID.07H.0:EBX[1]' }])
    expect(bits?.here).toEqual([
      'CPUID.07H.0:EBX: the source has and the destination lacks tsc_adjust [1]',
      'CPUID.07H.0:EBX: only the destination has, which does not hinder: rtm [11]',
    ])
    const [number] = ask(line('0x1d', 'EAX', 'NumNotGreater', '0x01', '0x00')).findings
    expect(number?.here[0]).toContain('1 on the source, 0 on the destination')
    expect(number?.here[1]).toBe('the destination has no AMX tiles (amx-tile)')
  })

  test('bits of vSphere that are required and not there', () => {
    const [finding] = ask(
      "CPU of the host is incompatible; problem detected at CPUID level 0x1 register 'ecx'. Host bits: 0000:0000:0000:0000:0000:0000:0000:0001 Required: xxxx:xxxx:xxxx:xxxx:xxxx:xx1x:xxxx:xxx1",
    ).findings
    expect(finding?.featuresOnHosts.map(({ feature }) => feature)).toEqual(['ssse3'])
  })

  test('what a featureset of Xen has and another lacks', () => {
    expect(
      featuresOf(
        'VM last booted on CPU with features 1fcbfbff-80b82221-2191cbf5-00000003; destination’s CPUs have features 1fcbfbff-80b82201-2191cbf5-00000003',
      ),
    ).toEqual(['vmx'])
  })

  test('a model that is misspelled', () => {
    const [finding] = ask('internal error: Unknown CPU model sandybridge').findings
    expect(finding?.remedies).toContain('write SandyBridge')
  })
})

describe('beside hosts and guests', () => {
  test('says which of the hosts lack a feature', () => {
    const { findings } = ask(
      "guest CPU doesn't match specification: missing features: avx512vnni",
      host('sky-01'),
      host('cas-01'),
    )
    expect(findings[0]?.featuresOnHosts).toMatchObject([{ feature: 'avx512vnni', missingOn: ['sky-01.xml'] }])
  })

  test('says which of the hosts can give a model, and what they can all give', () => {
    const { findings } = ask(
      'Configured CPU model: Icelake-Server is not compatible with host CPU',
      host('sky-01'),
    )
    expect(findings[0]?.here[0]).toMatch(/^Icelake-Server does not run everywhere: sky-01.xml: lacks /)
    expect(findings[0]?.here[1]).toMatch(/^sky-01.xml can give, best first: Skylake-Server/)
  })

  test('says which level a guest reaches', () => {
    const guest = {
      source: 'g.xml',
      text: "<domain type='kvm'><name>g</name><os><type arch='x86_64'>hvm</type></os><cpu mode='custom' match='exact'><model>qemu64</model></cpu></domain>",
    }
    const { findings } = ask('Fatal glibc error: CPU does not support x86-64-v2', guest, host('sky-01'))
    expect(findings[0]?.here[0]).toMatch(/^the guest g \(qemu64\) reaches x86-64-v1, lacks /)
    expect(findings[0]?.here[1]).toBe(
      'guests of sky-01.xml can have x86-64-v4 (host-model or host-passthrough)',
    )
  })

  test('finds settings that are refused, without any text of an error', () => {
    const conf = (rest: string) => ({ source: 'nova.conf', text: `[libvirt]\nvirt_type = kvm\n${rest}\n` })
    const errors = (rest: string) => ask(conf(rest)).findings.map(({ error }) => error)
    expect(errors('cpu_mode = host-model\ncpu_model = kvm64')).toEqual(['nova-names-without-custom'])
    expect(errors('cpu_mode = custom\ncpu_models = Haswell,IvyBridge')).toEqual(['nova-each-model'])
    expect(errors('cpu_mode = custom\ncpu_models = Haswell')).toEqual([])
  })

  test('names the labels that a pod selects and no node has', () => {
    const label = (names: readonly string[]) =>
      Object.fromEntries(names.map(name => [`cpu-feature.node.kubevirt.io/${name}`, 'true']))
    const node = { kind: 'Node', apiVersion: 'v1', metadata: { name: 'n1', labels: label(['avx2', 'erms']) } }
    const pod = (names: readonly string[]) => ({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'virt-launcher-a', labels: { 'vm.kubevirt.io/name': 'a' } },
      spec: { nodeName: 'n1', nodeSelector: label(names) },
    })
    const found = (names: readonly string[]) =>
      ask(
        { source: 'pod.json', text: JSON.stringify(pod(names)) },
        { source: 'node.json', text: JSON.stringify(node) },
      ).findings
    expect(found(['avx2', 'gds-no', 'fsrs'])[0]).toMatchObject({
      error: 'kubevirt-labels-missing',
      featuresOnHosts: [{ feature: 'gds-no' }, { feature: 'fsrs' }],
    })
    expect(found(['avx2', 'erms'])).toEqual([])
  })
})

describe('a text that is not known', () => {
  test('is said to be unknown, with what was understood of it', () => {
    const { findings, unknown } = ask(
      'flux capacitor error: +avx512_vnni is bad on pc-q35-7.2, family: 6, model: 85, stepping: 7, MSR(48BH), EPYC-Rome, CPUID.07H:EBX.erms [bit 9], please monitor',
    )
    expect(findings).toEqual([])
    const understood = Object.fromEntries(unknown.flatMap(({ words }) => words.map(w => [w.text, w.means])))
    expect(Object.keys(understood).sort()).toEqual([
      'CPUID.07H:EBX.erms [bit 9]',
      'EPYC-Rome',
      'MSR(48BH)',
      'avx512_vnni',
      'family: 6, model: 85, stepping: 7',
      'pc-q35-7.2',
    ])
    expect(understood.avx512_vnni).toContain('avx512vnni')
    expect(understood['family: 6, model: 85, stepping: 7']).toContain('Cascadelake-Server')
  })

  test('beside known ones, only lines that look like errors', () => {
    const { unknown } = ask(
      'all is well\nerror: the moon is full\nFatal glibc error: CPU does not support x86-64-v3',
    )
    expect(unknown.map(({ line, text }) => [line, text])).toEqual([[2, 'error: the moon is full']])
  })

  test('the message in a frame, where it is not known', () => {
    const { findings, unknown } = ask('Error starting domain: the hedgehogs of the host refuse to roll today')
    expect(findings.map(({ error }) => error)).toEqual(['virt-manager-frame'])
    expect(unknown.map(({ text }) => text)).toEqual([': the hedgehogs of the host refuse to roll today'])
  })

  test('documents of hosts are not taken for texts', () => {
    expect(ask(host('sky-01'))).toMatchObject({ findings: [], unknown: [] })
  })
})

test('data that breaks the grammar is refused with its place', () => {
  const parse = (text: string) => () => parseErrors({ name: 'e', text })
  expect(parse('error a failure x : y [z]\n   text {nothing}\n   try it\n')).toThrow(
    'no part is called `nothing`',
  )
  expect(parse('error a oops x : y [z]\n   text t\n')).toThrow('expected a kind')
  expect(parse('error a failure x : y\n   text t\n')).toThrow('expected a source')
  expect(parse('error a failure x : y [z]\n   text t\n')).toThrow('`a` has no remedy')
  expect(parse('error a failure x : y [z]\n   text (t\n   try it\n')).toThrow('e:2:4: a bad template')
})
