/**
 * virt-cpu: what CPUs hosts have, and what CPU their guests may be given. Pure: runs in Node and in browsers.
 * Files, standard input and installed maps are in `virt-cpu/node`.
 */
export type {
  Check,
  Cpu,
  CpuFeature,
  Fallback,
  GuestCpu,
  HostCpu,
  Match,
  Mode,
  Policy,
  Topology,
} from './core/cpu.ts'
export { Cpuid, type CpuidRegisters, type CpuidRow, type MsrRow } from './core/cpuid.ts'
export type { Feature, FeatureClass, Order } from './core/feature.ts'
export { FeatureSet } from './core/feature-set.ts'
export { FeatureTable, type SafeMeet, safeLeq, safeMeet } from './core/feature-table.ts'
export { LibvirtError, type LibvirtErrorKind } from './core/libvirt-error.ts'
export type { Model, Signature, Vendor } from './core/model.ts'
export { ParseError } from './core/parse-error.ts'
export { parseCpu } from './formats/libvirt/parse-cpu.ts'
export { printCpu } from './formats/libvirt/print-cpu.ts'
export { CpuMap } from './map/cpu-map.ts'
export { Database, loadDatabase } from './map/database.ts'
export { installedMap } from './map/libvirt/cpu-map.ts'
export type { LostFeature, Reason } from './questions/answer-parts.ts'
export { Pool } from './questions/baseline/pool.ts'
export type { FoundHost } from './questions/input/read.ts'
export { type Chunks, type StreamOptions, streamCpus } from './questions/input/read.ts'
export {
  type Ask,
  advise,
  ask,
  audit,
  baseline,
  capabilities,
  check,
  compare,
  convert,
  cpuModels,
  decode,
  doctor,
  domcapabilities,
  drain,
  drift,
  encode,
  expand,
  explain,
  fits,
  guestCheck,
  hosts,
  hypervisorCpuBaseline,
  hypervisorCpuCompare,
  hypervisorCpuModels,
  identical,
  level,
  migratable,
  migrate,
  models,
  name,
  type Options,
  type ParseOptions,
  parseCpus,
  pools,
  start,
  tree,
  update,
  updateLive,
  validate,
  verify,
  whatIf,
} from './questions/library.ts'
export type { AnswerDocument, QuestionInput } from './questions/table.ts'
export type { Note } from './questions/words/note.ts'
