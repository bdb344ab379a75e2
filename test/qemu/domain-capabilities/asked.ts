import { CpuMap } from '../../../src/map/cpu-map.ts'
import type { AcceleratorCapabilities, QemuCapabilities, QemuModel } from '../../../src/qemu/capabilities.ts'
import { QapiSchema } from '../../../src/qemu/capabilities.ts'
import type { DomainHost, DomainRequest } from '../../../src/qemu/domain-capabilities/request.ts'

/** What of a question a test cares about; the rest is an x86_64 QEMU on KVM that can do nothing. */
export interface Asked {
  readonly arch?: string
  readonly accelerator?: DomainRequest['accelerator']
  readonly machine?: string
  readonly isNative?: boolean
  readonly types?: string
  readonly properties?: Readonly<Record<string, string>>
  readonly qemu?: Partial<QemuCapabilities>
  readonly with?: Partial<AcceleratorCapabilities>
  readonly host?: DomainHost
}

const words = (text = ''): string[] => text.split(' ').filter(Boolean)

export function asked(parts: Asked = {}): DomainRequest {
  const { arch = 'x86_64', accelerator = 'kvm', machine = 'pc-q35-10.0', isNative = true } = parts
  const given = { machines: [], ...parts.with }
  const qemu: QemuCapabilities = {
    arch,
    accelerators: new Map([[accelerator, given]]),
    types: new Set(words(parts.types)),
    properties: new Map(
      Object.entries(parts.properties ?? {}).map(([type, names]) => [type, new Set(words(names))]),
    ),
    schema: new QapiSchema([]),
    options: new Map(),
    migration: new Set(),
    tpm: { models: [], types: [] },
    ...parts.qemu,
  }
  return {
    map: CpuMap.builtIn(),
    libvirt: '11.3',
    qemu,
    with: given,
    accelerator,
    arch,
    isNative,
    machine,
    host: parts.host ?? {},
  }
}

/** `EPYC` QEMU does not tell, `EPYC:` usable, `EPYC:mpx,pku` with what it lacks; `!` in front: deprecated. */
export const models = (text: string): QemuModel[] =>
  words(text).map(word => {
    const [, mark, name = '', lacks] = /^(!?)([^:]*)(?::(.*))?$/.exec(word) ?? []
    const unavailable = lacks === undefined ? {} : { unavailable: lacks.split(',').filter(Boolean) }
    return { name, deprecated: mark === '!', ...unavailable }
  })
