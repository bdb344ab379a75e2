import type { CpuidRow, MsrRow } from '../src/core/cpuid.ts'
import { LibvirtError } from '../src/core/libvirt-error.ts'
import { decode, explain } from '../src/questions/library.ts'

/** What a guest sees of its CPU. */
export interface Seen {
  readonly cpuid: CpuidRow[]
  readonly msr: MsrRow[]
}

/** A host of a pool: its CPU as capabilities have it, and as its hypervisor gives it to guests. */
export interface Member {
  readonly name: string
  readonly xml: string
  readonly domcaps: string
}

/** Guests of QEMU's own emulation. */
export const REQUEST = { vcpus: 1, accelerator: 'tcg', machine: 'pc-q35-10.0', qemu: '10.0' } as const

/** A host with such a CPU, that gives guests all of it; undefined where nothing was seen, or libvirt has no model for it. */
export function hostOf(name: string, seen: Seen | undefined): Member | undefined {
  // A version of AVX10 is no feature that could be turned off.
  if (!seen?.cpuid.length) return undefined
  try {
    const own = decode({ ...seen, as: 'guest' }).xml.replace(/<\/?cpu[^>]*>/g, '')
    const mode = `<mode name='host-model' supported='yes'>${own}</mode>`
    const domcaps = `<domainCapabilities><domain>qemu</domain><arch>x86_64</arch><cpu>${mode}</cpu></domainCapabilities>`
    return { name, xml: decode({ ...seen, as: 'host' }).xml, domcaps }
  } catch (error) {
    if (error instanceof LibvirtError) return undefined
    throw error
  }
}

/** A definition, and what it has that some host is not known to give. */
interface Definition {
  readonly xml: string
  readonly qemu: string
  readonly assumed: readonly string[]
}

/** The operator's definition of a pool of these hosts. */
export function operatorsOf(members: readonly Member[]): Definition {
  const documents = members.flatMap(({ name, xml, domcaps }) => [
    { path: `p/${name}.xml`, text: xml },
    { path: `p/${name}.domcaps.xml`, text: domcaps },
  ])
  const answer = explain({ documents })
  const [pool] = 'pools' in answer ? answer.pools : []
  const expression = pool && 'expression' in pool ? pool.expression : undefined
  if (!expression) throw new RangeError('no definition')
  return expression
}
