/** virt-cpu on Node: files, directories, standard input, installed cpu_map directories, and this machine. */

export type {
  HostFacts,
  HostWarning,
  ProbedCpu,
  ProbeWarning,
  Route,
  VfioCondition,
  VfioFacts,
} from './formats/host/host-facts.ts'
export { type ProbeCpuOptions, probeCpu } from './host/cpu/probe-cpu.ts'
export { openCpuMap } from './host/files/cpu-map.ts'
export { FileError, ProbeError } from './host/files/file-error.ts'
export { type NamedHost, type ReadHostsOptions, readHosts } from './host/files/read-hosts.ts'
export { type HostAround, readHost } from './host/machine/read-host.ts'
export type { NodeInfo } from './host/machine/topology.ts'
export { HostTree } from './host/machine/tree.ts'
export { readVfio } from './host/machine/vfio.ts'
