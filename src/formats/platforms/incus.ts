import { ParseError } from '../../core/parse-error.ts'
import { dumpOfFlags } from '../dumps/linux-flags.ts'
import type { Dialect, Found, FoundGuest } from '../found.ts'
import { isObject, type JsonObject, member, objectsIn, parseDocuments, textAt } from '../json/json.ts'
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
