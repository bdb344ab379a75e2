import { toLibvirtArch } from '../names.ts'
import type { DomainRequest, Firmware } from './request.ts'
import { makeEnum, type SectionEnum, selectNames } from './section.ts'

/** How a guest can be booted. */
export interface BootOptions {
  readonly firmware: SectionEnum
  /** Images that can be loaded. */
  readonly loaders: readonly string[]
  readonly loader: readonly SectionEnum[]
}

export function findBootOptions(question: DomainRequest): BootOptions {
  const { host } = question
  const fitting = (host.firmware ?? []).filter(firmware => isForGuest(firmware, question))
  const speaks = (name: string): boolean => fitting.some(({ interfaces }) => interfaces.includes(name))
  const isSecure = fitting.some(
    ({ features }) => features.includes('secure-boot') && features.includes('requires-smm'),
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
