import { hasBehaviour, type LibvirtVersion } from '../../src/core/libvirt-version.ts'
import { contextOf } from '../../src/questions/context.ts'
import type { Draw } from '../random.ts'
import { makeDomain } from './domains.ts'

/** A command line, without `virsh -c URI`; a document that it names stands in `files`. */
export interface DifferentialQuestion {
  readonly args: readonly string[]
  /** By name; arguments that are names of files are completed to paths. */
  readonly files: Readonly<Record<string, string>>
}

/** What questions are made of. */
interface Words {
  readonly libvirt: LibvirtVersion
  readonly models: readonly string[]
  readonly features: readonly string[]
  readonly vendors: readonly string[]
}

/** Random questions of every kind that virsh and virt-cpu both answer. */
export function makeQuestions(
  count: number,
  libvirt: LibvirtVersion,
  draw: Draw,
  kinds: 'all' | 'guests' | 'no-guests' = 'all',
): DifferentialQuestion[] {
  const { db } = contextOf(undefined, libvirt)
  const words: Words = {
    libvirt,
    models: db.models.map(({ name }) => name),
    features: db.features.list.map(({ name }) => name),
    vendors: db.vendors.map(({ name }) => name),
  }
  const of = { all: KINDS, guests: [start], 'no-guests': KINDS.filter(kind => kind !== start) }
  return Array.from({ length: count }, (_, i) => draw.pick(of[kinds])(words, draw, `q${i}.xml`))
}

type Kind = (words: Words, draw: Draw, file: string) => DifferentialQuestion

const flags = (draw: Draw, ...names: readonly string[]): string[] => names.filter(() => draw.chance(0.3))

const baseline: Kind = (words, draw, file) => ({
  args: ['cpu-baseline', file, ...flags(draw, '--features', '--migratable')],
  files: { [file]: pool(words, draw) },
})

const compare: Kind = (words, draw, file) => ({
  args: ['cpu-compare', file, ...flags(draw, '--error', '--validate')],
  files: { [file]: draw.chance(0.5) ? host(words, draw) : guest(words, draw) },
})

const hypervisorBaseline: Kind = (words, draw, file) => {
  const ignore = hasBehaviour(words.libvirt, 'ignore-host') ? ['--ignore-host'] : []
  const options = [...target(draw), ...flags(draw, '--features', '--migratable', ...ignore)]
  if (draw.chance(0.3)) {
    return { args: ['hypervisor-cpu-baseline', '--model', draw.pick(words.models), ...options], files: {} }
  }
  return { args: ['hypervisor-cpu-baseline', file, ...options], files: { [file]: pool(words, draw) } }
}

const hypervisorCompare: Kind = (words, draw, file) => ({
  args: ['hypervisor-cpu-compare', file, ...target(draw), ...flags(draw, '--error', '--validate')],
  files: { [file]: draw.chance(0.3) ? host(words, draw) : guest(words, draw) },
})

const hypervisorModels: Kind = (_, draw) => ({
  args: [
    'hypervisor-cpu-models',
    ...(draw.chance(0.5) ? ['--arch', draw.pick(ARCHES)] : target(draw)),
    ...flags(draw, '--all'),
  ],
  files: {},
})

const models: Kind = (_, draw) => ({
  args: ['cpu-models', draw.pick([...ARCHES, 'i686', 'bogus'])],
  files: {},
})

const domcapabilities: Kind = ({ libvirt }, draw) => {
  const since = (['expand-cpu-features', 'supported-cpu-features'] as const).filter(name =>
    hasBehaviour(libvirt, name),
  )
  const arch = draw.pick(['x86_64', 'x86_64', ...ARCHES])
  const machines = MACHINES[arch] ?? []
  return {
    args: [
      'domcapabilities',
      ...(draw.chance(0.8) ? ['--virttype', draw.pick(['qemu', 'qemu', 'qemu', 'kvm', 'xen', 'bogus'])] : []),
      ...['--arch', arch],
      ...(draw.chance(0.5) ? ['--machine', draw.pick([...machines, 'none', 'bogus'])] : []),
      ...flags(draw, '--disable-deprecated-features', ...since.map(name => `--${name}`)),
      ...(draw.chance(0.2) ? ['--xpath', draw.pick(XPATHS)] : []),
    ],
    files: {},
  }
}

