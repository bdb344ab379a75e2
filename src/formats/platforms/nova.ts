import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import type { Dialect, Found, Statement } from '../found.ts'
import {
  at,
  isObject,
  type JsonObject,
  listAt,
  numberAt,
  parseDocuments,
  textAt,
  textsAt,
} from '../json/json.ts'
import { libvirtNames } from './linux-host.ts'

/** What OpenStack says of hypervisors, their traits, and flavors. */
export const nova: Dialect = {
  name: 'nova',
  title:
    'OpenStack: openstack hypervisor show -f json, /os-hypervisors/detail, cpu_info, traits, flavor show -f json',
  sniff: text =>
    /^\s*[[{]/.test(text)
      ? /"(?:cpu_info(?!"\s*:\s*\{[^}]*"features_)|hypervisor_hostname)"\s*:|HW_CPU_X86_|"hw:(?:cpu|maxphysaddr)_/.test(
          text,
        ) || isCpuInfo(text)
      : isTable(text),
  read(text, source) {
    if (TRAIT_TABLE.test(text)) return statementOfTraits(text.match(TRAITS) ?? [])
    if (isTable(text)) return foundIn(objectOfTable(text), source)
    return parseDocuments(text, source).flatMap(({ value }) => foundIn(value, source))
  },
}

/** What a client prints without `-f json`, or names alone. */
const isTable = (text: string): boolean =>
  /^\s*(?:[+|]|(?:COMPUTE|CUSTOM|HW|MISC|OWNER|STORAGE)_)/.test(text) &&
  (TRAIT_TABLE.test(text) || /^\|\s*cpu_info\s*\|\s*\{/m.test(text))

const TRAIT_TABLE = /(?:^|[\s|])HW_CPU_X86_\w/

/** The rows of a table with a field and its value; what did not fit into a line goes on in the next, whose field is empty. */
function objectOfTable(text: string): JsonObject {
  const fields = new Map<string, string>()
  let field = ''
  for (const [, name = '', value = ''] of text.matchAll(/^\|([^|]*)\|(.*)\|[ \t]*\r?$/gm)) {
    field = name.trim() || field
    fields.set(field, (fields.get(field) ?? '') + value.trim())
  }
  return Object.fromEntries(fields)
}

const TRAITS = /\bHW_CPU_X86_\w+/g

const isCpuInfo = (text: string): boolean =>
  /"features"\s*:\s*\[\s*"/.test(text) && /"arch"\s*:/.test(text) && /"topology"\s*:/.test(text)

/** @throws ParseError for hypervisors without `cpu_info` */
function foundIn(value: unknown, source: string): Found[] {
  if (Array.isArray(value)) {
    const traits = value.flatMap(one => textAt(one, 'name') ?? (typeof one === 'string' ? one : []))
    if (traits.some(name => /^HW_/.test(name))) return statementOfTraits(traits)
    return foundInList(value, source)
  }
  if (!isObject(value)) return []
  const traits = textsAt(value, 'traits')
  if (traits.length > 0) return statementOfTraits(traits)
  for (const list of ['hypervisors', 'hosts', 'flavors'])
    if (Array.isArray(value[list])) return foundIn(value[list], source)
  for (const one of ['hypervisor', 'host', 'flavor'])
    if (isObject(value[one])) return foundIn(value[one], source)
  if (isObject(at(value, 'properties') ?? at(value, 'extra_specs'))) return guestOfFlavor(value)
  if (Array.isArray(value.features)) return statementOfHypervisor({}, value)
  if (value.hypervisor_hostname === undefined && value.cpu_info === undefined) return []
  const info = cpuInfoOf(value.cpu_info, source)
  if (info !== undefined) return statementOfHypervisor(value, info)
  throw new ParseError(`hypervisor ${textAt(value, 'hypervisor_hostname') ?? ''}: ${NO_INFO}`, source)
}

const NO_INFO = 'no cpu_info; ask with --os-compute-api-version 2.87 or older, while nova-compute runs there'

/** Bare metal has no `cpu_info`, and a hypervisor that is down may have none: beside others they are left out. */
function foundInList(list: readonly unknown[], source: string): Found[] {
  const isBare = (one: unknown) =>
    isObject(one) && one.hypervisor_hostname !== undefined && cpuInfoOf(one.cpu_info, source) === undefined
  const bare = list.filter(isBare)
  const others = list.filter(one => !isBare(one))
  const [first, ...more] = (others.length > 0 ? others : list).flatMap(one => foundIn(one, source))
  if (first?.kind !== 'statement' || bare.length === 0) return first ? [first, ...more] : []
  const names = bare.flatMap(one => textAt(one, 'hypervisor_hostname') ?? [])
  const note = `${names.join(', ')}: ${NO_INFO}; left out, as bare metal is`
  return [{ ...first, notes: [...(first.notes ?? []), note] }, ...more]
}

/** An object, or a text that holds one. */
function cpuInfoOf(given: unknown, source: string): JsonObject | undefined {
  if (isObject(given)) return given
  if (typeof given !== 'string' || given.trim() === '') return undefined
  const value = parseDocuments(given, source)[0]?.value
  return isObject(value) ? value : undefined
}

/**
 * What `virsh capabilities` says of the physical CPU, expanded; much of it is never given to guests. What libvirt's maps
 * have had for long, and the list has not, is missing.
 */
function statementOfHypervisor(hypervisor: JsonObject, info: JsonObject): Statement[] {
  const arch = textAt(info, 'arch') ?? 'x86_64'
  const present = listAt(info, 'features').flatMap(feature =>
    typeof feature === 'string' ? feature : (textAt(feature, 'name') ?? []),
  )
  const named = new Set(present)
  const topology = ['cells', 'sockets', 'cores', 'threads'].map(name => numberAt(info, 'topology', name) ?? 1)
  const version = numberAt(hypervisor, 'hypervisor_version')
  return [
    {
      kind: 'statement',
      layer: 'hardware',
      arch,
      vocabulary: 'libvirt',
      present,
      // A list without what every CPU has is of what the model does not have.
      absent: arch === 'x86_64' && named.has('fpu') ? longKnown().filter(name => !named.has(name)) : [],
      complete: false,
      name: textAt(hypervisor, 'hypervisor_hostname'),
      vendor: textAt(info, 'vendor'),
      model: textAt(info, 'model'),
      cpus: isObject(at(info, 'topology')) ? topology.reduce((product, n) => product * n, 1) : undefined,
      physBits: numberAt(info, 'maxphysaddr', 'bits'),
      hypervisor: version === undefined ? undefined : `QEMU ${versionText(version)}`,
    },
  ]
}

/** 4002000 is 4.2.0. */
const versionText = (version: number): string =>
  [Math.floor(version / 1e6), Math.floor(version / 1e3) % 1e3, version % 1e3].join('.')

/** Models that every libvirt since 2018 knows: what they have, it tells of hosts. */
const OLD_MODELS = ['Skylake-Server-IBRS', 'EPYC-IBPB', 'Opteron_G5']

function longKnown(): string[] {
  const db = CpuMap.builtIn().of('x86')
  const sets = OLD_MODELS.flatMap(name => db.model(name)?.features ?? [])
  const features = db.features.in(sets.reduce((all, set) => all.join(set)))
  return features.map(({ name }) => name).filter(name => !name.startsWith('vmx-'))
}

/** What nova-compute reports to placement, and what an operator adds; a trait that is not there says nothing. */
function statementOfTraits(traits: readonly string[]): Statement[] {
  const prefix = 'HW_CPU_X86_'
  const present = traits.flatMap(trait => (trait.startsWith(prefix) ? trait.slice(prefix.length) : []))
  if (present.length === 0) return []
  return [
    {
      kind: 'statement',
      layer: 'offered',
      arch: 'x86_64',
      vocabulary: 'openstack',
      present: [...new Set(present)],
      complete: false,
    },
  ]
}

/** A flavor chooses hosts by traits; what CPU its instances get stands in nova.conf. */
function guestOfFlavor(flavor: JsonObject): Found[] {
  const specs = at(flavor, 'properties') ?? at(flavor, 'extra_specs')
  const traits = Object.entries(isObject(specs) ? specs : {}).flatMap(([key, value]) => {
    const [, trait] = /^trait\d*:HW_CPU_X86_(\w+)$/.exec(key) ?? []
    return trait === undefined
      ? []
      : [{ trait, policy: value === 'forbidden' ? ('forbid' as const) : ('require' as const) }]
  })
  const bits = numberAt(specs, 'hw:maxphysaddr_bits')
  if (traits.length === 0 && bits === undefined) return []
  return [
    {
      kind: 'guest',
      layer: 'defined',
      cpu: {
        type: 'guest',
        mode: 'host-model',
        arch: 'x86_64',
        features: traits.flatMap(({ trait, policy }) =>
          libvirtNames('openstack', [trait]).map(name => ({ name, policy })),
        ),
        maxphysaddr:
          bits === undefined
            ? undefined
            : {
                mode: textAt(specs, 'hw:maxphysaddr_mode') === 'passthrough' ? 'passthrough' : 'emulate',
                bits,
              },
      },
      name: textAt(flavor, 'name'),
      vcpus: numberAt(flavor, 'vcpus'),
      notes: ['its traits choose hosts; what CPU its instances get stands in nova.conf'],
    },
  ]
}
