import SCRIPT from '../../../deploy/virt-cpu-collect.sh'
import { ParseError } from '../../core/parse-error.ts'
import { isObject, type JsonObject, member } from '../../formats/json/json.ts'
import { beginsAsYaml, loadYaml, parseYaml } from '../../formats/yaml.ts'

/** A host that ssh reaches. */
export interface SshHost {
  /** What the inventory, or the command line, calls it. */
  readonly name: string
  /** What ssh is given: `user@host`, `host`, an alias of ssh's configuration. */
  readonly destination: string
  readonly port?: string | undefined
  /** The file of its private key. */
  readonly key?: string | undefined
  /** Whether to become root there, by `sudo -n`. */
  readonly sudo: boolean
}

type Variables = ReadonlyMap<string, string>

/** @throws ParseError for what is no host */
function hostOf(name: string, given: Variables, source = ''): SshHost {
  const user = given.get('ansible_user') ?? given.get('ansible_ssh_user')
  const address = given.get('ansible_host') ?? given.get('ansible_ssh_host') ?? name
  const destination = user === undefined || address.includes('@') ? address : `${user}@${address}`
  if (!/^[\w.:%[\]/][^\s'"\\$`;&|<>()]*$/.test(destination))
    throw new ParseError(`\`${destination}\` is no host: user@host, or a name that ssh knows`, source)
  return {
    name,
    destination,
    port: given.get('ansible_port') ?? given.get('ansible_ssh_port'),
    key: given.get('ansible_ssh_private_key_file') ?? given.get('ansible_private_key_file'),
    sudo: /^(?:true|yes|1)$/i.test(given.get('ansible_become') ?? ''),
  }
}

/** `user@host`, `host:port`, or a name that ssh knows. @throws ParseError for what is no host */
export function parseSshHost(name: string): SshHost {
  const [, user, rest = name] = /^([^@/]+)@(.*)$/.exec(name) ?? []
  const [, address = rest, port] = /^([^:/[\]]+):(\d+)$/.exec(rest) ?? []
  const given = new Map([
    ['ansible_host', address],
    ...(user === undefined ? [] : [['ansible_user', user] as const]),
    ...(port === undefined ? [] : [['ansible_port', port] as const]),
  ])
  return hostOf(name, given)
}

/**
 * The hosts of an inventory, each once: Ansible's in YAML or INI, or one host a line. Of a host that stands in several
 * groups, what the later ones say counts.
 * @throws ParseError
 */
export async function readInventory(text: string, source: string): Promise<SshHost[]> {
  const found = new Map<string, Variables>()
  const add = (name: string, variables: Variables) => {
    for (const one of expandRange(name)) found.set(one, new Map([...(found.get(one) ?? []), ...variables]))
  }
  if (beginsAsYaml(text)) {
    await loadYaml()
    for (const document of parseYaml(text, source)) readGroups(document, new Map(), add, source)
  } else readLines(text, add)
  if (found.size === 0) throw new ParseError('no host in this inventory', source)
  return [...found].map(([name, variables]) => hostOf(name, variables, source))
}

type Add = (name: string, variables: Variables) => void

/** A list of hosts, or groups by name. */
function readGroups(value: unknown, around: Variables, add: Add, source: string): void {
  if (value === null || value === undefined) return
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'string' || typeof item === 'number') add(String(item), around)
      else if (isObject(item) && typeof item.name === 'string') add(item.name, merged(around, item))
      else throw new ParseError('an item that is no host: a name, or an object with `name`', source)
    }
  } else if (isObject(value)) {
    for (const [name, group] of Object.entries(value)) {
      readGroup(name, name === 'hosts' ? { hosts: group } : group, around, add, source)
    }
  } else throw new ParseError('no inventory: groups with `hosts`, or a list of hosts', source)
}

function readGroup(name: string, group: unknown, around: Variables, add: Add, source: string): void {
  if (group === null || group === undefined) return
  if (!isObject(group)) throw new ParseError(`${name}: a group has hosts, children or vars`, source)
  const unknown = Object.keys(group).find(key => !/^(?:hosts|children|vars)$/.test(key))
  if (unknown !== undefined)
    throw new ParseError(`${name}: a group has hosts, children and vars, not ${unknown}`, source)
  const variables = merged(around, member(group, 'vars'))
  const { hosts, children } = group
  if (typeof hosts === 'string') add(hosts, variables)
  else if (Array.isArray(hosts)) readGroups(hosts, variables, add, source)
  else for (const [host, own] of entriesOf(hosts)) add(host, merged(variables, own))
  for (const [child, own] of entriesOf(children)) readGroup(child, own, variables, add, source)
}

