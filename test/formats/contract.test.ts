import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { ParseError } from '../../src/core/parse-error.ts'
import { DIALECTS, readText } from '../../src/formats/dialects.ts'
import type { Found } from '../../src/formats/found.ts'
import { PRINTERS } from '../../src/formats/printers.ts'
import { loadYaml } from '../../src/formats/yaml.ts'
import { sniffed } from './platforms/samples.ts'
import { cpuOf, GUEST_ROADS, ROADS } from './roads.ts'

// With what every reader is tried: texts of two versions or forms of its tool, cut texts, a word that nothing is called, a
// word that is not there, and the same CPU by another road. Where one of them cannot be, why.

await loadYaml()

const CORPUS = join(import.meta.dirname, '..', 'corpus')

/** Texts of our own in the forms of other versions than those of the corpus, by dialect. */
const OTHER_VERSIONS: Readonly<Record<string, string>> = {
  // Before Train a single model could be named.
  'nova-conf':
    '[libvirt]\ncpu_mode = custom\ncpu_model = Haswell-noTSX\ncpu_model_extra_flags = pcid, ssbd\n',
  // Before 9.2 without levels and widths.
  'proxmox-models': 'cpu-model: web\n    reported-model Haswell\n    flags +aes;-pcid\n',
  // As `grep` prints them within their folder.
  vulnerabilities: 'l1tf:Not affected\nmds:Mitigation: Clear CPU buffers; SMT vulnerable\n',
  // The table of 4.2 alone, as the database has it: with more white space, and a type without a model.
  'ovirt-types':
    'ServerCPUList: 1:Intel Nehalem Family:vmx,nx,model_Nehalem:Nehalem:x86_64;\n 2:AMD Opteron G4:svm,nx,model_Opteron_G4:Opteron_G4:x86_64; version: 4.2\n',
  // Without what the kernel's test of AVX-512 says, and with bits that it could not read.
  'spectre-meltdown-checker': JSON.stringify({
    meta: { script_version: '26.0' },
    cpu: {
      vendor: 'AuthenticAMD',
      family: 25,
      model: 1,
      stepping: 1,
      capabilities: { ibpb: true, ssbd: null },
    },
    vulnerabilities: [
      { cve: 'CVE-2018-3639', name: 'VARIANT 4', status: 'OK', sysfs_message: 'Not affected' },
    ],
  }),
  // Numbers as such, and nothing of packages.
  vdsm: JSON.stringify({
    cpuModel: 'AMD EPYC 7402P 24-Core Processor',
    cpuThreads: 48,
    cpuFlags: 'fpu,nx,svm,avx2,aes,model_EPYC,model_Opteron_G5',
  }),
  // Of util-linux before 2.37: flat, and the flags in the middle of what is cut.
  'lscpu-part':
    'Vendor ID:           GenuineIntel\nCPU family:          6\nModel:               79\nModel name:          Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz\nStepping:            1\nFlags:               fpu vme de pse tsc msr pae mce cx8 aes avx2 ssse3\n',
  // Of ESX 4: masks of one vendor, and no masks of single features.
  vmx: 'config.version = "8"\nvirtualHW.version = "7"\nguestOS = "rhel5-64"\ncpuid.1.ecx.amd = "----:----:----:----:----:---0:----:----"\n',
  // Before `address_sizes` and `isolated`, on one core.
  'incus-resources': JSON.stringify({
    cpu: {
      architecture: 'x86_64',
      sockets: [
        {
          name: 'Intel(R) Xeon(R)',
          vendor: 'GenuineIntel',
          socket: 0,
          cores: [{ core: 0, threads: [{ id: 0, thread: 0, online: true }], flags: ['fpu', 'aes', 'avx2'] }],
        },
      ],
      total: 1,
    },
  }),
  // Of all versions that require each feature, with a colon and blanks.
  cloudstack: 'guest.cpu.mode: custom\nguest.cpu.model: Westmere\nguest.cpu.features: vmx pcid\n',
  // As before 2.16, in one block without a UUID.
  ganeti:
    'Instance name: web.example.com\n  - Hypervisor: kvm\n    - cpu_type: SandyBridge,+pcid,-avx\n    - VCPUs: 4\n',
  'qemu-command':
    '/usr/bin/qemu-system-x86_64 -machine pc,accel=kvm -cpu Haswell,+aes,-pcid,enforce -smp 2\n',
  'cloud-hypervisor':
    "Detected incompatible CPUID entry: leaf=0x07 (subleaf=0x00), register='EBX', compatible_check='BitwiseSubset', source VM feature='0xd09f47bb', destination VM feature='0xd09f4fb9', incompatible bits='0x00000002'.\n",
  'freebsd-dmesg':
    'CPU: Intel(R) Core(TM)2 CPU (2394.05-MHz K8-class CPU)\n  Origin = "GenuineIntel"  Id = 0x6fb  Stepping = 11\n  Features=0xbfebfbff<FPU,VME,DE>\n  Features2=0xe3bd<SSE3,DTES64,MON>\n  AMD Features=0x20100800<SYSCALL,NX,LM>\n  AMD Features2=0x1<LAHF>\n',
  vagrantfile:
    "Vagrant.configure('2') do |config|\n  config.vm.provider :libvirt do |libvirt|\n    libvirt.cpu_mode = 'custom'\n    libvirt.cpu_model = 'Haswell'\n    libvirt.cpu_feature :name => 'aes', :policy => 'require'\n  end\nend\n",
}

