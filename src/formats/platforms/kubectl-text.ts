import type { Dialect, Found } from '../found.ts'
import { statementsOfNode } from './kubernetes-labels.ts'
import { guestOfPod } from './kubevirt-guest.ts'

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
    /^Capacity:\s*?\n(?:[ \t].*\n)*?[ \t]+cpu:[ \t]+(\d+)\s*?$/m.exec(text)?.[1] ?? Number.NaN,
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
