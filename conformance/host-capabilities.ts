import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { HostFacts, HostNumaCell, Migration } from '../src/formats/host/host-facts.ts'
import { addControls, readBandwidth, readCaches } from '../src/host/machine/resctrl.ts'
import { readTopology } from '../src/host/machine/topology.ts'
import { HostTree } from '../src/host/machine/tree.ts'
import { printCapabilities } from '../src/qemu/print-capabilities.ts'
import type { DataFolder } from './data.ts'
import { outcome } from './outcome.ts'
import { Family } from './report.ts'
import { withTree } from './unpacked.ts'

/** Capabilities of recorded hosts: `vircaps-ARCH-NAME.xml` belongs to the tree `linux-NAME`. */
export function hostCapabilities(tests: DataFolder): Family[] {
  const data = tests.folder('vircaps2xmldata')
  const family = new Family('vircaps2xml')
  for (const file of data.names()) {
    const [, arch, name] = /^vircaps-([^-]+)-(.+)\.xml$/.exec(file) ?? []
    if (arch === undefined || name === undefined) continue
    const expected = data.text(file)
    const folder = data.folder(`linux-${name}`).path
    const links = { 'sys/devices/system': join(folder, 'system'), 'sys/fs/resctrl': join(folder, 'resctrl') }
    const there = Object.fromEntries(Object.entries(links).filter(([, target]) => existsSync(target)))
    const actual = outcome(() =>
      withTree(there, root =>
        printCapabilities(recordedHost(new HostTree(root), arch, migrationOf(expected)), []),
      ),
    )
    family.check(file, actual, expected)
  }
  return [family]
}

function recordedHost(tree: HostTree, arch: string, migration: Migration | undefined): HostFacts {
  const banks = readCaches(tree)
  const topology = readTopology(tree, 4, undefined)
  return {
    cpu: { type: 'host', arch, features: [] },
    pageSizes: [],
    powerManagement: [],
    iommu: false,
    migration,
    topology: topology && { ...topology, cells: topology.cells.map(withInventedMemory) },
    cache: addControls(tree, banks),
    memoryBandwidth: readBandwidth(tree, banks),
    securityModels: [],
  }
}

/** The documents were made with memory that is in no tree, and without distances. */
const withInventedMemory = (cell: HostNumaCell): HostNumaCell => ({
  ...cell,
  memory: (cell.id + 1) * 2 ** 20,
  pages: [4, 2 ** 11, 2 ** 20].map((size, i) => ({ size, count: (cell.id + i + 1) * 2 ** 11 })),
  distances: [],
})

/** Given to libvirt's test from outside, as it is to ours: no tree tells it. */
function migrationOf(expected: string): Migration | undefined {
  const [, children] = /<migration_features>([\s\S]*)<\/migration_features>/.exec(expected) ?? []
  return children === undefined ? undefined : { live: children.includes('<live/>'), transports: [] }
}
