import { hasBehaviour } from '../../core/libvirt-version.ts'
import { isObject, member } from '../../formats/json/json-value.ts'
import { toLibvirtArch } from '../../formats/qemu/names.ts'
import type { DomainRequest, Firmware } from './request.ts'
import { makeEnum, type SectionEnum, selectNames } from './request.ts'

/** How a guest can be booted. */
export interface BootOptions {
  readonly firmware: SectionEnum
  /** Images that can be loaded. */
  readonly loaders: readonly string[]
  readonly loader: readonly SectionEnum[]
  /** What firmware can be asked to have; absent: this libvirt does not say. */
  readonly features?: readonly SectionEnum[]
}

export function findBootOptions(question: DomainRequest): BootOptions {
  const { host } = question
  const fitting = (host.firmware ?? []).filter(firmware => isForGuest(firmware, question))
  const speaks = (name: string): boolean => fitting.some(({ interfaces }) => interfaces.includes(name))
  const isSecure = fitting.some(
    ({ features }) => features.includes('secure-boot') && features.includes('requires-smm'),
  )
  const has = (feature: string): SectionEnum['values'] =>
    selectNames(
      ['yes', fitting.some(({ features }) => features.includes(feature))],
      ['no', fitting.some(({ features }) => !features.includes(feature))],
    )
  const described = new Set(fitting.map(({ path }) => path))
  return {
    firmware: makeEnum('firmware', selectNames(['bios', speaks('bios')], ['efi', speaks('uefi')])),
    loaders: host.loaders ?? (described.size > 0 ? [...described] : (host.defaultLoaders ?? [])),
    loader: [
      makeEnum('type', ['rom', 'pflash']),
      makeEnum('readonly', ['yes', 'no']),
      makeEnum('secure', selectNames(['yes', isSecure], ['no', true])),
    ],
    ...(hasBehaviour(question.libvirt, 'firmware-features') && {
      features: [makeEnum('secureBoot', has('secure-boot')), makeEnum('enrolledKeys', has('enrolled-keys'))],
    }),
  }
}

const isForGuest = ({ targets }: Firmware, { arch, machine }: DomainRequest): boolean =>
  targets.some(
    ({ architecture, machines }) =>
      toLibvirtArch(architecture) === arch && machines.some(pattern => matchesMachine(pattern, machine)),
  )

/** `*` is any text, `?` any character. */
function matchesMachine(pattern: string, machine: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${escaped}$`).test(machine)
}

/**
 * The description of an installed firmware. Undefined for one that QEMU does not load as a file of its own, and for
 * what is no description.
 * @see QEMU, docs/interop/firmware.json
 */
export function parseFirmware(value: unknown): Firmware | undefined {
  const mapping = member(value, 'mapping')
  const path = findPath(mapping)
  const interfaces = texts(member(value, 'interface-types'))
  const targets = list(member(value, 'targets')).filter(isObject)
  if (path === undefined || interfaces.length === 0) return undefined
  return {
    path,
    interfaces,
    targets: targets.map(target => ({
      architecture: String(member(target, 'architecture')),
      machines: texts(member(target, 'machines')),
    })),
    features: texts(member(value, 'features')),
  }
}

/** Of flash, the part that is run; of memory and kernel, the file. */
function findPath(mapping: unknown): string | undefined {
  const path = member(member(mapping, 'executable'), 'filename') ?? member(mapping, 'filename')
  return typeof path === 'string' ? path : undefined
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const texts = (value: unknown): string[] => list(value).filter(item => typeof item === 'string')
