import type { CpuidRow } from '../core/cpuid.ts'
import type { QuestionInput, QuestionName } from '../questions/table.ts'

const cpuOf = (model: string, ...features: readonly string[]): string =>
  `<cpu><arch>x86_64</arch><model>${model}</model><vendor>Intel</vendor>` +
  `${features.map(name => `<feature name='${name}'/>`).join('')}</cpu>`

const ice = cpuOf('Icelake-Server', 'vmx', 'md-clear')
const sky = cpuOf('Skylake-Server', 'vmx')
const guest = "<cpu match='exact'><model>Haswell</model><feature policy='disable' name='rtm'/></cpu>"
const domain = `<domain type='kvm'><name>web</name><os><type arch='x86_64'>hvm</type></os>${guest}</domain>`
const documents = [
  { path: 'intel/ice-01.xml', text: ice },
  { path: 'intel/sky-01.xml', text: sky },
]
/** The leaves that features are read from, of a Broadwell. */
const cpuid: CpuidRow[] = [
  [0, 0, 0x14, 0x756e_6547, 0x6c65_746e, 0x4965_6e69],
  [1, 0, 0x4_06f1, 0x10_0800, 0x7ffe_fbff, 0xbfeb_fbff],
  [7, 0, 0, 0x21c_bfbb, 0, 0],
  [13, 1, 1, 0, 0, 0],
  [0x8000_0000, 0, 0x8000_0008, 0, 0, 0],
  [0x8000_0001, 0, 0, 0, 0x121, 0x2c10_0800],
]

/** What a QEMU answered, as little of it as a question needs. */
const models = [
  { execute: 'query-version' },
  { return: { qemu: { major: 10, minor: 0, micro: 2 }, package: '' } },
  { execute: 'query-target' },
  { return: { arch: 'x86_64' } },
  { execute: 'query-kvm' },
  { return: { enabled: true, present: true } },
  { execute: 'query-machines' },
  { return: [{ name: 'pc-q35-10.0', alias: 'q35', 'cpu-max': 4096, 'hotpluggable-cpus': true }] },
  { execute: 'query-cpu-definitions' },
  {
    return: [
      { name: 'Haswell', typename: 'Haswell-x86_64-cpu', static: false, 'unavailable-features': [] },
      { name: 'Nehalem', typename: 'Nehalem-x86_64-cpu', static: false, 'unavailable-features': [] },
    ],
  },
]

/** The same with the CPU that guests can be given. */
const replies = [
  ...models,
  {
    execute: 'query-cpu-model-expansion',
    arguments: { type: 'static', model: { name: 'host' } },
  },
  { return: { model: { name: 'base', props: { avx2: true, vmx: true } } } },
]

/** A request of every question, which any server answers. */
export const EXAMPLES: { readonly [Name in QuestionName]: QuestionInput<Name> } = {
  decode: { cpuid },
  baseline: { cpus: [ice, sky] },
  compare: { host: ice, cpu: sky },
  update: { host: ice, guest },
  start: { host: ice, guest },
  'update-live': { guest, enabled: { cpuid }, disabled: {} },
  expand: { cpu: guest },
  migratable: { cpu: ice },
  encode: { cpu: guest },
  convert: { text: domain, format: 'kubevirt' },
  identical: { a: { cpuid }, b: { cpuid } },
  validate: { cpu: guest },
  capabilities: {
    host: { cpu: ice, pageSizes: [4], powerManagement: [], iommu: false, securityModels: [] },
  },
  domcapabilities: { replies },
  'cpu-models': { arch: 'x86_64' },
  name: { name: 'avx512_vnni' },
  tree: { model: 'EPYC' },
  'hypervisor-cpu-models': { replies },
  'hypervisor-cpu-compare': { replies, cpu: guest },
  'hypervisor-cpu-baseline': { replies, model: 'Haswell' },
  models: { documents },
  'guest-check': { replies: models, domain },
  hosts: { documents },
  explain: { documents },
  pools: { documents, k: 2 },
  advise: { documents },
  'what-if': { documents, apply: ['tsx-off'] },
  migrate: { documents, from: 'ice-01', to: 'sky-01' },
  drain: { documents, apply: ['tsx-off'] },
  drift: { before: { documents }, after: { documents: documents.slice(1) } },
  check: { documents, fleet: { requirements: [{ level: 'x86-64-v3' }] } },
  audit: { documents, today: '2026-01-01' },
  doctor: {
    documents: [
      {
        path: 'error.txt',
        text: "warning: host doesn't support requested feature: CPUID.07H:EBX.hle [bit 4]",
      },
    ],
  },
  verify: {
    trials: [
      {
        ...{ guest: 'web', cpu: guest, argument: 'Haswell,-rtm', vcpus: 1 },
        ...{ accelerator: 'kvm', machine: 'pc-q35-10.0', from: 'ice-01', to: 'sky-01' },
        ...{ ended: 'Host doesn’t support requested features', endedAt: 'start', milliseconds: {} },
      },
    ],
  },
  level: { documents },
  fits: { documents, os: ['rhel10'] },
}
