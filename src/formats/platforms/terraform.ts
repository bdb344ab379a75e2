import { type CpuFeature, POLICIES } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { Dialect, Found, FoundGuest } from '../found.ts'
import { isObject, type JsonObject, objectsIn, parseDocuments } from '../json/json.ts'
import { guestCpuOf } from './guest-cpu.ts'
import { guestOfConfig } from './proxmox.ts'
import { parseCpuArgument } from './qemu-command.ts'

/** A Vagrantfile for the provider libvirt. */
export const vagrant: Dialect = {
  name: 'vagrantfile',
  title: 'a Vagrantfile with the provider libvirt',
  sniff: text => /^[ \t]*Vagrant\.configure\b/m.test(text) && /\blibvirt\b/.test(text),
  read: (text, source) => {
    if (!/\bend\s*$/.test(text))
      throw new ParseError('the last line of a Vagrantfile is `end`: it is cut', source)
    const plain = text.replace(/^[ \t]*#.*$/gm, '')
    const [common = '', ...machines] = plain.split(/^(?=[^\r\n]*\.vm\.define\b)/m)
    if (machines.length === 0) return [guestOfVagrant(common, source)]
    return machines.map(machine => ({
      ...guestOfVagrant(`${machine}\n${common}`, source),
      name: /\.vm\.define\s*(?:\(\s*)?[:"']?([\w.-]+)/.exec(machine)?.[1],
    }))
  },
}

/** What a machine sets itself stands first, and counts. @throws ParseError for a feature that cannot be read */
function guestOfVagrant(text: string, source: string): FoundGuest {
  const of = (key: string) => new RegExp(`\\b\\w+\\.${key}\\s*=\\s*[:"']?([\\w.-]+)`).exec(text)?.[1]
  const mode = of('cpu_mode') ?? 'host-model'
  const features = [...text.matchAll(/\.cpu_feature\s*\(?((?:[^\n]*,[ \t]*\n)*[^\n]*)/g)].map(
    ([line, words = '']): CpuFeature => {
      const arg = (key: string) => new RegExp(`:?\\b${key}(?::|\\s*=>)\\s*["'](\\w[\\w.-]*)["']`)
      const [name, asked = 'require'] = ['name', 'policy'].map(key => arg(key).exec(words)?.[1])
      const policy = POLICIES.find(known => known === asked)
      const rest = words
        .replace(arg('name'), '')
        .replace(arg('policy'), '')
        .replace(/#.*|[\s,()]/g, '')
      if (name && policy && rest === '') return { name, policy }
      throw new ParseError(
        `${line.trim().slice(1, 90)}: a feature has a name and a policy (${POLICIES.join(', ')}) on its line`,
        source,
      )
    },
  )
  const fallback = of('cpu_fallback') === 'forbid' ? 'forbid' : 'allow'
  return {
    kind: 'guest',
    layer: 'defined',
    cpu: guestCpuOf(
      mode === 'custom' ? (of('cpu_model') ?? 'qemu64') : mode,
      features,
      mode === 'custom' ? { fallback } : {},
    ),
    vcpus: Number(of('cpus')) || undefined,
  }
}

/** Machines that Terraform and Packer make with libvirt, QEMU or Proxmox: in HCL, or in Terraform's state. */
export const terraform: Dialect = {
  name: 'terraform',
  title: 'Terraform or Packer: libvirt_domain, Proxmox VMs and QEMU builders, state files',
  sniff: text =>
    /^\s*\{/.test(text)
      ? /"type"\s*:\s*"(?:libvirt_domain|proxmox_virtual_environment_vm|proxmox_vm_qemu)"/.test(text)
      : BLOCK.test(text),
  read: (text, source) => {
    if (!/^\s*\{/.test(text)) return readHcl(text, source)
    const documents = parseDocuments(text, source).flatMap(({ value }) => [...objectsIn(value)])
    return documents.flatMap(({ object }) => readResource(object))
  },
}

const BLOCK =
  /^[ \t]*(?:resource|source)[ \t]+"(libvirt_domain|proxmox_virtual_environment_vm|proxmox_vm_qemu|proxmox(?:-iso|-clone)?|qemu)"[ \t]+"([^"]+)"[ \t]*\{/m

/** A value of HCL that can stand for a CPU: blocks are objects. */
type Hcl = string | readonly Hcl[] | { readonly [name: string]: Hcl }

/** @throws ParseError at a block that is not closed */
function readHcl(text: string, source: string): Found[] {
  const plain = text.replace(/^[ \t]*(?:#|\/\/).*$/gm, '')
  return [...plain.matchAll(new RegExp(BLOCK, 'gm'))].flatMap(found => {
    const [head, type = '', label = ''] = found
    const reader = new HclReader(plain, found.index + head.length)
    const value = reader.readBody()
    if (reader.isCut)
      throw ParseError.at('this block is not closed: `}` is missing', plain, found.index, source)
    return guestOf(type, label, value)
  })
}

/** Reads `name = value` and `name { … }` up to the closing brace; expressions that are no literals are passed over. */
class HclReader {
  readonly #text: string
  #at: number
  /** Whether the text ended within a block. */
  isCut = false

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
  }

  readBody(): Record<string, Hcl> {
    const value: Record<string, Hcl> = {}
    for (;;) {
      const name = this.#take(
        /[\s,]*([\w-]+|"[^"\n]*")[ \t]*(?:=[ \t]*|:[ \t]*|(?=\{)|(?="[^"\n]*"[ \t]*\{))/y,
      )
      if (name === undefined) break
      const key = name.replace(/[\s,="':]/g, '')
      const read = this.#readValue()
      if (read !== undefined) value[key] ??= read
    }
    this.#skipPast('}')
    return value
  }

  #readValue(): Hcl | undefined {
    if (this.#take(/\{/y)) return this.readBody()
    if (this.#take(/\[/y)) return this.#readList()
    const text = this.#take(/"(?:[^"\\\n]|\\.)*"/y)
    if (text !== undefined) return text.slice(1, -1)
    return this.#take(/[^\n,}\]]*/y)?.trim()
  }

  #readList(): Hcl[] {
    const list: Hcl[] = []
    while (this.#take(/[\s,]*\]/y) === undefined) {
      this.#take(/[\s,]*/y)
      const before = this.#at
      const item = this.#readValue()
      if (item !== undefined && item !== '') list.push(item)
      if (this.#at === before) break
    }
    return list
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #skipPast(bracket: string): void {
    const end = this.#text.indexOf(bracket, this.#at)
    this.#at = end < 0 ? this.#text.length : end + 1
    if (end < 0) this.isCut = true
  }
}

function readResource(object: JsonObject): Found[] {
  const { type, name, instances, values } = object
  if (typeof type !== 'string' || typeof name !== 'string') return []
  const each = Array.isArray(instances)
    ? instances.map(one => (isObject(one) ? one.attributes : undefined))
    : [values]
  return each.filter(isObject).flatMap(attributes => guestOf(type, name, toHcl(attributes)))
}

/** JSON's numbers and truth values as HCL writes them. */
function toHcl(value: unknown): Record<string, Hcl> {
  const convert = (part: unknown): Hcl =>
    Array.isArray(part) ? part.map(convert) : isObject(part) ? toHcl(part) : part === null ? '' : String(part)
  return Object.fromEntries(
    Object.entries(isObject(value) ? value : {}).map(([key, part]) => [key, convert(part)]),
  )
}

const textOf = (value: Hcl | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
const listOf = (value: Hcl | undefined): readonly Hcl[] => (Array.isArray(value) ? value : [])

/** A block, or the only one of a list of blocks. */
function blockOf(value: Hcl | undefined): Readonly<Record<string, Hcl>> | undefined {
  const one: Hcl | undefined = Array.isArray(value) ? value[0] : value
  return typeof one === 'object' && !Array.isArray(one) ? (one as Readonly<Record<string, Hcl>>) : undefined
}

function guestOf(type: string, label: string, body: Readonly<Record<string, Hcl>>): FoundGuest[] {
  const name = textOf(body.name) ?? textOf(body.vm_name) ?? label
  if (type === 'libvirt_domain') return [{ ...libvirtGuest(body), name }]
  if (type !== 'qemu') {
    const host = textOf(body.node_name) ?? textOf(body.target_node)
    return [{ ...proxmoxGuest(type, body), name, host }]
  }
  const argument = listOf(body.qemuargs).find(pair => listOf(pair)[0] === '-cpu')
  const cpu = parseCpuArgument(textOf(listOf(argument)[1]) ?? textOf(body.cpu_model) ?? 'qemu64')
  return [{ kind: 'guest', layer: 'defined', cpu, name, vcpus: Number(textOf(body.cpus)) || undefined }]
}

function libvirtGuest(body: Readonly<Record<string, Hcl>>): FoundGuest {
  const block = blockOf(body.cpu) ?? {}
  const mode = textOf(block.mode)
  const inner = blockOf(block.model)
  const model = textOf(block.model) ?? textOf(inner?.value) ?? textOf(inner?.name) ?? textOf(block.value)
  const features = listOf(block.features ?? block.feature).flatMap(item => {
    const feature = blockOf(item)
    const policy = POLICIES.find(known => known === (textOf(feature?.policy) ?? 'require'))
    const name = textOf(feature?.name)
    return name && policy ? [{ name, policy }] : []
  })
  const given = mode === undefined || mode === 'custom' ? model : mode
  const notes = [
    ...(given ? [] : ['without a CPU libvirt takes QEMU’s default, qemu64: x86-64-v1']),
    ...(body.xml === undefined ? [] : ['what the xslt of `xml` changes is not read']),
  ]
  return {
    kind: 'guest',
    layer: 'defined',
    cpu: guestCpuOf(given ?? 'qemu64', features),
    vcpus: Number(textOf(body.vcpu)) || undefined,
    notes,
  }
}

/** The type that each provider takes where none is given: bpg's is qemu64, the others leave it to Proxmox. */
function proxmoxGuest(type: string, body: Readonly<Record<string, Hcl>>): FoundGuest {
  const block = blockOf(body.cpu)
  const flags = listOf(block?.flags).flatMap(flag => textOf(flag) ?? [])
  const given = textOf(block?.type) ?? textOf(body.cpu) ?? textOf(body.cpu_type)
  const chosen = given ?? (type === 'proxmox_virtual_environment_vm' ? 'qemu64' : 'kvm64')
  const entries = new Map([['cpu', flags.length > 0 ? `${chosen},flags=${flags.join(';')}` : chosen]])
  for (const key of ['cores', 'sockets']) {
    const count = textOf(block?.[key]) ?? textOf(body[key])
    if (count) entries.set(key, count)
  }
  return guestOfConfig(entries)
}