const own = cpuOf('Haswell-noTSX')
const guests = Object.values(GUEST_ROADS).map(print => print('Haswell-noTSX', 'pdpe1gb', 'aes'))

/** Texts of every dialect: those of the corpus, what is printed for it, and a CPU by the roads that lead there. */
function textsOf(name: string) {
  const folders = ['platforms', 'machine', 'machines', 'dumps']
  const files = folders.flatMap(folder =>
    readdirSync(join(CORPUS, folder)).map(file => readFileSync(join(CORPUS, folder, file), 'utf8')),
  )
  const versions = [...files, OTHER_VERSIONS[name] ?? ''].filter(text => sniffed(text).includes(name))
  const roads = Object.values(ROADS).map(print => print(own))
  return { versions, all: [...versions, ...roads.filter(text => sniffed(text).includes(name))], roads }
}

/** What a text says is there; nothing where it is refused as it must be. */
function claimsOf(text: string): Set<string> {
  try {
    return new Set(readText(text, 'text').flatMap(claims))
  } catch (error) {
    expect(error).toBeInstanceOf(ParseError)
    return new Set()
  }
}

function claims(found: Found): string[] {
  if (found.kind === 'statement') return [...found.present]
  if (found.kind === 'guest') return found.cpu.features.map(({ name }) => name)
  if (found.kind !== 'dump') return []
  return found.dumps.flatMap(({ data, unknown = [] }) => [
    ...unknown,
    ...data.rows().flatMap(([leaf, subleaf, ...words]) =>
      words.flatMap((word, i) =>
        Array.from({ length: 32 }, (_, bit) => bit)
          .filter(bit => leaf !== 0 && (word >>> bit) & 1)
          .map(bit => `${leaf}.${subleaf}.${i}.${bit}`),
      ),
    ),
  ])
}

const standing = (word: string): RegExp =>
  new RegExp(`(?<![a-z0-9]|-)${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![a-z0-9]|[-_.][a-z0-9])`, 'gi')

/** Words of a text that stand for features. */
const wordsIn = (text: string): string[] =>
  [...claimsOf(text), 'avx2', 'aes', 'ssse3'].filter(word => word.length > 2 && standing(word).test(text))

const UNKNOWN = 'zz9unknown'

