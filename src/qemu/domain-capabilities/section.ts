import type { DomainRequest } from './request.ts'

/** What a guest may choose from, under the name of what it sets. Empty: known to be none. */
export interface SectionEnum {
  readonly name: string
  readonly values: readonly string[]
}

/** A kind of device or a feature, whether a guest can have it, and in which ways. */
export interface Section {
  readonly name: string
  readonly supported: boolean
  /** Only where it is supported. */
  readonly choices?: readonly SectionEnum[]
}

export const makeEnum = (name: string, values: readonly string[]): SectionEnum => ({ name, values })

/** The names, in order, whose condition holds. */
export const selectNames = (...all: readonly (readonly [name: string, holds: boolean])[]): string[] =>
  all.flatMap(([name, holds]) => (holds ? [name] : []))

/** @param choices nothing where it is not supported */
export const makeSection = (name: string, supported: boolean, ...choices: readonly SectionEnum[]): Section =>
  supported && choices.length > 0 ? { name, supported, choices } : { name, supported }

type Machine = Pick<DomainRequest, 'machine' | 'arch'>

export const isPcTarget = ({ arch }: Machine): boolean => arch === 'x86_64' || arch === 'i686'

export const isArm = ({ arch }: Machine): boolean => ['aarch64', 'armv7l', 'armv6l'].includes(arch)

export const isS390 = ({ arch }: Machine): boolean => arch === 's390x' || arch === 's390'

/** POWER's paravirtualised machine. */
export const isPseries = ({ machine, arch }: Machine): boolean =>
  arch.startsWith('ppc64') && /^pseries(-|$)/.test(machine)

/** The machine without a board of its own. */
export const isVirt = ({ machine }: Machine): boolean => /^virt(-|$)/.test(machine)

/** A PC with an IDE controller on its board: all i440FX ones; and others' boards that have one. */
export const hasIde = (question: Machine): boolean =>
  isPcTarget(question)
    ? /^(pc|pc-\d.*|pc-i440fx(-.*)?|rhel\d.*)$/.test(question.machine)
    : ['g3beige', 'malta', 'sun4u'].includes(question.machine)

/** A PC, of whatever age. */
export const isPc = (question: Machine): boolean =>
  isPcTarget(question) && /^(pc|q35|isapc|pc-.*)$/.test(question.machine)
