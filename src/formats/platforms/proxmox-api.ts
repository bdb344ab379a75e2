import { ParseError } from '../../core/parse-error.ts'
import type { Dialect, Found, Statement } from '../found.ts'
import { at, isObject, type JsonObject, numberAt, parseDocuments, textAt, textsAt } from '../json/json.ts'
import { foundLinuxHost, vendorIdOf, vendorOf } from './linux-host.ts'
import { guestOfConfig } from './proxmox.ts'

/** What Proxmox's API says of nodes and VMs. */
export const proxmoxApi: Dialect = {
  name: 'proxmox-api',
  title: 'Proxmox VE’s API (pvesh get …/status, …/config, …/capabilities/qemu/cpu-flags)',
  hostsBy: 'pvesh get /nodes/NODE/status --output-format json',
  withoutLibvirt: true,
  sniff: text =>
    /^\s*(?:\{\s*"data"\s*:\s*)?[[{]/.test(text) &&
    (/"pveversion"\s*:/.test(text) ||
      isList(text) ||
      (/"cpu"\s*:\s*"/.test(text) && /"(?:digest|ostype|scsihw|vmgenid)"\s*:/.test(text))),
  read: (text, source) =>
    parseDocuments(text, source).flatMap(({ value }) => foundIn(at(value, 'data') ?? value, source)),
}

/** A list of `{name, custom, vendor}`, or of `{name, description, supported-on}`. */
const isList = (text: string): boolean =>
  /^\s*(?:\{\s*"data"\s*:\s*)?\[\s*\{\s*"(?:abstract|custom|description|name|supported-on|vendor)"\s*:/.test(
    text,
  ) &&
  (/"supported-on"\s*:/.test(text) ||
    /"custom"\s*:\s*[01]\b/.test(text) ||
    /"name"\s*:\s*"(?:md-clear|nested-virt)"/.test(text))

function foundIn(value: unknown, source: string): Found[] {
  if (Array.isArray(value)) return statementsOfFlags(value.filter(isObject), source)
  if (!isObject(value)) return []
  if (value.pveversion !== undefined) return foundNode(value)
  return [guestOfConfig(new Map(Object.entries(value).map(([key, text]) => [key, String(text)])))]
}

/** A node, by what its kernel shows of its CPU. */
function foundNode(node: JsonObject): Found[] {
  const cpu = node.cpuinfo
  const flags = (textAt(cpu, 'flags') ?? '').split(/\s+/).filter(Boolean)
  const vendor = vendorIdOf(textAt(cpu, 'model') ?? '', flags)
  const name = textAt(node, 'name')
  const facts: Statement = {
    kind: 'statement',
    layer: 'kernel',
    arch: textAt(node, 'current-kernel', 'machine') ?? 'x86_64',
    vocabulary: 'linux',
    present: [],
    complete: false,
    name,
    vendor: vendorOf(vendor),
    brand: textAt(cpu, 'model'),
    cpus: numberAt(cpu, 'cpus'),
    kernel:
      textAt(node, 'current-kernel', 'release') ?? /^Linux (\S+)/.exec(textAt(node, 'kversion') ?? '')?.[1],
    hypervisor: textAt(node, 'pveversion'),
  }
  if (flags.length === 0) return [facts]
  const { cpus, kernel, hypervisor, brand } = facts
  const shown = { vendor, family: 0, model: 0, stepping: 0, flags, brand }
  return [foundLinuxHost(shown, name, { cpus, kernel, hypervisor })]
}

/** Flags that are no feature of a CPU, or one of two by the vendor. */
const NO_FEATURE = /^(?:nested-virt|hv[-_].*|kvm[-_].*)$/

/**
 * What each node's QEMU can give.
 * @throws ParseError for a list that is the same wherever it is asked for
 */
function statementsOfFlags(flags: readonly JsonObject[], source: string): Found[] {
  if (!flags.some(flag => flag['supported-on'] !== undefined)) throw new ParseError(REMEDY, source)
  const features = flags.flatMap(flag => {
    const name = textAt(flag, 'name')
    return name === undefined || NO_FEATURE.test(name) ? [] : { name, nodes: textsAt(flag, 'supported-on') }
  })
  const nodes = new Set(flags.flatMap(flag => textsAt(flag, 'supported-on')))
  const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)
  return [...nodes].sort().map(node => ({
    kind: 'statement',
    layer: 'offered',
    arch: 'x86_64',
    vocabulary: 'qemu',
    present: namesOf(features.filter(feature => feature.nodes.includes(node))),
    absent: namesOf(features.filter(feature => !feature.nodes.includes(node))),
    complete: false,
    name: node,
  }))
}

const REMEDY =
  'this list is the same on every node and says nothing of their CPUs: give each node’s /proc/cpuinfo, ' +
  'or with Proxmox VE 9.2 pvesh get /nodes/NODE/capabilities/qemu/cpu-flags'
