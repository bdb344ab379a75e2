import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { QuestionName } from '../../src/questions/table.ts'
import { trialOf } from '../questions/trial.ts'

export const examples = join(import.meta.dirname, '..', '..', 'examples')
const read = (path: string) => readFileSync(join(examples, path), 'utf8')
/** The files of the fleet, below `examples/fleet`. */
export const FILES = ['ice-01.xml', 'sky-01.xml', 'cas-01.xml']
const documents = FILES.map(path => ({ path, text: read(`fleet/${path}`) }))
const [first = '', second = ''] = documents.map(({ text }) => text)
const replies = read('hypervisors/ice-01.replies')
const guest = '<cpu match="exact"><model>Haswell</model></cpu>'
const data = { cpuid: [[0, 0, 1, 0x756e6547, 0x6c65746e, 0x49656e69]] }

const ERROR = "warning: host doesn't support requested feature: CPUID.07H:EBX.hle [bit 4]"

/** An input of every question, and where a command asks the same, its arguments. */
export const SAMPLES: Readonly<Record<QuestionName, readonly [input: object, command?: readonly string[]]>> =
  {
    decode: [{ text: first }],
    baseline: [
      { cpus: documents.map(({ text }) => text), explain: true },
      ['cpu-baseline', ...FILES, '--explain'],
    ],
    compare: [{ host: first, cpu: second }],
    update: [{ host: first, guest }],
    start: [{ host: first, guest, models: ['Haswell'] }],
    'update-live': [{ guest, enabled: data, disabled: {} }],
    expand: [{ cpu: guest }],
    migratable: [{ cpu: first }],
    encode: [{ cpu: guest }],
    convert: [
      { text: read('guests/web.xml'), format: 'kubevirt', qemu: '10.0' },
      ['convert', '../guests/web.xml', '--format', 'kubevirt', '--qemu', '10.0'],
    ],
    identical: [{ a: data, b: data }],
    validate: [{ cpu: guest }],
    capabilities: [
      { host: { cpu: first, pageSizes: [4], powerManagement: [], iommu: false, securityModels: [] } },
    ],
    domcapabilities: [{ replies }],
    'cpu-models': [{ arch: 'aarch64' }],
    name: [{ name: 'avx512_vnni' }],
    tree: [{ model: 'EPYC' }, ['tree', 'EPYC']],
    'hypervisor-cpu-models': [{ replies }],
    'hypervisor-cpu-compare': [{ replies, cpu: guest }],
    'hypervisor-cpu-baseline': [{ replies, model: 'Haswell' }],
    models: [{ hosts: [replies] }],
    'guest-check': [{ replies, domain: read('guests/web.xml') }],
    hosts: [{ documents }, ['hosts', ...FILES]],
    explain: [{ documents }, ['explain', ...FILES]],
    pools: [{ documents, k: 2, level: 'v3' }, ['pools', ...FILES, '--pools', '2', '--level', 'v3']],
    advise: [{ documents }, ['advise', ...FILES]],
    'what-if': [{ documents, apply: ['tsx-off'] }, ['what-if', ...FILES, '--apply', 'tsx-off']],
    migrate: [
      { documents, from: 'ice-01', to: 'sky-01' },
      ['migrate', ...FILES, '--from', 'ice-01', '--to', 'sky-01'],
    ],
    drain: [{ documents, apply: ['tsx-off'] }, ['drain', ...FILES, '--apply', 'tsx-off']],
    drift: [{ before: { documents }, after: { documents: documents.slice(1) } }],
    verify: [{ trials: [trialOf('Nehalem,+aes')] }],
    check: [{ documents, fleet: { requirements: [{ level: 'x86-64-v3' }] } }],
    audit: [{ documents, today: '2026-01-01' }, ['audit', ...FILES, '--today', '2026-01-01']],
    level: [{ documents }, ['level', ...FILES]],
    fits: [{ documents, os: ['rhel10'] }, ['fits', ...FILES, '--os', 'rhel10']],
    doctor: [{ documents: [...documents, { path: '<text>', text: ERROR }] }, ['doctor', ...FILES, ERROR]],
  }
