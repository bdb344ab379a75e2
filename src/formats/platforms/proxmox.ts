import type { Cpu, CpuFeature, GuestCpu, MaxPhysAddr } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { express, findAnyModel } from '../express.ts'
import type { Dialect, FoundGuest } from '../found.ts'
import type { Printed, Printer, PrintOptions } from '../printer.ts'
import { abilitiesOfQemu } from '../qemu/cpu-argument.ts'
import { toQemuName } from '../qemu/names.ts'
import { libvirtNames } from './linux-host.ts'

/** Proxmox VE's own CPU models, of all its cluster. */
export const proxmoxModels: Dialect = {
  name: 'proxmox-models',
  title: 'Proxmox VE: /etc/pve/virtual-guest/cpu-models.conf',
  hostsBy: 'pvesh get /nodes/NODE/status --output-format json',
  sniff: text => /^\s*(?:#[^\n]*\n\s*)*cpu-model:[ \t]*\S/.test(text),
  read: readModels,
}

/** What `qm config` prints, the file that it prints, or the command that sets a guest's CPU. */
export const proxmoxGuest: Dialect = {
  name: 'proxmox-guest',
  title: 'Proxmox VE: a VM’s configuration (qm config), qm set|create --cpu',
  hostsBy: 'pvesh get /nodes/NODE/status --output-format json',
  sniff: text => QM.test(text) || isConfig(text),
  read: text => (QM.test(text) ? readCommands(text) : [guestOfConfig(entriesOf(text))]),
}

const QM = /^[ \t]*(?:[#$>][ \t]*)?(?:sudo[ \t]+)?qm[ \t]+(?:set|create)[ \t]+\d+[ \t].*--?cpu[ =]/m

const ENTRY = /^([a-z][a-z0-9_-]*): +(\S.*)$/

/** What may stand in a VM's configuration. @see Proxmox VE, qm.conf */
const OPTIONS =
  /^(?:acpi|affinity|agent|allow-ksm|amd-sev|arch|args|audio0|autostart|balloon|bios|boot|bootdisk|cdrom|cicustom|cipassword|citype|ciupgrade|ciuser|cores|cpu|cpulimit|cpuunits|description|digest|efidisk0|freeze|hookscript|hotplug|hugepages|intel-tdx|ivshmem|keephugepages|keyboard|kvm|localtime|lock|machine|memory|meta|migrate_downtime|migrate_speed|name|nameserver|numa|onboot|ostype|parent|pending|protection|reboot|rng0|runningcpu|runningmachine|scsihw|searchdomain|shares|smbios1|smp|snaptime|sockets|spice_enhancements|sshkeys|startdate|startup|tablet|tags|tdf|template|tpmstate0|vcpus|vga|vmgenid|vmstate|vmstatestorage|watchdog|(?:hostpci|ide|ipconfig|net|numa|parallel|sata|scsi|serial|unused|usb|virtio|virtiofs)\d+)$/

/** What only a VM of Proxmox's has; a container's has `rootfs`. */
const OF_VMS =
  /^(?:boot|bootdisk|numa|ostype|scsihw|smbios1|sockets|vmgenid|(?:ide|net|sata|scsi|virtio)\d+)$/

/** Of options alone, two at least, one of them a VM's: by itself, or a name beside cores; a CPU is called by its type. */
function isConfig(text: string): boolean {
  const lines = linesOf(text)
  const entries = entriesOf(text)
  const keys = [...entries.keys()]
  const type = entries.get('cpu')
  const isTyped = type !== undefined && /^(?:cputype=)?(?:[A-Za-z]|486\b)/.test(type)
  return (
    lines.length > 1 &&
    lines.every(line => OPTIONS.test(ENTRY.exec(line)?.[1] ?? '')) &&
    (type === undefined || isTyped) &&
    (isTyped || keys.some(key => OF_VMS.test(key)) || (entries.has('name') && entries.has('cores')))
  )
}

/** The lines of the present state: sections below are snapshots and pending changes. */
const linesOf = (text: string): string[] =>
  (text.split(/^\[/m)[0] ?? '').split(/\r?\n/).filter(line => !/^\s*(?:#|$)/.test(line))

const entriesOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    linesOf(text).flatMap(line => {
      const [, key, value] = ENTRY.exec(line) ?? []
      return key !== undefined && value !== undefined ? [[key, value.trim()] as const] : []
    }),
  )

/** A VM by the keys of its configuration. */
export function guestOfConfig(entries: ReadonlyMap<string, string>): FoundGuest {
  const count = (key: string) => Number(entries.get(key) ?? 1)
  const emulated = entries.get('kvm') === '0'
  const arch = entries.get('arch') ?? 'x86_64'
  const line = entries.get('cpu') ?? defaultType(arch, emulated)
  const notes = emulated ? ['the VM is emulated, without KVM'] : []
  if (!entries.has('cpu')) notes.push(`without a line cpu the VM has Proxmox’s default, ${line}`)
  if (/(?:^|\s)-cpu\s/.test(entries.get('args') ?? ''))
    notes.push('args has a -cpu of its own, which counts instead of the line cpu')
  const { cpu, notes: more } = cpuOfLine(line)
  return {
    kind: 'guest',
    layer: 'defined',
    cpu: { ...cpu, arch },
    name: entries.get('name'),
    vcpus: count('cores') * count('sockets'),
    notes: [...notes, ...more],
  }
}

const defaultType = (arch: string, emulated: boolean): string =>
  arch === 'aarch64' ? (emulated ? 'max' : 'host') : emulated ? 'qemu64' : 'kvm64'

function readCommands(text: string): FoundGuest[] {
  return text.split(/\r?\n/).flatMap(line => {
    const [, id] = /\bqm[ \t]+(?:set|create)[ \t]+(\d+)/.exec(line) ?? []
    const [, given] = /[ \t]--?cpu[ =]+('[^']*'|"[^"]*"|\S+)/.exec(line) ?? []
    if (id === undefined || given === undefined) return []
    const { cpu, notes } = cpuOfLine(given.replace(/^(['"])(.*)\1$/, '$2'))
    return { kind: 'guest', layer: 'defined', cpu, name: id, notes }
  })
}

interface TypedCpu {
  readonly cpu: GuestCpu
  readonly notes: readonly string[]
}

/** `[cputype=]TYPE[,flags=+a;-b][,phys-bits=N]…` */
function cpuOfLine(line: string): TypedCpu {
  const [first = '', ...rest] = line.split(',')
  const options = new Map(
    [first.includes('=') ? first : `cputype=${first}`, ...rest].map(part => {
      const [key = '', value = ''] = part.trim().split(/=(.*)/s)
      return [key, value] as const
    }),
  )
  return cpuOf(options.get('cputype') ?? 'kvm64', options)
}

/** What the abstract types have more than qemu64, by libvirt's names. @see Proxmox VE, "QEMU CPU Types" */
const V2 = 'popcnt pni sse4.1 sse4.2 ssse3'
const V3 = `${V2} aes avx avx2 bmi1 bmi2 f16c fma abm movbe xsave`
const ABSTRACT: ReadonlyMap<string, string> = new Map([
  ['x86-64-v2', V2],
  ['x86-64-v2-AES', `${V2} aes`],
  ['x86-64-v3', V3],
  ['x86-64-v4', `${V3} avx512f avx512bw avx512cd avx512dq avx512vl`],
])

/** What Proxmox adds to QEMU's models. */
const ADDED: ReadonlyMap<string, string> = new Map([
  ['kvm64', 'lahf_lm sep'],
  ['kvm32', 'sep'],
])

/** What it takes away; from qemu64 KVM does, which has it for emulation's sake. */
const TAKEN: readonly (readonly [RegExp, string])[] = [
  [/^qemu64$/, 'svm'],
  [/^Opteron_G/, 'rdtscp'],
]

const list = (names = ''): string[] => names.split(' ').filter(Boolean)

/** @param options those of the line, or of the section of a model */
function cpuOf(type: string, options: ReadonlyMap<string, string>): TypedCpu {
  const relative = type === 'host' || type === 'max'
  // With a model Proxmox has QEMU refuse to start without what it asks for; with the host's CPU, it does not.
  const { features, notes } = flagsOf(options.get('flags') ?? '', relative ? 'optional' : 'require')
  const own = [...list(ABSTRACT.get(type)), ...list(ADDED.get(type))]
  const model = ABSTRACT.has(type) ? 'qemu64' : type.replace(/^Icelake-Client/, 'Icelake-Server')
  const off = TAKEN.flatMap(([models, name]): CpuFeature[] =>
    models.test(model) ? [{ name, policy: 'disable' }] : [],
  )
  const all = [...own.map(name => ({ name, policy: 'require' as const })), ...off]
  const named = new Set(features.map(({ name }) => name))
  const bits = options.get('phys-bits')
  const cpu: GuestCpu = {
    type: 'guest',
    mode: type === 'host' ? 'host-passthrough' : type === 'max' ? 'maximum' : 'custom',
    model: relative ? undefined : model,
    features: [...all.filter(({ name }) => !named.has(name)), ...features],
    maxphysaddr:
      bits === undefined
        ? undefined
        : bits === 'host'
          ? { mode: 'passthrough' }
          : { mode: 'emulate', bits: Number(bits) },
  }
  const custom = type.startsWith('custom-')
    ? [`what ${type} is stands in /etc/pve/virtual-guest/cpu-models.conf: give that file too`]
    : []
  const vain = relative && features.some(({ policy }) => policy === 'optional')
  const added = vain ? [`flags with + add nothing to ${type}: it has what its host has, and no more`] : []
  return { cpu, notes: [...custom, ...added, ...notes] }
}

/** `+aes;-hle` */
function flagsOf(text: string, added: 'require' | 'optional'): { features: CpuFeature[]; notes: string[] } {
  const flags = text.split(';').flatMap(flag => /^\s*([+-])\s*(\S+)/.exec(flag)?.slice(1, 3) ?? [])
  const features: CpuFeature[] = []
  const notes: string[] = []
  for (let i = 0; i < flags.length; i += 2) {
    const [sign, flag = ''] = flags.slice(i, i + 2)
    if (flag === 'nested-virt')
      notes.push(`nested-virt ${sign === '+' ? 'adds' : 'removes'} vmx or svm, by the host’s vendor`)
    else if (!/^(?:hv|kvm)[-_]/.test(flag))
      for (const name of libvirtNames('qemu', [flag]))
        features.push({ name, policy: sign === '+' ? added : 'disable' })
  }
  return { features, notes }
}

/** A model of the cluster's own. */
export const proxmoxModel: Printer = {
  name: 'proxmox',
  title: 'Proxmox VE: cpu-models.conf',
  readBy: 'proxmox-models',
  omitsModelFeatures: true,
  dependsOnQemu: true,
  print(given, options = {}) {
    const { type, flags, bits, notExpressed } = wordsOf(given, options)
    const name = (options.name ?? type).replace(/^custom-/, '').replace(/[^A-Za-z0-9_-]+/g, '-')
    const lines = [
      `# for a VM: qm set VMID --cpu custom-${name}`,
      `cpu-model: ${name}`,
      `\treported-model ${type}`,
      ...(flags.length > 0 ? [`\tflags ${flags.join(';')}`] : []),
      ...(bits === undefined ? [] : [`\tphys-bits ${bits}`]),
    ]
    return { text: `${lines.join('\n')}\n`, notExpressed }
  },
}

/** The line of a VM's configuration, which takes few flags. */
export const proxmoxVm: Printer = {
  name: 'proxmox-vm',
  title: "Proxmox VE: a VM's cpu line",
  readBy: 'proxmox-guest',
  omitsModelFeatures: true,
  dependsOnQemu: true,
  print(given, options = {}) {
    const reader = "a VM's line, other than cpu-models.conf (format proxmox),"
    const { type, flags, bits, notExpressed } = wordsOf(given, options, { reader, flags: VM_FLAGS })
    const words = [
      type,
      ...(flags.length > 0 ? [`flags=${flags.join(';')}`] : []),
      ...(bits === undefined ? [] : [`phys-bits=${bits}`]),
    ]
    return { text: `cpu: ${words.join(',')}\n`, notExpressed }
  },
}

/** The flags that a VM may have without a model of the cluster's own. @see Proxmox VE, qm.conf, `flags` */
const VM_FLAGS: ReadonlySet<string> = new Set([
  'md-clear',
  'pcid',
  'spec-ctrl',
  'ssbd',
  'ibpb',
  'virt-ssbd',
  'amd-ssbd',
  'amd-no-ssb',
  'pdpe1gb',
  'aes',
])

interface ProxmoxWords extends Pick<Printed, 'notExpressed'> {
  readonly type: string
  /** `+aes` */
  readonly flags: readonly string[]
  /** Of physical addresses; undefined: the default. */
  readonly bits: string | undefined
}

/** @param only of a place that takes fewer flags, what it is called and which it takes */
function wordsOf(
  given: Cpu,
  options: PrintOptions,
  only?: { readonly reader: string; readonly flags: ReadonlySet<string> },
): ProxmoxWords {
  const qemu = abilitiesOfQemu(options)
  const isPassed = given.type === 'guest' && (given.mode === 'host-passthrough' || given.mode === 'maximum')
  const width = given.maxphysaddr && printWidth(given.maxphysaddr)
  const { reader } = only ?? qemu
  const { cpu, notExpressed } = express(given, {
    ...qemu,
    reader,
    modes: ['host-passthrough', 'maximum'],
    policies: isPassed ? ['optional', 'disable'] : ['require', 'disable'],
    parts: width === undefined ? [] : ['address-width'],
    knowsModel: name => !/^Icelake-Client/.test(name) && (qemu.knowsModel?.(name) ?? true),
    knowsFeature: name => (only?.flags.has(name) ?? true) && (qemu.knowsFeature?.(name) ?? true),
  })
  const type = cpu.mode === 'host-passthrough' ? 'host' : cpu.mode === 'maximum' ? 'max' : (cpu.model ?? '')
  const own = differences(type, cpu)
  const isWritten = ({ name }: CpuFeature) => only?.flags.has(name) ?? true
  const left = own.flatMap(feature => (isWritten(feature) ? [] : feature.name))
  return {
    type,
    flags: [...cpu.features, ...own.filter(isWritten)].map(
      ({ name, policy }) => (policy === 'disable' ? '-' : '+') + toQemuName(name),
    ),
    bits: width,
    notExpressed: [
      ...notExpressed,
      ...(left.length > 0
        ? [
            {
              part: 'features',
              features: left,
              why: `Proxmox VE changes them in ${type}, which ${reader} cannot undo`,
            } as const,
          ]
        : []),
    ],
  }
}

/** `limit` has no word. */
const printWidth = ({ mode, bits, limit }: MaxPhysAddr): string | undefined =>
  mode === 'emulate' ? bits?.toString() : limit === undefined ? 'host' : undefined

/** What has to be said so that Proxmox neither adds to the model nor takes from it. */
function differences(type: string, cpu: GuestCpu): CpuFeature[] {
  const { features: table } = CpuMap.builtIn().of('x86')
  const model = findAnyModel(type)
  const named = new Set(cpu.features.map(({ name }) => name))
  return cpuOf(type, new Map()).cpu.features.flatMap(({ name, policy }): CpuFeature[] => {
    const bits = table.get(name)?.bits
    if (!model || !bits || named.has(name)) return []
    const has = bits.leq(model.features)
    return has === (policy === 'require') ? [] : [{ name, policy: has ? 'require' : 'disable' }]
  })
}

/** @throws ParseError at a line that is neither a section nor an option of one */
function readModels(text: string, source: string): FoundGuest[] {
  const sections: { readonly name: string; readonly options: Map<string, string> }[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue
    const [, name] = /^cpu-model:\s*(\S+)\s*$/.exec(line) ?? []
    const [, key, value] = /^\s+(\S+)\s+(.*?)\s*$/.exec(line) ?? []
    if (name !== undefined) sections.push({ name, options: new Map() })
    else if (key !== undefined && value !== undefined && sections.length > 0)
      sections.at(-1)?.options.set(key, value)
    else
      throw new ParseError(
        'neither `cpu-model: NAME` nor an indented option of it',
        source,
        i + 1,
        1,
        line.slice(0, 100),
      )
  }
  return sections.map(({ name, options }) => {
    const { cpu, notes } = cpuOf(options.get('reported-model') ?? 'kvm64', options)
    return {
      kind: 'guest',
      layer: 'defined',
      isModel: true,
      cpu: { ...cpu, arch: 'x86_64' },
      name: `custom-${name}`,
      notes,
    }
  })
}
