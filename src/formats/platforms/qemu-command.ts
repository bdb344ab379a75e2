import type { CpuFeature, GuestCpu, MaxPhysAddr, Mode } from '../../core/cpu.ts'
import type { Dialect, FoundGuest } from '../found.ts'
import { libvirtNames } from './linux-host.ts'

/** A command that starts a QEMU: of `ps`, of libvirt's log of a guest, or of `qm showcmd`. */
export const qemuCommand: Dialect = {
  name: 'qemu-command',
  title: 'a QEMU command line with -cpu',
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
  const arch = /qemu-system-(\w+)/.exec(command)?.[1] ?? 'x86_64'
  const vcpus = Number(/^(?:cpus=)?(\d+)/.exec(option('smp') ?? '')?.[1] ?? 0)
  return [
    {
      kind: 'guest',
      layer: 'running',
      cpu: { ...parseCpuArgument(argument, enforced ? 'require' : 'optional'), arch },
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
  /^(?:kvm|hv|xen|l3|x|tcg|fill|lbr|min|cpuid|svm-|legacy|full|stepping|family|model|level|xlevel|vendor|enforce|check|migratable|host|phys|guest|pmu|tsc-frequency|topoext-)(?:$|[-_]|.*-bits$|.*-id$)/

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
    const policy = /^(?:on|yes|true)$/.test(value) ? absent : 'disable'
    return libvirtNames('qemu', [name]).map(feature => ({ name: feature, policy }))
  })
  return {
    type: 'guest',
    mode,
    model: mode === 'custom' ? model : undefined,
    features,
    maxphysaddr: addressWidth(properties),
  }
}

function addressWidth(properties: readonly string[]): MaxPhysAddr | undefined {
  const bits = properties.flatMap(property => /^phys-bits=(\d+)$/.exec(property)?.[1] ?? [])[0]
  if (bits !== undefined) return { mode: 'emulate', bits: Number(bits) }
  return properties.some(property => /^host-phys-bits=(?:on|true|yes)$/.test(property))
    ? { mode: 'passthrough' }
    : undefined
}
