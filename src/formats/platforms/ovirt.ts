import { children, type Element, textOf } from '../../xml/element.ts'
import { parseXml } from '../../xml/reader.ts'
import type { Dialect, Found, FoundGuest, Statement } from '../found.ts'
import { at, isObject, type JsonObject, numberAt, objectsIn, parseDocuments, textAt } from '../json/json.ts'
import { beginsAsPlatformXml } from '../libvirt/document-reader.ts'
import { foundLinuxHost, vendorIdOf, vendorOf } from './linux-host.ts'
import { cpuOfClusterType } from './ovirt-types.ts'
import { parseCpuArgument } from './qemu-command.ts'

/** What oVirt's REST API says of hosts, clusters and VMs. */
export const ovirtApi: Dialect = {
  name: 'ovirt-api',
  title: 'oVirt’s REST API: hosts, clusters, vms (XML or JSON)',
  hostsBy: 'vdsm-client Host getCapabilities',
  sniff: text =>
    /^\s*[[{]/.test(text)
      ? /"href"\s*:\s*"\/ovirt-engine\/api\//.test(text)
      : beginsAsPlatformXml(text) && /\bhref=["'][^"']*\/ovirt-engine\/api\//.test(text),
  read(text, source) {
    if (beginsAsPlatformXml(text)) return foundInElement(parseXml(text, source))
    return parseDocuments(text, source).flatMap(({ value }) => foundIn(value))
  },
}

/** What vdsm says of its host. */
export const vdsm: Dialect = {
  name: 'vdsm',
  title: 'oVirt: vdsm-client Host getCapabilities',
  sniff: text => /^\s*[[{]/.test(text) && /"cpuFlags"\s*:/.test(text),
  read: (text, source) =>
    parseDocuments(text, source).flatMap(({ value }) =>
      [...objectsIn(value)].flatMap(({ object }) => foundByVdsm(object)),
    ),
}

/** The list of CPU types: each a guest, so that hosts can be asked which they can run. */
export const ovirtTypes: Dialect = {
  name: 'ovirt-types',
  title: 'oVirt: engine-config -g ServerCPUList, vdc_options',
  sniff: text => /\bServerCPUList\b/.test(text) && TYPE.test(text),
  read: text => guestsOfTypes(text),
}

/** `rank:name:flags:cpu:arch` */
const TYPE = /(?:^|[\s;|:])\d+:([^:;|\n]+):[^:;|\n]*:([^:;|\n]*):(x86_64|ppc64|s390x)\b/

const foundInElement = (element: Element): Found[] => {
  const { name } = element
  if (!name.endsWith('s')) return KINDS.get(name)?.(plain(element)) ?? []
  return children(element).flatMap(one => KINDS.get(one.name)?.(plain(one)) ?? [])
}

/** An element as the same answer in JSON has it. */
function plain(element: Element): JsonObject {
  const parts = children(element).map(part => {
    const isText = children(part).length === 0 && Object.keys(part.attributes).length === 0
    return [part.name, isText ? textOf(part).trim() : plain(part)] as const
  })
  return { ...element.attributes, ...Object.fromEntries(parts) }
}

const KINDS = new Map<string, (object: JsonObject) => Found[]>([
  ['host', statementOfHost],
  ['cluster', guestOfCluster],
  ['vm', guestOfVm],
])

/** A list by the name of what is in it, or one object, whose address says what it is. */
function foundIn(value: unknown): Found[] {
  if (Array.isArray(value)) return value.flatMap(foundIn)
  if (!isObject(value)) return []
  for (const [kind, read] of KINDS) {
    const list = value[kind] ?? value[`${kind}s`]
    if (Array.isArray(list)) return list.filter(isObject).flatMap(read)
  }
  const kind = /\/api\/(host|cluster|vm)s\/[^/]+$/.exec(textAt(value, 'href') ?? '')?.[1]
  return KINDS.get(kind ?? '')?.(value) ?? []
}

/** A host has no flags here: the type that it reached says what it can run. */
function statementOfHost(host: JsonObject): Statement[] {
  const type = textAt(host, 'cpu', 'type')
  const cpu = type === undefined ? undefined : cpuOfClusterType(type)
  const { model, features = [] } = cpu === undefined ? {} : parseCpuArgument(cpu)
  const counts = ['cores', 'sockets', 'threads'].map(name => numberAt(host, 'cpu', 'topology', name))
  return [
    {
      kind: 'statement',
      layer: 'offered',
      arch: textAt(host, 'cpu', 'architecture') ?? 'x86_64',
      vocabulary: 'libvirt',
      present: features.filter(({ policy }) => policy === 'require').map(({ name }) => name),
      complete: false,
      name: textAt(host, 'name') ?? textAt(host, 'address'),
      uuid: textAt(host, 'hardware_information', 'uuid'),
      pool: textAt(host, 'cluster', 'name'),
      vendor: vendorOf(vendorIdOf(textAt(host, 'cpu', 'name') ?? '', [])),
      brand: textAt(host, 'cpu', 'name'),
      cpus: counts.includes(undefined) ? undefined : counts.reduce<number>((all, n) => all * (n ?? 1), 1),
      models: model === undefined ? undefined : new Map([[model, undefined]]),
      notes:
        type === undefined
          ? []
          : [`its CPU reaches the cluster type ${type}; what it has beyond is not told`],
    },
  ]
}

function guestOfCluster(cluster: JsonObject): FoundGuest[] {
  const type = textAt(cluster, 'cpu', 'type')
  const [major, minor] = [numberAt(cluster, 'version', 'major'), numberAt(cluster, 'version', 'minor')]
  const level = major === undefined || minor === undefined ? undefined : Number(`${major}.${minor}`)
  const cpu =
    textAt(cluster, 'custom_cpu_model') ?? (type === undefined ? undefined : cpuOfClusterType(type, level))
  if (cpu === undefined) return []
  return [
    {
      kind: 'guest',
      layer: 'defined',
      cpu: { ...parseCpuArgument(cpu), arch: textAt(cluster, 'cpu', 'architecture') ?? 'x86_64' },
      name: textAt(cluster, 'name'),
      notes: [`the CPU of every VM of the cluster, whose type is ${type ?? cpu}, unless the VM has its own`],
    },
  ]
}

/** A VM that has a CPU of its own; without one it has its cluster's. */
function guestOfVm(vm: JsonObject): FoundGuest[] {
  const passed = /^host_passthrough$/i.test(textAt(vm, 'cpu', 'mode') ?? '')
  const cpu = passed ? 'host' : textAt(vm, 'custom_cpu_model')
  if (cpu === undefined) return []
  const topology = ['cores', 'sockets', 'threads'].map(name => numberAt(vm, 'cpu', 'topology', name) ?? 1)
  return [
    {
      kind: 'guest',
      layer: 'defined',
      cpu: { ...parseCpuArgument(cpu), arch: textAt(vm, 'cpu', 'architecture') ?? 'x86_64' },
      name: textAt(vm, 'name'),
      uuid: textAt(vm, 'id'),
      vcpus: topology.reduce((all, n) => all * n, 1),
    },
  ]
}

/**
 * cpuFlags mixes what /proc/cpuinfo shows with libvirt's names of what the host-model has, and usable models as
 * `model_NAME`.
 */
function foundByVdsm(value: unknown): Found[] {
  const words = (textAt(value, 'cpuFlags') ?? '').split(',').filter(Boolean)
  if (words.length === 0) return []
  const models = words.flatMap(word => /^model_(.+)$/.exec(word)?.[1] ?? [])
  const flags = words.filter(word => !word.startsWith('model_'))
  const vendor = vendorIdOf(textAt(value, 'cpuModel') ?? '', flags)
  const kernel = at(value, 'packages2', 'kernel')
  const name = textAt(value, 'hostname')
  const told = flags.join(' ')
  const statement: Statement = {
    kind: 'statement',
    layer: 'offered',
    arch: 'x86_64',
    vocabulary: 'libvirt',
    // vdsm says spec_ctrl of usable models, and names with a dash are libvirt's alone. The others may be Linux's.
    present: flags.flatMap(flag => (flag === 'spec_ctrl' ? 'spec-ctrl' : flag.includes('-') ? flag : [])),
    absent: /Intel/.test(vendor)
      ? MITIGATIONS.flatMap(([name, words]) => (words.test(told) ? [] : name))
      : [],
    complete: false,
    name,
    uuid: textAt(value, 'uuid'),
    vendor: vendorOf(vendor),
    brand: textAt(value, 'cpuModel'),
    cpus: numberAt(value, 'cpuThreads') ?? numberAt(value, 'cpuCores'),
    kernel: [textAt(kernel, 'version'), textAt(kernel, 'release')].filter(Boolean).join('-') || undefined,
    models: new Map(models.map(model => [model, undefined])),
  }
  const { uuid, cpus, kernel: release } = statement
  const facts = { uuid, cpus, kernel: release }
  // The host-model has `hypervisor`, whether the host is a virtual machine or not; without its names with dashes it is Linux's.
  const shown = flags.filter(flag => flag !== 'spec_ctrl' && (flag !== 'hypervisor' || !told.includes('-')))
  const cpu = { vendor, family: 0, model: 0, stepping: 0, flags: shown, brand: statement.brand }
  return [foundLinuxHost(cpu, name, facts), statement]
}

/** What the secure cluster types of Intel's ask for: the kernel, or vdsm itself, has a word for each where it is there. */
const MITIGATIONS: readonly (readonly [name: string, words: RegExp])[] = [
  ['spec-ctrl', /\b(?:spec_ctrl|spec-ctrl|ibrs|ibpb)\b/],
  ['ssbd', /\bssbd\b/],
  ['md-clear', /\bmd[_-]clear\b/],
]

function guestsOfTypes(text: string): FoundGuest[] {
  // engine-config prints every level, ascending: a type of a newer level replaces that of an older one.
  const guests = new Map<string, FoundGuest>()
  // A value is one line, however a terminal folded it.
  const whole = /^ServerCPUList:/m.test(text) ? text.trimEnd().replace(/\r?\n(?!ServerCPUList:)/g, '') : text
  for (const [, name = '', cpu = '', arch = ''] of whole.matchAll(new RegExp(TYPE, 'g'))) {
    const type = name.trim()
    guests.set(type, {
      kind: 'guest',
      layer: 'defined',
      cpu: { ...parseCpuArgument(cpu.trim()), arch },
      name: type,
    })
  }
  return [...guests.values()]
}
