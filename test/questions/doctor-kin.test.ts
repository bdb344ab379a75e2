import fc from 'fast-check'
import { expect, test } from 'vitest'
import { doctor } from '../../src/index.ts'
import { builtinErrors } from '../../src/map/error-table.ts'
import { contextOf } from '../../src/questions/context.ts'
import { runs } from '../effort.ts'

// Errors of data/errors.txt with other names, numbers and quotation marks, as logs, mails and terminals show them.

const { db } = contextOf()
const from = (...words: string[]) => fc.constantFrom(...words)
const models = fc.constantFrom(...db.models.map(({ name }) => name))
const feature = fc.constantFrom(...db.features.list.map(({ name }) => name))
const list = fc
  .tuple(fc.array(feature, { minLength: 1, maxLength: 6 }), from(',', ', '))
  .map(([names, mark]) => names.join(mark))
const hex = fc.integer({ min: 1, max: 0xffff_ffff }).map(number => `0x${number.toString(16)}`)
const number = fc.nat(1_000_000).map(String)
const words = fc.array(from('the', 'guest', 'lost', 'vcpu', 'of', 'kernel'), { minLength: 2, maxLength: 4 })
const text = words.map(some => some.join(' '))
const bits = fc.string({ unit: from('0', '1'), minLength: 32, maxLength: 32 })
const featureset = fc
  .array(fc.integer({ min: 0x1000_0000, max: 0xffff_ffff }), { minLength: 4, maxLength: 9 })
  .map(all => all.map(word => word.toString(16)).join('-'))

/** What stands for each part of a template. */
const PARTS: Readonly<Record<string, fc.Arbitrary<string>>> = {
  arch: from('x86_64', 'aarch64', 'ppc64le'),
  bits: featureset,
  bug: from('mds', 'MMIO Stale Data', 'tsx_async_abort'),
  check: from('BitwiseSubset', 'Equal', 'NumNotGreater'),
  command: from('device_add', 'migrate-incoming'),
  destination: bits.map(all => all.replace(/.{4}(?=.)/g, '$&:')),
  enlightenment: from('hv-stimer', 'hv-synic', 'hv-evmcs'),
  feature,
  features: list,
  file: from('/usr/bin/qemu-kvm', '/tmp/guest.xml', '/usr/libexec/qemu-kvm'),
  hex,
  incompatible: hex,
  leaf: from('0x1', '0x07', '0xd', '0x80000001'),
  level: from('x86-64-v2', 'x86-64-v3', 'x86-64-v4'),
  machine: from('pc-q35-9.2', 'pc-i440fx-rhel7.6.0', 'virt-10.0'),
  mode: from('host-model', 'host-passthrough', 'custom'),
  model: models,
  models: fc.array(models, { minLength: 1, maxLength: 4 }).map(all => all.join(', ')),
  module: from('kvm_intel', 'kvm_amd'),
  msr: from('0x10a', '0x480', '0xc0011029'),
  needed: from('hv-time', 'hv-vpindex', 'hv-synic'),
  needs: from('time', 'synthetic interrupt controller'),
  number,
  other: from('AMD', 'EPYC', 'node-7', '288'),
  others: list,
  place: from(
    'CPUID.07H:EBX.hle [bit 4]',
    'CPUID.80000001H:ECX.svm [bit 2]',
    'MSR(48BH).vmx-vmfunc [bit 45]',
  ),
  property: from('host-x86_64-cpu.avx99', 'level', 'qemu64-x86_64-cpu.foo'),
  register: from('eax', 'EBX', 'ecx', 'EDX'),
  required: bits.map(all => all.replace(/.{4}(?=.)/g, '$&:').replaceAll('0', 'x')),
  selectors: list.map(all => `[${all.replaceAll(/([^, ]+)/g, 'cpu-feature.node.kubevirt.io/$1:true')}]`),
  setting: from('vpindex', 'evmcs', 'reenlightenment'),
  source: hex,
  subleaf: from('0x0', '0x01'),
  text,
  vendor: from('AMD', 'Intel', 'Hygon'),
  virttype: from('kvm', 'qemu'),
  vmfeature: from('cpuid.avx2', 'cpuid.pcid', 'cpuid.xsave'),
  was: from('partial', 'full', '7', 'host-model'),
}

const MARKS: readonly (readonly [string, string])[] = [
  ["'", "'"],
  ['"', '"'],
  ['‘', '’'],
  ['“', '”'],
  ['«', '»'],
  ['„', '“'],
  ['`', "'"],
]

