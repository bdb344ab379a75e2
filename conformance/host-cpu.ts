import { ARCH_NAMES } from '../src/core/cpu.ts'
import { readNodeInfo } from '../src/host/machine/topology.ts'
import { HostTree } from '../src/host/machine/tree.ts'
import { cpuMhz, cpuSignature } from './cpu-signature.ts'
import type { DataFolder } from './data.ts'
import { outcome } from './outcome.ts'
import { Family } from './report.ts'
import { withTree } from './unpacked.ts'

/** What the recorded POWER8 hosts' KVM said; no file of the trees has it. */
const THREADS_PER_SUBCORE = 8

/** Processors counted in recorded trees: `linux-ARCH-NAME.expected` belongs to `linux-NAME`. */
export function hostCpu(tests: DataFolder): Family[] {
  const data = tests.folder('virhostcpudata')
  const [counts, signatures] = [new Family('virhostcpu, node info'), new Family('virhostcpu, signature')]
  for (const file of data.names()) {
    const [, label = '', kind] = /^linux-(.+)\.(expected|signature)$/.exec(file) ?? []
    const arch = [...ARCH_NAMES].find(name => label.startsWith(`${name}-`))
    if (kind === undefined || arch === undefined) continue
    const cpuinfo = data.text(`linux-${label}.cpuinfo`)
    if (kind === 'signature')
      signatures.check(file, cpuSignature(cpuinfo, arch) ?? '', data.text(file).trimEnd())
    else {
      const tree = data.folder(`linux-${label.slice(arch.length + 1)}`).path
      counts.check(
        file,
        outcome(() => printNodeInfo(tree, arch, cpuinfo)),
        data.text(file).trimEnd(),
      )
    }
  }
  return [counts, signatures]
}

function printNodeInfo(system: string, arch: string, cpuinfo: string): string {
  const threadsPerSubcore = arch.startsWith('ppc64') ? THREADS_PER_SUBCORE : 0
  const info = withTree({ 'sys/devices/system': system }, root =>
    readNodeInfo(new HostTree(root), { arch, threadsPerSubcore }),
  )
  return (
    `CPUs: ${info.online}/${info.total}, MHz: ${cpuMhz(cpuinfo, arch)}, Nodes: ${info.nodes}, ` +
    `Sockets: ${info.sockets}, Cores: ${info.cores}, Threads: ${info.threads}`
  )
}
