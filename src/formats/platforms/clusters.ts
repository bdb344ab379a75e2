import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { parseXml } from '../../xml/reader.ts'
import { dumpOfFlags } from '../dumps/linux-flags.ts'
import type { Dialect, Found, FoundGuest, Statement } from '../found.ts'
import {
  isObject,
  type JsonObject,
  member,
  nearestText,
  objectsIn,
  parseDocuments,
  textAt,
} from '../json/json.ts'
import { beginsAsPlatformXml } from '../libvirt/document-reader.ts'
import { foundKernelDumps } from './flag-lists.ts'
import { featuresOfSettings, guestCpuOf, setting } from './guest-cpu.ts'

/** What Incus says of a cluster member's hardware: Linux's flags of each core, without family and model. */
export const incusResources: Dialect = {
  name: 'incus-resources',
  title: 'incus query /1.0/resources',
  sniff: text =>
    /^\ufeff?\s*\{/.test(text) && /"sockets"\s*:\s*\[/.test(text) && /"architecture"\s*:/.test(text),
  read: (text, source) =>
    parseDocuments(text, source).flatMap(({ value }) =>
      [...objectsIn(value)].flatMap(({ object }) =>
        Array.isArray(object.sockets) ? readCpu(object, source) : [],
      ),
    ),
}

/** A core, and the socket that it is in. */
interface Placed {
  readonly socket: JsonObject
  readonly core: JsonObject
}

function readCpu(cpu: JsonObject, source: string): Found[] {
  const sockets = Array.isArray(cpu.sockets) ? cpu.sockets.filter(isObject) : []
  const cores = sockets.flatMap(socket =>
    (Array.isArray(socket.cores) ? socket.cores : []).filter(isObject).map(core => ({ socket, core })),
  )
  if (cores.length === 0) return []
  if (!cores.some(({ core }) => Array.isArray(core.flags) && core.flags.length > 0)) {
    throw new ParseError('these resources have no CPU flags: LXD has none, Incus has them since 6.0', source)
  }
  const arch = String(cpu.architecture)
  if (!/^(?:x86_64|i686)$/.test(arch)) return [otherMachine(arch, cores)]
  return foundKernelDumps(
    cores.map(({ socket, core }) => ({
      ...dumpOfFlags({
        label: labelOf(core),
        vendor: String(socket.vendor),
        family: 0,
        model: 0,
        stepping: 0,
        level: 0,
        brand: textAt(socket, 'name'),
        flags: textsOf(core.flags),
      }),
      notes: [`${String(socket.name)}: Incus says neither family nor model, and only flags that Linux shows`],
    })),
  )
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(item => typeof item === 'string') : []

/** The number of the core's first logical CPU. */
function labelOf(core: JsonObject): string {
  const id = Array.isArray(core.threads) ? member(core.threads[0], 'id') : undefined
  return typeof id === 'number' ? `CPU ${id}` : ''
}

const otherMachine = (arch: string, [first]: readonly Placed[]): Found => ({
  kind: 'statement',
  layer: 'kernel',
  arch,
  vocabulary: 'linux',
  brand: first && textAt(first.socket, 'name'),
  present: textsOf(first?.core.flags),
  complete: false,
})

/** The CPU of virtual machines in a cluster group of Incus: shown as YAML or JSON, or set by commands. */
export const incusGroup: Dialect = {
  name: 'incus-cluster-group',
  title: 'an Incus cluster group with instances.vm.cpu.ARCH.baseline',
  hostsBy: 'incus query /1.0/resources',
  sniff: text => /\binstances\.vm\.cpu\.\w+\.(?:baseline|flags)["']?\s*[:=]/.test(text),
  read: text => {
    const groups: { readonly arch: string; readonly values: Map<string, string> }[] = []
    for (const [, arch = '', key = '', quoted, plain] of text.matchAll(KEY)) {
      const value = (quoted ?? plain ?? '').trim()
      const open = groups.findLast(group => group.arch === arch)
      // A key that comes again is another group's.
      if (open && !open.values.has(key)) open.values.set(key, value)
      else groups.push({ arch, values: new Map([[key, value]]) })
    }
    const name =
      /^name:\s*["']?([\w.-]+)/m.exec(text)?.[1] ??
      /"name"\s*:\s*"([^"]+)"/.exec(text)?.[1] ??
      /cluster group set\s+([\w.-]+)/.exec(text)?.[1]
    return groups.map(({ arch, values }) => groupCpu(arch, values, name))
  },
}

const KEY =
  /\binstances\.vm\.cpu\.(\w+)\.(baseline|flags)["']?\s*[:=]\s*(?:["']([^"'\n]*)["']|([^\s"'}#][^\s"'}#]*))/g

function groupCpu(arch: string, values: ReadonlyMap<string, string>, name: string | undefined): FoundGuest {
  const baseline = values.get('baseline')
  const words = (values.get('flags') ?? '').split(',').map(word => word.trim())
  const settings = words
    .filter(word => word !== '')
    .map(word => setting(word.replace(/^[+-]/, ''), !word.startsWith('-')))
  const isAuto = baseline === undefined || baseline === 'auto'
  const cpu = guestCpuOf(isAuto ? undefined : baseline, featuresOfSettings(settings, 'qemu'))
  const notes = isAuto ? ['the baseline is what Incus finds on all members when a VM starts'] : []
  return { kind: 'guest', layer: 'defined', cpu: { ...cpu, arch }, name, notes }
}

/** OpenNebula: hosts in all four forms of `onehost`, VM templates, and the EVC mode of a cluster. */
export const openNebula: Dialect = {
  name: 'opennebula',
  title: 'OpenNebula: onehost show, CPU_MODEL of a VM template, EVC_MODE of a cluster',
  hostsBy: 'onehost show ID -j',
  sniff: text =>
    /\bKVM_CPU_MODELS?\b["\s]*[=:>]/.test(text) || /^[ \t]*(?:CPU_MODEL\s*=\s*\[|EVC_MODE\s*=)/m.test(text),
  read: (text, source) => {
    if (beginsAsPlatformXml(text)) parseXml(text, source)
    if (/^\ufeff?\s*[[{]/.test(text)) {
      const documents = parseDocuments(text, source).flatMap(({ value }) => [...objectsIn(value)])
      const hosts = documents.filter(({ object }) => 'KVM_CPU_MODEL' in object || 'KVM_CPU_MODELS' in object)
      return hosts.map(({ object, around }) =>
        hostOf(key => (typeof object[key] === 'string' ? object[key] : nearestText({ object, around }, key))),
      )
    }
    const guest = guestsIn(text)
    if (guest.length > 0) return guest
    const parts = text.split(/(?=<HOST>)|^(?=HOST \d+ INFORMATION)|^(?=-?[ \t]*(?:HOST:|- ID:))/m)
    return parts.filter(part => /KVM_CPU_MODEL/.test(part)).map(part => hostOf(key => valueIn(part, key)))
  },
}

/** A value of XML, of `K="v"`, or of YAML. */
function valueIn(text: string, key: string): string | undefined {
  const xml = new RegExp(`<${key}>(?:<!\\[CDATA\\[)?([^<\\]]*)`).exec(text)?.[1]
  return xml ?? new RegExp(`^[ \\t]*${key}\\s*[:=]\\s*["']?([^"'\\r\\n]*)`, 'm').exec(text)?.[1]?.trim()
}

/**
 * The list of features does not tell required from disabled ones: of the features of the model itself it tells nothing.
 * The list of models holds, in older versions, every model that libvirt knows.
 */
function hostOf(textOf: (key: string) => string | undefined): Statement {
  const model = textOf('KVM_CPU_MODEL') || undefined
  const words = (textOf('KVM_CPU_FEATURES') ?? '').split(',').filter(word => word !== '')
  const db = CpuMap.builtIn().of('x86')
  const own = db.model(model ?? '')?.features
  const present = words.filter(word => {
    const feature = db.features.get(word)
    return !(feature && own && feature.bits.leq(own))
  })
  const models = textOf('KVM_CPU_MODELS')?.trim()
  const note =
    'KVM_CPU_FEATURES does not tell disabled features from required ones: those of the model are left out'
  return {
    kind: 'statement',
    layer: 'hardware',
    arch: textOf('ARCH') || 'x86_64',
    vocabulary: 'libvirt',
    present,
    complete: false,
    name: textOf('NAME'),
    pool: textOf('CLUSTER'),
    model,
    brand: textOf('MODELNAME'),
    emulatorModels: models ? models.split(/\s+/) : undefined,
    notes: present.length < words.length ? [note] : [],
  }
}

function guestsIn(text: string): Found[] {
  const inner = /^[ \t]*CPU_MODEL\s*=\s*\[([^\]]*)\]/m.exec(text)?.[1]
  const evc = /^[ \t]*EVC_MODE\s*=\s*"?([\w.-]+)/m.exec(text)?.[1]
  const name = /^[ \t]*NAME\s*=\s*"?([^"\r\n]+)/m.exec(text)?.[1]
  if (inner === undefined && evc === undefined) return []
  const of = (key: string) =>
    new RegExp(`\\b${key}\\s*=\\s*"([^"]*)"`).exec(inner ?? '')?.[1]?.replace(/(?<!\s)\s*\n\s*/g, '')
  const words = (of('FEATURES') ?? '').split(',').flatMap(word => (word.trim() ? [word.trim()] : []))
  const features = words.map(word => ({ name: word, policy: 'require' }) as const)
  const guest = { kind: 'guest', layer: 'defined', name } as const
  const note = 'the EVC mode of a cluster replaces the model of its VMs'
  return [
    ...(inner === undefined ? [] : [{ ...guest, cpu: guestCpuOf(of('MODEL'), features, FIXED) }]),
    ...(evc === undefined ? [] : [{ ...guest, cpu: guestCpuOf(evc, [], FIXED), notes: [note] }]),
  ]
}

const FIXED = { fallback: 'forbid' } as const