/** Texts that a template stands for. Choices are made anew for each; apostrophes within words stay. */
function textsOf(template: string): fc.Arbitrary<string> {
  const tokens = template.match(/\\.|\{[^}]*\}|\.\.\.|[\s\S]/g) ?? []
  let at = 0
  const sequence = (): fc.Arbitrary<string> => {
    const parts: fc.Arbitrary<string>[] = []
    for (; at < tokens.length && tokens[at] !== '|' && tokens[at] !== ')'; at++) {
      const token = tokens[at] ?? ''
      if (token === '(') parts.push(choice())
      else if (token === '?')
        parts.push(fc.tuple(fc.boolean(), parts.pop() ?? from('')).map(([has, it]) => (has ? it : '')))
      else if (token.startsWith('{')) parts.push(PARTS[token.slice(1, -1)] ?? fc.constant(token))
      else if (token === '...') parts.push(text.map(some => (template.includes(' ...') ? some : ` ${some} `)))
      else parts.push(fc.constant(token.replace(/^\\/, '')))
    }
    return fc.tuple(...parts).map(all => all.join(''))
  }
  const choice = (): fc.Arbitrary<string> => {
    const options: fc.Arbitrary<string>[] = []
    do {
      at++
      options.push(sequence())
    } while (tokens[at] === '|')
    return fc.oneof(...options)
  }
  return fc.tuple(sequence(), fc.constantFrom(...MARKS)).map(([one, [open, close]]) => {
    let isOpen = false
    return one.replace(/(\w?)'(\w?)/g, (_, before: string, after: string) => {
      if (before && after && !isOpen) return `${before}'${after}`
      isOpen = !isOpen
      return `${before}${isOpen ? open : close}${after}`
    })
  })
}

/** What logs, mails and terminals make of a line. */
const WEAR: readonly ((line: string, width: number) => string)[] = [
  line => line,
  (line, width) => `Jan ${(width % 28) + 1} 03:1${width % 10}:11 kvm-${width} libvirtd[${width}1]: ${line}`,
  (line, width) => `2026-0${(width % 9) + 1}-01T10:11:12.${width}Z ${line}`,
  (line, width) => `[${width}.123456] ${line}`,
  (line, width) =>
    `2023-06-01 10:00:00.123 ${width} ERROR nova.virt.libvirt.driver [req-${width} - - - -] ${line}`,
  line => `> ${line}`,
  line => `\u001b[1;31merror:\u001b[0m ${line.replace(/ /g, ' \u001b[33m')}\u001b[0m`,
  line => JSON.stringify({ level: 'error', msg: line }),
  (line, width) => (line.length > width ? line.replace(new RegExp(`.{${width}}`, 'g'), '$&\n') : line),
  (line, width) => line.replace(new RegExp(`(.{1,${width}})( |$)`, 'g'), '$1\n    ').trimEnd(),
  line => `Fehler: ${line}\r\nsonst nichts\r\n`,
  line => `time="2026-01-01T10:11:12Z" level=error msg=${JSON.stringify(line)} component=agent`,
  line => line.replace(/[&<>"']/g, mark => `&#${mark.charCodeAt(0)};`),
  line => `* \`${line}\``,
  line => `| error | ${line} |`,
  line => `2026-01-01T10:11:12.123456789Z stdout F ${line}`,
  line => `E0101 10:11:12.123456       1 controller.go:114] ${line}`,
  (line, width) => line.replace(new RegExp(`(.{1,${width}})( |$)`, 'g'), '$1\n> ').replace(/^/, '> '),
  line => `    raise libvirtError ('virDomainCreate() failed', dom=self)\nlibvirt.libvirtError: ${line}`,
  line => line.toUpperCase(),
  (line, width) => `node-${width} | FAILED! => {"changed": false, "msg": ${JSON.stringify(line)}}`,
]

test.each(builtinErrors().map(record => [record.name, record] as const))(
  '%s and its kin',
  (name, { texts }) => {
    const kin = fc.oneof(...texts.map(({ template }) => textsOf(template)))
    const wear = fc.constantFrom(...WEAR)
    fc.assert(
      fc.property(kin, wear, fc.integer({ min: 50, max: 120 }), (line, worn, width) => {
        const { findings } = doctor({ documents: [{ path: 'log', text: worn(line, width) }] })
        expect(findings.map(({ error }) => error)).toContain(name)
      }),
      { numRuns: runs(240) },
    )
  },
)
