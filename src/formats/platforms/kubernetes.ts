import type { Dialect, Found, FoundGuest } from '../found.ts'
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
import { beginsAsManifest, parseYaml } from '../yaml.ts'
import { type KubernetesNode, statementsOfCpuid, statementsOfNode } from './kubernetes-labels.ts'
import { guestOfKubevirt, guestOfPod } from './kubevirt-guest.ts'

/** Objects of the Kubernetes API: nodes, the objects of Node Feature Discovery, virtual machines, their pods and classes. */
export const kubernetes: Dialect = {
  name: 'kubernetes',
  title: 'Kubernetes objects (kubectl get nodes|nodefeatures|vm|vmi|pods -o json or yaml)',
  hostsBy: 'kubectl get nodes -o json',
  sniff: text => (/^\s*[[{]/.test(text) ? MARK.test(text) : beginsAsManifest(text)),
  read(text, source) {
    const json = /^\s*[[{]/.test(text)
    const values = json ? parseDocuments(text, source).map(({ value }) => value) : parseYaml(text, source)
    return values.flatMap(value => foundIn(value, source))
  },
}

const MARK =
  /"apiVersion"\s*:\s*"|"kind"\s*:\s*"Node|"[a-z-]+\.node\.kubevirt\.io\/|"feature\.node\.kubernetes\.io\/cpu-/

/** Everything in an object or a list of them. The items of a list that the API itself made do not say their kind. */
function foundIn(value: unknown, source: string, kindOfList?: string): Found[] {
  if (Array.isArray(value)) return value.flatMap(one => foundIn(one, source))
  if (!isObject(value)) return []
  const kind = textAt(value, 'kind') ?? kindOfList
  if (Array.isArray(value.items))
    return value.items.flatMap(one => foundIn(one, source, kind?.replace(/List$/, '')))
  switch (kind) {
    case 'Node':
      return statementsOfNode(nodeOf(value))
    case 'NodeFeature':
      return statementsOfNodeFeature(value)
    case 'VirtualMachineInstance':
      return guestOfKubevirt(value, value.spec, source)
    case 'VirtualMachine':
    case 'VirtualMachineInstanceReplicaSet':
      return guestOfKubevirt(value, at(value, 'spec', 'template', 'spec'), source)
    case 'Pod':
      return guestOfPod({
        name: textAt(value, 'metadata', 'name') ?? '',
        guest: textAt(value, 'metadata', 'labels', 'vm.kubevirt.io/name'),
        host: textAt(value, 'spec', 'nodeName'),
        selectors: textsUnder(at(value, 'spec', 'nodeSelector')),
      })
    case 'VirtualMachineClass':
      return guestOfClass(value)
    // Labels alone, as `-o jsonpath={.metadata.labels}` prints them.
    case undefined:
      return statementsOfNode({ labels: textsUnder(value) })
    default:
      return []
  }
}

const textsUnder = (value: unknown): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(isObject(value) ? value : {}).flatMap(([key, text]) =>
      typeof text === 'string' ? [[key, text] as const] : [],
    ),
  )

const nodeOf = (node: JsonObject): KubernetesNode => ({
  name: textAt(node, 'metadata', 'name'),
  uuid: textAt(node, 'status', 'nodeInfo', 'systemUUID'),
  kernel: textAt(node, 'status', 'nodeInfo', 'kernelVersion'),
  arch: textAt(node, 'status', 'nodeInfo', 'architecture'),
  cpus: numberAt(node, 'status', 'capacity', 'cpu'),
  labels: textsUnder(at(node, 'metadata', 'labels')),
  annotations: textsUnder(at(node, 'metadata', 'annotations')),
})

/** What Node Feature Discovery knows of a node, without the labels' deny list. */
function statementsOfNodeFeature(object: JsonObject): Found[] {
  const labels = textsUnder(at(object, 'metadata', 'labels'))
  const elements = (kind: string, name: string) => at(object, 'spec', 'features', kind, name, 'elements')
  const node: KubernetesNode = {
    name: labels.get('nfd.node.kubernetes.io/node-name') ?? textAt(object, 'metadata', 'name'),
    uuid: textAt(elements('attributes', 'system.dmiid'), 'product_uuid'),
    kernel: textAt(elements('attributes', 'kernel.version'), 'full'),
    labels,
  }
  const flags = elements('flags', 'cpu.cpuid')
  const vendor = textAt(elements('attributes', 'cpu.model'), 'vendor_id')
  return statementsOfCpuid(node, { flags: isObject(flags) ? Object.keys(flags) : [], vendor })
}

/** The CPU of a class of Deckhouse's virtual machines: of a discovered one, what was found when it was created. */
function guestOfClass(object: JsonObject): FoundGuest[] {
  const type = textAt(object, 'spec', 'cpu', 'type')
  const named = type === 'Discovery' ? textsAt(object, 'status', 'cpuFeatures', 'enabled') : []
  const features = [...named, ...textsAt(object, 'spec', 'cpu', 'features')]
  const model = type === 'Model' ? textAt(object, 'spec', 'cpu', 'model') : 'qemu64'
  const mode = type === 'Host' ? 'host-model' : type === 'HostPassthrough' ? 'host-passthrough' : 'custom'
  if (type === undefined || (mode === 'custom' && type !== 'Model' && features.length === 0)) return []
  return [
    {
      kind: 'guest',
      layer: 'defined',
      cpu: {
        type: 'guest',
        mode,
        arch: 'x86_64',
        model: mode === 'custom' ? model : undefined,
        features: features.map(name => ({ name, policy: 'require' })),
      },
      name: textAt(object, 'metadata', 'name'),
      notes: notesOfClass(listAt(object, 'status', 'cpuFeatures', 'notEnabledCommon')),
    },
  ]
}

const notesOfClass = (common: readonly unknown[]): string[] =>
  common.length === 0 ? [] : [`all its nodes also have, but the class does not enable: ${common.join(', ')}`]

/** What kubectl prints of nodes and pods for people to read. */
export const kubectlText: Dialect = {
  name: 'kubectl-text',
  title: 'kubectl describe node|pod, kubectl get nodes --show-labels',
  hostsBy: 'kubectl get nodes -o json',
  sniff: text => isDescription(text) || TABLE.test(text),
  read: text =>
    TABLE.test(text)
      ? rowsOf(text).flatMap(statementsOfNode)
      : text.split(/^(?=Name:[ \t]+\S)/m).flatMap(readDescription),
}

const isDescription = (text: string): boolean =>
  /^Name:[ \t]+\S/m.test(text) && /^(?:Labels|Node-Selectors):[ \t]/m.test(text)

const TABLE = /^NAME[ \t]+STATUS[ \t].*[ \t]LABELS[ \t]*\r?$/m

/** A node, or a pod of a virtual machine. */
function readDescription(text: string): Found[] {
  const fields = fieldsOf(text)
  const field = (name: string) => fields.get(name)?.[0]
  const name = field('Name')
  if (name === undefined) return []
  const selectors = fields.get('Node-Selectors')
  if (selectors) {
    const guest = pairsOf(fields.get('Labels'), '=').get('vm.kubevirt.io/name')
    const host = field('Node')?.replace(/\/.*/, '')
    return guestOfPod({
      name,
      guest,
      host: host === '<none>' ? undefined : host,
      selectors: pairsOf(selectors, '='),
    })
  }
  const cpus = Number(
    /^Capacity:[ \t]*\r?\n(?:[ \t].*\r?\n)*?[ \t]+cpu:[ \t]+(\d+)[ \t]*\r?$/m.exec(text)?.[1] ?? Number.NaN,
  )
  return statementsOfNode({
    name,
    uuid: field('System UUID'),
    kernel: field('Kernel Version'),
    arch: field('Architecture'),
    cpus: Number.isNaN(cpus) ? undefined : cpus,
    labels: pairsOf(fields.get('Labels'), '='),
    annotations: pairsOf(fields.get('Annotations'), ': '),
  })
}

/** `Labels:   a=1` and the lines below it that have no name of their own; of two fields of a name the first counts. */
function fieldsOf(text: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>()
  let open: string[] = []
  for (const line of text.split(/\r?\n/)) {
    const [, name, value = ''] = /^ {0,2}([A-Z][\w -]*):(?:[ \t]+(.*))?$/.exec(line) ?? []
    // What a terminal folded goes on at the left; what kubectl lists is indented.
    if (name === undefined && /^\S/.test(line)) open.push((open.pop() ?? '') + line.trim())
    else if (name === undefined) open.push(line.trim())
    else {
      open = [value.trim()]
      if (!fields.has(name)) fields.set(name, open)
    }
  }
  return fields
}

function pairsOf(lines: readonly string[] = [], separator: string): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap(line => {
      const at = line.indexOf(separator)
      return at > 0 ? [[line.slice(0, at), line.slice(at + separator.length)] as const] : []
    }),
  )
}

/** The nodes of a table: the name in the first column, labels in the last, separated by commas. */
function rowsOf(text: string): { readonly name: string; readonly labels: ReadonlyMap<string, string> }[] {
  const [, ...rows] = text.slice(text.search(TABLE)).split(/\r?\n/)
  return rows.flatMap(row => {
    const columns = row.trim().split(/\s+/)
    const [name] = columns
    const last = columns.at(-1)
    return name && last?.includes('=') ? { name, labels: pairsOf(last.split(','), '=') } : []
  })
}
