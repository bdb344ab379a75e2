import { libvirtArch } from '../names.ts'
import type { DomainQuestion, Firmware } from './request.ts'
import { type Choice, choice, those } from './section.ts'

/** How a guest can be booted. */
export interface OsChoices {
  readonly firmware: Choice
  /** Images that can be loaded. */
  readonly loaders: readonly string[]
  readonly loader: readonly Choice[]
}

export function osChoices(question: DomainQuestion): OsChoices {
  const { host } = question
  const fitting = (host.firmware ?? []).filter(firmware => fits(firmware, question))
  const speaks = (name: string): boolean => fitting.some(({ interfaces }) => interfaces.includes(name))
  const isSecure = fitting.some(
    ({ features }) => features.includes('secure-boot') && features.includes('requires-smm'),
  )
  const described = new Set(fitting.map(({ path }) => path))
  return {
    firmware: choice('firmware', those(['bios', speaks('bios')], ['efi', speaks('uefi')])),
    loaders: host.loaders ?? (described.size > 0 ? [...described] : (host.defaultLoaders ?? [])),
    loader: [
      choice('type', ['rom', 'pflash']),
      choice('readonly', ['yes', 'no']),
      choice('secure', those(['yes', isSecure], ['no', true])),
    ],
  }
}

const fits = ({ targets }: Firmware, { arch, machine }: DomainQuestion): boolean =>
  targets.some(
    ({ architecture, machines }) =>
      libvirtArch(architecture) === arch && machines.some(pattern => matches(pattern, machine)),
  )

/** `*` is any text, `?` any character. */
function matches(pattern: string, machine: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${escaped}$`).test(machine)
}