const entriesOf = (value: unknown): [string, unknown][] => (isObject(value) ? Object.entries(value) : [])

const merged = (around: Variables, own: unknown): Variables =>
  new Map([...around, ...entriesOf(own as JsonObject).map(([key, value]) => [key, String(value)] as const)])

/** `[group]`, `host key=value`, `[group:vars]` with `key=value`; what begins with `#` or `;` is a comment. */
function readLines(text: string, add: Add): void {
  const groups = new Map<string, [string, Variables][]>()
  const variables = new Map<string, Map<string, string>>()
  let [group, part] = ['', '']
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/^\ufeff|(?:^|\s)[#;].*$/g, '').trim()
    const head = /^\[([^\]:]+)(?::(\w+))?\]$/.exec(line)
    if (head) [, group = '', part = ''] = head
    else if (line === '' || part === 'children') continue
    else if (part === 'vars') {
      const own = variables.get(group) ?? new Map<string, string>()
      variables.set(group, own)
      for (const [key, value] of pairsOf(line)) own.set(key, value)
    } else {
      const [name = '', ...rest] = line.split(/\s+/)
      groups.set(group, [...(groups.get(group) ?? []), [name, new Map(pairsOf(rest.join(' ')))]])
    }
  }
  for (const [name, hosts] of groups) {
    const around = [...(variables.get('all') ?? []), ...(variables.get(name) ?? [])]
    for (const [host, own] of hosts) add(host, new Map([...around, ...own]))
  }
}

