import * as v from 'valibot'
import { printCapabilities } from '../../qemu/print-capabilities.ts'
import { readReportedCpu } from '../input/read.ts'
import { question } from '../question.ts'
import { described, XmlAnswer } from '../schema.ts'

const text = v.string('must be text')
const texts = v.array(text, 'must be a list of texts')
const flag = v.boolean('must be true or false')
const count = v.pipe(v.number('must be a number'), v.integer('must be a whole number'), v.minValue(0))
const counts = v.array(count, 'must be a list of numbers')
const list = <S extends v.GenericSchema>(item: S) => v.array(item, 'must be a list')

const logicalCpu = v.strictObject({
  id: count,
  socket: count,
  die: count,
  cluster: count,
  core: count,
  siblings: counts,
})

const cell = v.strictObject({
  id: count,
  memory: v.optional(count),
  pages: list(v.strictObject({ size: count, count })),
  distances: list(v.strictObject({ cell: count, value: count })),
  caches: list(
    v.strictObject({
      level: count,
      associativity: v.picklist(['none', 'direct', 'full']),
      policy: v.picklist(['none', 'writeback', 'writethrough']),
      size: count,
      line: count,
    }),
  ),
  cpus: list(logicalCpu),
})

const interconnect = v.strictObject({
  kind: v.picklist(['latency', 'bandwidth']),
  initiator: count,
  target: count,
  access: v.picklist(['read', 'write']),
  value: count,
})

const monitor = { maxMonitors: count, features: texts }
const cacheType = v.picklist(['both', 'code', 'data'])

const bank = v.strictObject({
  id: count,
  level: count,
  type: cacheType,
  size: count,
  cpus: counts,
  controls: list(v.strictObject({ type: cacheType, granularity: count, min: count, maxAllocs: count })),
})

const cache = v.strictObject({
  banks: list(bank),
  monitor: v.optional(v.strictObject({ ...monitor, level: count, reuseThreshold: count })),
})

const bandwidthNode = v.strictObject({
  id: count,
  cpus: counts,
  granularity: count,
  min: count,
  maxAllocs: count,
})

const securityModel = v.strictObject({
  model: text,
  doi: text,
  baselabels: list(v.strictObject({ type: text, label: text })),
})

/** A host as `HostFacts` has it, its CPU as a definition. */
const host = v.strictObject({
  uuid: v.optional(text),
  cpu: text,
  oldFeatures: v.optional(texts),
  pageSizes: v.optional(counts, []),
  powerManagement: v.optional(list(v.picklist(['suspend_mem', 'suspend_disk', 'suspend_hybrid']))),
  iommu: v.optional(flag, false),
  migration: v.optional(v.strictObject({ live: flag, transports: texts })),
  topology: v.optional(v.strictObject({ cells: list(cell), interconnects: list(interconnect) })),
  cache: v.optional(cache, { banks: [] }),
  memoryBandwidth: v.optional(
    v.strictObject({ nodes: list(bandwidthNode), monitor: v.optional(v.strictObject(monitor)) }),
    { nodes: [] },
  ),
  energy: v.optional(v.strictObject(monitor)),
  securityModels: v.optional(list(securityModel), []),
  /** What `capabilities --json` tells besides; libvirt's document has it in another form. */
  node: v.optional(v.nullable(v.looseObject({}))),
})

const guest = v.strictObject({
  osType: v.optional(text),
  arch: text,
  wordSize: count,
  emulator: text,
  machines: list(
    v.strictObject({ name: text, canonical: v.optional(text), maxCpus: count, deprecated: flag }),
  ),
  domains: texts,
  features: list(v.strictObject({ name: text, isOn: v.optional(flag), isToggle: v.optional(flag) })),
})

const capabilitiesInput = v.strictObject({
  host: described(host, 'The host: its CPU as a definition, and what else `capabilities --json` says of it.'),
  guests: v.optional(
    described(list(guest), 'The guests that it can run, as `capabilities --json` lists them.'),
  ),
})

export const capabilitiesQuestion = question({
  name: 'capabilities',
  summary:
    "Print a host and the guests it can run as libvirt's document, from the facts of `capabilities --json`",
  input: capabilitiesInput,
  answer: XmlAnswer,
  run(_context, { host: { cpu, node: _node, ...around }, guests = [] }) {
    const facts = { ...around, cpu: readReportedCpu(cpu, 'host.cpu') }
    return { answer: { xml: printCapabilities(facts, guests) } }
  },
})
