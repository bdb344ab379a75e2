import type { DomainQuestion } from './request.ts'

type Machine = Pick<DomainQuestion, 'machine' | 'arch'>

export const isX86 = ({ arch }: Machine): boolean => arch === 'x86_64' || arch === 'i686'

export const isArm = ({ arch }: Machine): boolean => ['aarch64', 'armv7l', 'armv6l'].includes(arch)

export const isS390 = ({ arch }: Machine): boolean => arch === 's390x' || arch === 's390'

/** POWER's paravirtualised machine. */
export const isPseries = ({ machine, arch }: Machine): boolean =>
  arch.startsWith('ppc64') && /^pseries(-|$)/.test(machine)

/** The machine without a board of its own. */
export const isVirt = ({ machine }: Machine): boolean => /^virt(-|$)/.test(machine)

/** A PC with an IDE controller on its board: all i440FX ones; and others' boards that have one. */
export const hasIde = (question: Machine): boolean =>
  isX86(question)
    ? /^(pc|pc-\d.*|pc-i440fx(-.*)?|rhel\d.*)$/.test(question.machine)
    : ['g3beige', 'malta', 'sun4u'].includes(question.machine)

/** A PC, of whatever age. */
export const isPc = (question: Machine): boolean =>
  isX86(question) && /^(pc|q35|isapc|pc-.*)$/.test(question.machine)