const CHECKS: Readonly<Record<string, (name: string) => boolean>> = {
  versions: name => textsOf(name).versions.length > 1,
  cut: name =>
    textsOf(name).all.some(text => {
      const whole = claimsOf(text)
      const ends = [...text.matchAll(/\n/g)].map(({ index }) => index + 1).filter((_, i) => i % 7 === 0)
      const parts = (
        ends.length > 1 ? ends : [0.3, 0.6, 0.9].map(part => Math.floor(text.length * part))
      ).slice(0, 12)
      return parts.every(end =>
        [...claimsOf(text.slice(0, end))].every(claim => whole.has(claim) || !/[a-z]{3}/.test(claim)),
      )
    }),
  'an unknown word': name =>
    textsOf(name).all.some(text =>
      wordsIn(text).some(word => {
        const found = readText(text.replace(standing(word), UNKNOWN), 'text')
        return JSON.stringify(found, (_, value) => (typeof value === 'bigint' ? String(value) : value))
          .toLowerCase()
          .includes(UNKNOWN)
      }),
    ),
  'an absent word': name =>
    textsOf(name).all.some(text => {
      const whole = claimsOf(text)
      return wordsIn(text).some(word => {
        const less = claimsOf(text.replace(standing(word), ''))
        return less.size > 0 && less.size < whole.size && [...less].every(claim => whole.has(claim))
      })
    }),
  'another road': name =>
    textsOf(name).roads.some(text => sniffed(text).includes(name)) ||
    guests.some(text => sniffed(text).includes(name)) ||
    PRINTERS.some(({ readBy }) => readBy === name),
}

const BITS = 'it tells bits or levels, and no words'
const MODELS = 'it names models or whole definitions, and its words have tests of their own'
const ALONE = 'what it prints is of its own tool alone, and has tests of its own'
const TABLE = 'each line stands for itself, and one that is cut is no line'

/** What a dialect is not tried with here, and why. */
const NOT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'libvirt-xml': { versions: MODELS, 'an unknown word': MODELS, 'an absent word': MODELS },
  'cpuid-r': { 'an unknown word': BITS, 'an absent word': BITS },
  collected: { versions: 'our own report, whose first line has its version' },
  vulnerabilities: {
    'an unknown word': ALONE,
    'an absent word': ALONE,
    'another road': ALONE,
  },
  'cpuid-json': { versions: 'our own JSON', 'an unknown word': BITS, 'an absent word': BITS },
  qmp: {
    versions: 'recordings stand in examples/hypervisors, and have tests of their own',
    cut: ALONE,
    'an unknown word': ALONE,
    'an absent word': ALONE,
    'another road': ALONE,
  },
  'cpuid-decoded': { 'an unknown word': 'what it does not know has no place', 'another road': ALONE },
  libcpuid: {
    versions: 'its other form stands in test/formats/dumps.test.ts',
    'an unknown word': BITS,
    'an absent word': BITS,
    'another road': 'test/formats/roads.test.ts has the same words by `cpuid -r`',
  },
  aida64: { 'an unknown word': BITS, 'an absent word': BITS, 'another road': ALONE },
  'ld.so': { 'an unknown word': BITS, 'an absent word': BITS, 'another road': ALONE },
  registers: {
    'an unknown word': BITS,
    'an absent word': BITS,
    'another road': 'test/formats/machines.test.ts has it',
  },
  'kubectl-text': {
    'an absent word': TABLE,
    'another road': 'test/formats/platforms/kubernetes.test.ts has it',
  },
  osquery: { 'an unknown word': BITS, 'an absent word': BITS, 'another road': ALONE },
  'ovirt-api': { 'an unknown word': MODELS, 'an absent word': MODELS },
  'ovirt-types': { 'another road': ALONE },
  'proxmox-api': { 'another road': ALONE },
  'qemu-command': { cut: 'it is one line, of which a part is another command' },
  'spectre-meltdown-checker': { 'an absent word': ALONE, 'another road': ALONE },
  'lscpu-part': { 'another road': 'lscpu itself is one' },
  'ld.so-help': { 'an unknown word': BITS, 'an absent word': BITS, 'another road': ALONE },
  'qemu-cpu-help': { 'an unknown word': MODELS, 'an absent word': MODELS, 'another road': ALONE },
  vsphere: { 'another road': 'test/formats/platforms/vsphere.test.ts has it' },
  xapi: { 'an unknown word': BITS, 'an absent word': BITS },
  'xl-cpuid': { 'an absent word': TABLE },
  firecracker: { 'an unknown word': BITS, 'an absent word': BITS },
  'cloud-hypervisor': { 'an unknown word': BITS, 'an absent word': BITS, 'another road': ALONE },
  'freebsd-dmesg': { 'an unknown word': BITS, 'an absent word': BITS },
  vagrantfile: { 'an absent word': ALONE },
}