const pairsOf = (text: string): [string, string][] =>
  [...text.matchAll(/(?<![\w.-])([\w.-]+)\s*=\s*("[^"]*"|'[^']*'|\S+)/g)].map(([, key = '', value = '']) => [
    key,
    value.replace(/^(["'])(.*)\1$/, '$2'),
  ])

/** The most hosts of one pattern. */
const MOST = 100_000

/** `n[01:50].example.org` as fifty names, `n[a:c]` as three. */
function expandRange(name: string): string[] {
  const [whole, before = '', from = '', to = '', step = '1', after = ''] =
    /^([^[]*)\[(\w+):(\w+)(?::(\d+))?\](.*)$/.exec(name) ?? []
  if (whole === undefined) return [name]
  const letters = /^[a-z]$/i.test(from) && /^[a-z]$/i.test(to)
  const [first, last] = letters ? [from.charCodeAt(0), to.charCodeAt(0)] : [Number(from), Number(to)]
  const count = Math.floor((last - first) / Number(step)) + 1
  if (!(count >= 1 && count <= MOST)) return [name]
  return Array.from({ length: count }, (_, i) => {
    const value = first + i * Number(step)
    return before + (letters ? String.fromCharCode(value) : String(value).padStart(from.length, '0')) + after
  }).flatMap(expandRange)
}

/** A program and what it is given. */
export interface Program {
  readonly name: string
  readonly args: readonly string[]
  /** What it reads from standard input; absent: nothing. */
  readonly input?: string | undefined
}

/** Something that can be asked: a host, a libvirt, a cluster. */
export interface Target {
  /** What answers call it. */
  readonly name: string
  /** What its file is called. */
  readonly file: string
  /** What to run; the next one where the first says that it does not have what it was asked for. */
  readonly programs: readonly Program[]
  /** What of a program's output is kept; undefined: it is not what was asked for. */
  readonly kept: (stdout: string, status: number | undefined) => string | undefined
  /** What a program may say without a loss, where the next one answers; absent: each says all. */
  readonly expected?: RegExp
  /** Whether the words of a program that failed say that trying again may help. */
  readonly mayPass: (status: number | undefined) => boolean
}

/** How hosts are reached, and what is asked there. */
export interface SshOptions {
  /** Another configuration of ssh's than the user's own. */
  readonly config?: string | undefined
  readonly sudo: boolean
  readonly guests: boolean
}

/** How long ssh waits for a connection, in seconds, and how often it looks whether the host is still there. */
const PATIENCE = ['ConnectTimeout=15', 'ServerAliveInterval=10', 'ServerAliveCountMax=3']

/** Asks nothing and forwards nothing. */
const QUIET = ['BatchMode=yes', 'ForwardAgent=no', 'ForwardX11=no', 'PermitLocalCommand=no', ...PATIENCE]

/** A host over ssh: the script goes in by standard input, its report comes out. */
export function sshTarget(host: SshHost, { config, sudo, guests }: SshOptions): Target {
  const { name } = host
  const shell = `${sudo || host.sudo ? 'sudo -n ' : ''}sh -s --${guests ? '' : ' --no-guests'}`
  const args = [...sshArguments(host, config), shell]
  return {
    name,
    file: `${fileOf(name.replace(/^[^@/]*@/, ''))}.txt`,
    programs: [{ name: 'ssh', args, input: SCRIPT }],
    kept: reportIn,
    // ssh's own status: it did not come to the host, or lost it. A report that is cut was lost on the way.
    mayPass: status => status === 255 || status === 0,
  }
}

/** What ssh is given before what is to run on a host. */
export const sshArguments = ({ destination, port, key }: SshHost, config?: string): string[] => [
  '-T',
  ...(config === undefined ? [] : ['-F', config]),
  ...QUIET.flatMap(option => ['-o', option]),
  ...(port === undefined ? [] : ['-p', port]),
  ...(key === undefined ? [] : ['-i', key]),
  '--',
  destination,
]

/** This machine. */
export const localTarget = (guests: boolean): Target => ({
  name: 'this host',
  file: 'this-host.txt',
  programs: [{ name: 'sh', args: ['-s', '--', ...(guests ? [] : ['--no-guests'])], input: SCRIPT }],
  kept: reportIn,
  mayPass: () => false,
})

/** The libvirt at a URI, by the system's virsh. */
export const virshTarget = (uri: string, guests: boolean): Target => ({
  name: uri,
  file: `${fileOf(/^[\w+]+:\/\/(?:[^@/]*@)?([^/:?]+)/.exec(uri)?.[1] ?? 'libvirt')}.txt`,
  programs: [
    { name: 'sh', args: ['-s', '--', '--virsh', uri, ...(guests ? [] : ['--no-guests'])], input: SCRIPT },
  ],
  kept: stdout => {
    const report = reportIn(stdout)
    return report !== undefined && /^\[\/capabilities\] 0$/m.test(report) ? report : undefined
  },
  mayPass: () => false,
})

/** A cluster's nodes and virtual machines, by the system's kubectl; of one without KubeVirt the nodes alone. */
export function kubectlTarget(context: string | undefined, guests: boolean): Target {
  const base = [...(context === undefined ? [] : ['--context', context]), '--request-timeout=60s', 'get']
  const programs = ['nodes,virtualmachineinstances', 'nodes']
    .slice(guests ? 0 : 1)
    .map(what => ({ name: 'kubectl', args: [...base, what, '--all-namespaces', '-o', 'json'] }))
  return {
    name: context ?? 'kubectl',
    file: `${fileOf(context ?? 'kubernetes')}.json`,
    programs,
    // Where it is refused or comes to no server, kubectl prints a list all the same: an empty one, or what it was given.
    kept: (stdout, status) =>
      status === 0 && /^\s*\{[\s\S]*\}\s*$/.test(stdout) && !NO_ITEM.test(stdout) ? stdout : undefined,
    expected: /doesn't have a resource type/,
    mayPass: () => false,
  }
}

/** A list of Kubernetes with nothing in it. */
export const NO_ITEM = /^\s*\{[^[\]]*"items": *\[\s*\]/

/** The script as it is. */
export const collectScript = (): string => SCRIPT

/** A name as a file may be called. */
const fileOf = (name: string): string => name.replace(/[^\w.-]+/g, '_').replace(/^[.-]+/, '_')

/** The report in what a host printed, without its greetings; undefined: it is not whole. */
const reportIn = (stdout: string): string | undefined =>
  /^\[virt-cpu-collect\] \d+\n[\s\S]*^\[end\] \d+\n/m.exec(stdout.replaceAll('\r\n', '\n'))?.[0]
