/** virt-cpu on Node: files, directories, standard input, installed cpu_map directories, and this machine. */

export type { ProbeDoubt, ProbedCpu, Route } from './formats/probed.ts'
export { openCpuMap } from './node/cpu-map.ts'
export { FileError } from './node/file-error.ts'
export { type NamedHost, readHosts } from './node/read-hosts.ts'
export { type ProbeOptions, probeCpu } from './probe/cpu/probe-cpu.ts'
export { ProbeError } from './probe/probe-error.ts'