test.each(DIALECTS.map(({ name }) => name))('%s is tried with all five, or it is said why not', name => {
  const missing = Object.entries(CHECKS).flatMap(([what, has]) => (has(name) ? [] : what))
  expect(missing).toEqual(Object.keys(NOT[name] ?? {}))
})

/** Where the words are tried of dialects that are not tried with them here. */
const OWN: Readonly<Record<string, string>> = {
  'libvirt-xml': 'formats/parse-cpu.test.ts',
  'cpuid-decoded': 'formats/platforms/registers.test.ts',
  aida64: 'formats/dumps.test.ts',
  'ld.so': 'formats/machine.test.ts',
  osquery: 'formats/platforms/audits.test.ts',
  'ovirt-api': 'formats/platforms/ovirt.test.ts',
  'ovirt-types': 'formats/platforms/ovirt.test.ts',
  'proxmox-api': 'formats/platforms/proxmox.test.ts',
  'spectre-meltdown-checker': 'formats/platforms/audits.test.ts',
  'ld.so-help': 'formats/platforms/flag-lists.test.ts',
  'qemu-cpu-help': 'formats/platforms/qemu.test.ts',
  'cloud-hypervisor': 'formats/platforms/firecracker.test.ts',
  vagrantfile: 'formats/platforms/machines-as-code.test.ts',
}

/** The same of dialects whose tests call what reads them. */
const CALLED: Readonly<Record<string, readonly [path: string, what: RegExp]>> = {
  vulnerabilities: ['map/vulnerabilities.test.ts', /vulnerability-words\.txt[\s\S]*\breadStatus\(/],
  qmp: ['formats/qmp-conversation.test.ts', /\bparseRecording\(/],
}

const root = join(import.meta.dirname, '..')

/** What a test file reads: files of the corpus that it names, and texts that stand in it. */
function textsIn(path: string): string[] {
  const code = readFileSync(join(root, path), 'utf8')
  const folders = readdirSync(CORPUS, { recursive: true, encoding: 'utf8' })
  const named = folders.filter(file =>
    new RegExp(`['/]${basename(file).replace(/\\.[^.]+$/, '')}[.']`).test(code),
  )
  const texts = named.flatMap(file => {
    const full = join(CORPUS, file)
    return statSync(full).isFile() ? readFileSync(full, 'utf8') : []
  })
  const literals = [...code.matchAll(/'((?:[^'\\\n]|\\.)+)'|`((?:[^`\\]|\\.)+)`/g)]
  return [...texts, ...literals.map(([, a, b]) => (a ?? b ?? '').replaceAll('\\n', '\n'))]
}

test.each(
  Object.entries(NOT).flatMap(([name, why]) =>
    Object.values(why).some(
      reason => reason === MODELS || reason === ALONE || /tests of their own$/.test(reason),
    )
      ? [name]
      : [],
  ),
)('%s has the tests of its own that are spoken of', name => {
  const [called, what] = CALLED[name] ?? []
  if (called !== undefined) return expect(readFileSync(join(root, called), 'utf8')).toMatch(what ?? '')
  const path = OWN[name] ?? ''
  expect(path).not.toBe('')
  expect(textsIn(path).some(text => sniffed(text).includes(name))).toBe(true)
})

test('other tests that reasons name are there', () => {
  const named = Object.values(NOT).flatMap(why =>
    Object.values(why).flatMap(reason => /test\/\S+\.test\.ts/.exec(reason)?.[0] ?? []),
  )
  expect(named.filter(path => !existsSync(join(root, '..', path)))).toEqual([])
  expect([...Object.keys(OWN), ...Object.keys(CALLED)].filter(name => !NOT[name])).toEqual([])
})