/** A guest that is started, paused, and looked at; virsh's own commands do that. */
const start: Kind = (words, draw, file) => {
  const mode = draw.pick(['custom', 'custom', 'custom', 'host-model', 'maximum', 'host-passthrough'])
  const cpu = guest(words, draw, mode)
  return { args: ['guest', 'check', file], files: { [file]: makeDomain(cpu, draw, !cpu.endsWith('/>\n')) } }
}

/** Baselines and comparisons are the cheapest, and the answers of most variety. */
const KINDS: readonly Kind[] = [
  ...Array.from({ length: 8 }, () => [baseline, hypervisorBaseline, hypervisorCompare]).flat(),
  ...Array.from({ length: 4 }, () => compare),
  ...Array.from({ length: 3 }, () => domcapabilities),
  hypervisorModels,
  models,
  start,
]

const ARCHES = ['x86_64', 'aarch64', 'ppc64', 'riscv64', 's390x', 'loongarch64']

const MACHINES: Readonly<Record<string, readonly string[]>> = {
  x86_64: ['pc', 'q35', 'microvm', 'isapc'],
  aarch64: ['virt', 'raspi3b'],
  s390x: ['s390-ccw-virtio'],
  ppc64: ['pseries', 'powernv'],
  riscv64: ['virt', 'spike'],
  loongarch64: ['virt'],
}

const XPATHS = ['//cpu/mode/@supported', 'count(//mode)', "//cpu/mode[@name='host-model']/feature/@name"]

/** Which hypervisor is asked: mostly the one that every machine has. */
const target = (draw: Draw): string[] => [
  ...(draw.chance(0.9) ? ['--virttype', 'qemu'] : []),
  ...(draw.chance(0.2) ? ['--machine', draw.pick(['pc', 'q35', 'bogus'])] : []),
]

const pool = (words: Words, draw: Draw): string =>
  Array.from({ length: 1 + draw.number(4) }, () => host(words, draw)).join('')

function host(words: Words, draw: Draw): string {
  const features = draw.some(words.features, 30).map(name => `<feature name='${name}'/>`)
  const vendor = draw.chance(0.5) ? `<vendor>${draw.pick(words.vendors)}</vendor>` : ''
  return `<cpu><arch>x86_64</arch><model>${modelOf(words, draw)}</model>${vendor}${features.join('')}</cpu>\n`
}

function guest(words: Words, draw: Draw, mode = 'custom'): string {
  const policies = ['require', 'require', 'disable', 'optional', 'force', 'forbid']
  const features = draw
    .some(words.features, 6)
    .map(name => `<feature policy='${draw.pick(policies)}' name='${name}'/>`)
  if (mode !== 'custom') return `<cpu mode='${mode}'>${features.join('')}</cpu>\n`
  const match = draw.pick(['exact', 'exact', 'minimum', 'strict'])
  const fallback = draw.chance(0.4) ? " fallback='forbid'" : ''
  const vendor = draw.chance(0.3) ? `<vendor>${draw.pick(words.vendors)}</vendor>` : ''
  const check = draw.chance(0.5) ? ` check='${draw.pick(['none', 'partial', 'full'])}'` : ''
  return `<cpu mode='custom' match='${match}'${check}><model${fallback}>${modelOf(words, draw)}</model>${vendor}${features.join('')}</cpu>\n`
}

const modelOf = ({ models: names }: Words, draw: Draw): string =>
  draw.chance(0.01) ? 'NoSuchModel' : draw.pick(names)
