import { archOfModel } from '../../arch/registry.ts'
import type { CpuFeature, GuestCache, GuestCpu, MaxPhysAddr, Mode } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import type { Dialect, FoundGuest, Statement } from '../found.ts'
import { libvirtNames } from './linux-host.ts'

/** What `qemu-system-x86_64 -cpu help` prints: the emulator's models, and nothing of the host. */
export const qemuCpuHelp: Dialect = {
  name: 'qemu-cpu-help',
  title: 'qemu-system-x86_64 -cpu help',
  sniff: text =>
    /^(?:x86[ \t]+|[ \t]+)\S+[ \t]+\(alias (?:of \S+-v\d+|configured by machine type)\)/m.test(text) ||
    /^x86[ \t]+qemu64\b/m.test(text) ||
    (/^Available CPUs:/m.test(text) && /^Recognized CPUID flags:/m.test(text)) ||
    targetOf(text) !== undefined,
  read: (text, source) => {
    const target = targetOf(text)
    if (target !== undefined)
      throw new ParseError(
        `the models of qemu-system-${target}, and nothing of the host: \`virt-cpu cpu-models ${target}\` lists libvirt's`,
        source,
      )
    const models = [...text.matchAll(/^(?:x86[ \t]+|[ \t]+)\[?([\w+.-]+)\]?(?:[ \t]{2,}|[ \t]*\r?$)/gm)]
    const list = text.split(/^Recognized CPUID flags:/m)[0] ?? ''
    const emulatorModels = models.filter(({ index }) => index < list.length).map(([, name = '']) => name)
    return emulatorModels.length > 0 ? [{ ...EMULATOR, emulatorModels }] : []
  },
}

