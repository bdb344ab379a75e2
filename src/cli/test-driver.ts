import type { NumaCell } from '../formats/host-facts.ts'
import type { GuestFacts } from '../policy/guests.ts'
import type { DescribedHost } from './describe-host.ts'

const FEATURES = ['pae', 'nonpae']

/** A node of eight cores; ordinary pages of the second are larger. */
const cell = (id: number, page: number): NumaCell => ({
  id,
  memory: (id + 1) * 2 ** 21,
  pages: [
    { size: page, count: ((id + 1) * 2 ** 21) / page },
    { size: 2 ** 11, count: 0 },
    { size: 2 ** 20, count: 0 },
  ],
  distances: [],
  caches: [],
  cpus: Array.from({ length: 8 }, (_, core) => {
    const cpu = 8 * id + core
    return { id: cpu, socket: id, die: 0, cluster: 0, core, siblings: [cpu] }
  }),
})

const guest = (osType: string): GuestFacts => ({
  osType,
  arch: 'i686',
  wordSize: 32,
  emulator: '/usr/bin/test-hv',
  machines: [],
  domains: ['test'],
  features: FEATURES.map(name => ({ name })),
})

/** The host that libvirt's test driver makes up, `test:///default`. */
export const TEST_HOST: DescribedHost = {
  host: {
    cpu: { type: 'host', arch: 'i686', features: [] },
    oldFeatures: FEATURES,
    pageSizes: [4, 8, 2 ** 11, 2 ** 20],
    powerManagement: [],
    iommu: false,
    topology: { cells: [cell(0, 4), cell(1, 8)], interconnects: [] },
    cache: { banks: [] },
    memoryBandwidth: { nodes: [] },
    securityModels: [{ model: 'testSecurity', doi: '', baselabels: [] }],
  },
  guests: [guest('hvm'), guest('xen')],
  node: undefined,
  vfio: { isSupported: false, hasIommufd: false, groups: [], conditions: [] },
  notes: [],
}
