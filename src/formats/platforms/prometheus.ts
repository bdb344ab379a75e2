import { ParseError } from '../../core/parse-error.ts'
import type { Dialect, Found, Statement } from '../found.ts'
import { at, isObject, listAt, parseDocuments } from '../json/json.ts'
import { foundLinuxHost, vendorOf } from './linux-host.ts'

/** What Prometheus' node_exporter says of hosts: its own text, a federation's, or the answer to a query. */
export const prometheus: Dialect = {
  name: 'prometheus',
  title:
    'node_exporter metrics: node_cpu_info, node_cpu_flag_info, node_uname_info (text, or JSON of /api/v1/query)',
  sniff: text =>
    /^node_(?:cpu(?:_flag|_bug|_vulnerabilities)?|uname)_info\{/m.test(text) ||
    /"__name__"\s*:\s*"node_(?:cpu(?:_flag|_bug|_vulnerabilities)?|uname)_info"/.test(text),
  read(text, source) {
    const json = /^\s*[[{]/.test(text)
    const hosts = hostsOf(json ? samplesOfJson(text, source) : samplesOfText(text, source))
    // Where metrics have their heads and the flags have none, the text begins among them.
    const beginsLate = /^# TYPE node_/m.test(text) && !/^# TYPE node_cpu_flag_info/m.test(text)
    return hosts.flatMap(host => foundHost(host, !beginsLate))
  },
}

type Labels = ReadonlyMap<string, string>

interface Sample {
  readonly metric: string
  readonly labels: Labels
}

/** @throws ParseError at a line that is cut */
function samplesOfText(text: string, source: string): Sample[] {
  const samples: Sample[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const [, metric] = /^(node_(?:cpu|uname)\w*_info)\{/.exec(line) ?? []
    if (metric === undefined) continue
    const [, labels, value] = /\{(\s*(?:\w+="(?:[^"\\]|\\.)*"\s*(?:,\s*)?)*)\}\s+(\S+)/.exec(line) ?? []
    if (labels === undefined) throw new ParseError('this metric is cut', source, i + 1, 0, line.slice(0, 100))
    if (value !== '0') samples.push({ metric, labels: labelsOf(labels) })
  }
  return samples
}

const labelsOf = (text: string): Labels =>
  new Map(
    [...text.matchAll(/(?<!\w)(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [
      name,
      value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c)),
    ]),
  )

function samplesOfJson(text: string, source: string): Sample[] {
  return parseDocuments(text, source)
    .flatMap(({ value }) => [...listAt(value, 'data', 'result'), ...listAt(value, 'result')])
    .flatMap(one => {
      const metric = at(one, 'metric')
      const { __name__: name, ...labels } = isObject(metric) ? metric : {}
      const pairs = Object.entries(labels).map(([key, value]) => [key, String(value)] as const)
      return typeof name === 'string' ? { metric: name, labels: new Map(pairs) } : []
    })
}

/** The labels of each metric, host by host. */
type Host = ReadonlyMap<string, readonly Labels[]>

/** By the label that Prometheus adds to what it collects; a host's own text has none. */
function hostsOf(samples: readonly Sample[]): Host[] {
  const hosts = new Map<string, Map<string, Labels[]>>()
  for (const { metric, labels } of samples) {
    const instance = labels.get('instance') ?? ''
    const host = hosts.get(instance) ?? new Map<string, Labels[]>()
    hosts.set(instance, host)
    const list = host.get(metric) ?? []
    host.set(metric, [...list, labels])
  }
  return [...hosts.values()]
}

/** Its flags, if all of them are there, and what else is said of it. @param isWhole nothing is cut off before them */
function foundHost(host: Host, isWhole: boolean): Found[] {
  const cpus = host.get('node_cpu_info') ?? []
  const flags = (host.get('node_cpu_flag_info') ?? []).flatMap(labels => labels.get('flag') ?? [])
  const facts = factsOf(host)
  const [cpu] = cpus
  const vendor = cpu?.get('vendor')
  // The exporter shows the flags that a pattern of its configuration matches.
  const whole = isWhole && flags.includes('fpu') && flags.includes('lm') && flags.includes('sse2')
  if (!whole || !vendor || facts.arch !== 'x86_64') return [{ ...facts, present: flags }]
  const { microcode, cpus: count, kernel, vulnerabilities, name, notes } = facts
  const more = { microcode, cpus: count, kernel, vulnerabilities }
  return [foundLinuxHost({ vendor, ...signatureIn(cpu), flags, brand: facts.brand }, name, more, notes)]
}

const signatureIn = (cpu: Labels | undefined) => {
  const number = (name: string) => Number(/^\d{1,5}$/.exec(cpu?.get(name) ?? '')?.[0] ?? 0)
  return { family: number('family'), model: number('model'), stepping: number('stepping') }
}

function factsOf(host: Host): Statement {
  const cpus = host.get('node_cpu_info') ?? []
  const [uname] = host.get('node_uname_info') ?? []
  const instance = [...host.values()][0]?.[0]?.get('instance')?.replace(/:\d+$/, '')
  const microcodes = new Set(cpus.map(cpu => cpu.get('microcode')).filter(Boolean))
  const [microcode = ''] = microcodes
  const signature = signatureIn(cpus[0])
  return {
    kind: 'statement',
    layer: 'kernel',
    arch: uname?.get('machine') ?? 'x86_64',
    vocabulary: 'linux',
    present: [],
    complete: false,
    name: uname?.get('nodename') ?? instance,
    vendor: vendorOf(cpus[0]?.get('vendor')),
    signature: signature.family > 0 ? signature : undefined,
    brand: cpus[0]?.get('model_name'),
    microcode: /^0x[0-9a-f]{1,8}$/i.test(microcode) ? Number(microcode) : undefined,
    cpus: cpus.length > 0 ? cpus.length : undefined,
    kernel: uname?.get('release'),
    vulnerabilities: vulnerabilitiesOf(host.get('node_cpu_vulnerabilities_info')),
    notes: microcodes.size > 1 ? [`its CPUs run different microcode: ${[...microcodes].join(', ')}`] : [],
  }
}

/** As `/sys/devices/system/cpu/vulnerabilities` words them. */
function vulnerabilitiesOf(list: readonly Labels[] | undefined): Record<string, string> | undefined {
  if (!list) return undefined
  return Object.fromEntries(
    list.map(labels => {
      const [state = '', detail = ''] = [labels.get('state'), labels.get('mitigation')]
      const words = state.charAt(0).toUpperCase() + state.slice(1)
      return [labels.get('codename') ?? '', detail === '' ? words : `${words}: ${detail}`]
    }),
  )
}
