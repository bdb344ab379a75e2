/** virt-cpu on Node: files, directories, standard input and installed cpu_map directories. */
export { openCpuMap } from './node/cpu-map.ts'
export { FileError } from './node/file-error.ts'
export { type NamedHost, readHosts } from './node/read-hosts.ts'