/** Models that only one other emulator has, in the form in which it lists them. */
const OTHERS: readonly (readonly [mark: RegExp, target: string])[] = [
  [/^[ \t]+(?:cortex-[am]\d+|neoverse-n1)[ \t]*\r?$/m, 'aarch64'],
  [/^PowerPC \S+[ \t]+(?:PVR [0-9a-f]{8}|\(alias )/m, 'ppc64'],
  [/^s390 \S+[ \t]+\(/m, 's390x'],
  [/^[ \t]+(?:rv64|sifive-u54|thead-c906)[ \t]*\r?$/m, 'riscv64'],
  [/^[ \t]*la464(?:-loongarch-cpu)?[ \t]*\r?$/m, 'loongarch64'],
]

const targetOf = (text: string): string | undefined => OTHERS.find(([mark]) => mark.test(text))?.[1]

const EMULATOR: Statement = {
  kind: 'statement',
  layer: 'offered',
  arch: 'x86_64',
  vocabulary: 'qemu',
  present: [],
  complete: false,
  notes: ['`-cpu help` lists the models of the emulator: which of them the host can run it does not say'],
}

/** A command that starts a QEMU: of `ps`, of libvirt's log of a guest, or of `qm showcmd`. */
export const qemuCommand: Dialect = {
  name: 'qemu-command',
  title: 'a QEMU command line with -cpu',
  hostsBy: 'cat /proc/cpuinfo',
  sniff: text => text.includes('-cpu') && !text.includes('```') && commandsIn(text).length > 0,
  read(text) {
    const guests = commandsIn(text).flatMap(guestOfCommand)
    // A log has every start of a guest: the last one counts.
    return guests.filter((guest, i) => !guests.slice(i + 1).some(later => later.name === guest.name))
  },
}

/** Also the option alone. A line may be continued by a backslash at its end, as in libvirt's logs. */
const commandsIn = (text: string): string[] =>
  text
    .replace(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .filter(line => /^(?:.*(?:\/|^|\s)(?:qemu-system-\w+|qemu-kvm|kvm)\s.*\s|\s*)-cpu\s+\S/.test(line))

function guestOfCommand(command: string): FoundGuest[] {
  const option = (name: string): string | undefined => {
    const found = new RegExp(`(?:^|\\s)-${name}\\s+('[^']*'|"[^"]*"|\\S+)`).exec(command)?.[1]
    return found?.replace(/^(['"])(.*)\1$/, '$2')
  }
  const argument = option('cpu')
  if (argument === undefined) return []
  const enforced = /,enforce\b/.test(argument) || !/^(?:host|max)\b/.test(argument)
  const cpu = parseCpuArgument(argument, enforced ? 'require' : 'optional')
  const arch = /qemu-system-(\w+)/.exec(command)?.[1] ?? archOfModel(CpuMap.builtIn(), cpu.model)
  const vcpus = Number(/^(?:cpus=)?(\d+)/.exec(option('smp') ?? '')?.[1] ?? 0)
  return [
    {
      kind: 'guest',
      layer: 'running',
      cpu: { ...cpu, arch },
      name: option('name')
        ?.replace(/^guest=/, '')
        .replace(/,.*/, ''),
      uuid: option('uuid'),
      vcpus: vcpus || undefined,
    },
  ]
}

const MODES: ReadonlyMap<string, Mode> = new Map([
  ['host', 'host-passthrough'],
  ['max', 'maximum'],
])

/** Properties of `-cpu` that are no feature of a CPU; those of Hyper-V and KVM are told by their prefix. */
const NO_FEATURE =
  /^(?:kvm|hv|xen|l3|x|tcg|fill|lbr|min|cpuid|svm-|vmware|legacy|full|stepping|family|model|level|xlevel|vendor|enforce|check|migratable|host|phys|guest|pmu|tsc-frequency|topoext-)(?:$|[-_]|.*-bits$|.*-id$)/

/**
 * What `-cpu` asks for, by libvirt's names: `Skylake-Server,+aes,-hle,vmx=on`.
 * @param absent what a feature that the host does not have does to a guest that asks for it
 */
export function parseCpuArgument(text: string, absent: 'require' | 'optional' = 'require'): GuestCpu {
  const [model = '', ...properties] = text.split(',').map(part => part.trim())
  const mode = MODES.get(model) ?? 'custom'
  const features = properties.flatMap((property): CpuFeature[] => {
    const [, sign = '', name = '', value = sign === '-' ? 'off' : 'on'] =
      /^([+-]?)([\w.-]+?)(?:=(\w+))?$/.exec(property) ?? []
    if (name === '' || NO_FEATURE.test(name) || !/^(?:on|off|yes|no|true|false)$/.test(value)) return []
    const policy = isOn(value) ? absent : 'disable'
    return libvirtNames('qemu', [name]).map(feature => ({ name: feature, policy }))
  })
  const settings = new Map(
    properties
      .map(property => /^([\w-]+)=(.*)$/.exec(property)?.slice(1) as [string, string])
      .filter(Boolean),
  )
  const migratable = settings.get('migratable')
  return {
    type: 'guest',
    mode,
    model: mode === 'custom' ? model : undefined,
    vendorId: settings.get('vendor'),
    migratable: mode === 'custom' || migratable === undefined ? undefined : isOn(migratable),
    features,
    cache: cacheOf(settings),
    maxphysaddr: addressWidth(properties),
  }
}

const isOn = (value: string): boolean => /^(?:on|yes|true)$/.test(value)

/** A cache of the third level that QEMU makes up, or the host's caches, or that there is none. */
function cacheOf(settings: ReadonlyMap<string, string>): GuestCache | undefined {
  const [own, host] = [settings.get('l3-cache'), settings.get('host-cache-info')]
  if (host !== undefined && isOn(host)) return { mode: 'passthrough' }
  if (own === undefined) return undefined
  return isOn(own) ? { level: 3, mode: 'emulate' } : { mode: 'disable' }
}

function addressWidth(properties: readonly string[]): MaxPhysAddr | undefined {
  const bits = properties.flatMap(property => /^phys-bits=(\d+)$/.exec(property)?.[1] ?? [])[0]
  if (bits !== undefined) return { mode: 'emulate', bits: Number(bits) }
  const own = properties.flatMap(property => /^host-phys-bits=(\w+)$/.exec(property)?.[1] ?? [])[0]
  if (own === undefined) return undefined
  if (!isOn(own)) return { mode: 'emulate' }
  const limit = properties.flatMap(property => /^host-phys-bits-limit=(\d+)$/.exec(property)?.[1] ?? [])[0]
  return { mode: 'passthrough', ...(limit === undefined ? {} : { limit: Number(limit) }) }
}
