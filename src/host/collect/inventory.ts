import { ParseError } from '../../core/parse-error.ts'
import { isObject, type JsonObject, member } from '../../formats/json/json-value.ts'
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
  [...text.matchAll(/([\w.-]+)\s*=\s*("[^"]*"|'[^']*'|\S+)/g)].map(([, key = '', value = '']) => [
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
