import type { Dialogue } from '../../arch/dialogue.ts'
import { driverOf, requireDecoder } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import {
  computeHypervisorBaseline as baselineByBits,
  type HypervisorBaselineOptions,
} from '../../qemu/hypervisor-cpu.ts'
import type { HypervisorReasons } from '../answer-parts.ts'
import { Pool } from '../baseline/pool.ts'
import type { Context } from '../context.ts'
import { allowedOnAll, type HypervisorHost } from '../input/hypervisor.ts'
import { reasonOf } from '../words/note.ts'

/**
 * The CPU that the hypervisor of each of these hosts can give to guests of all these CPUs. On s390x QEMU itself is
 * asked.
 * @throws LibvirtError
 */
export function* hypervisorBaseline(
  { map, libvirt }: Context,
  cpus: readonly Cpu[],
  hosts: readonly HypervisorHost[],
  options: Omit<HypervisorBaselineOptions, 'arch' | 'libvirt'>,
): Dialogue<Cpu> {
  const allowance = allowedOnAll(hosts)
  const arch = hosts[0]?.arch ?? ''
  const throughQemu = driverOf(map, arch)?.throughQemu
  if (!throughQemu) return baselineByBits(map, cpus, allowance, { ...options, arch, libvirt })
  return yield* throughQemu.baseline(cpus, { models: [...allowance.models.keys()], expand: options.expand })
}

/** A CPU, and what answers call it. */
export interface GivenCpu {
  readonly cpu: Cpu
  readonly source: string
}

/** Where CPUs are looked at as bits only. */
export function hypervisorReasons(
  { map }: Context,
  given: readonly GivenCpu[],
  answer: Cpu,
): HypervisorReasons {
  const pool = new Pool(map, { explain: true, raw: true })
  for (const { cpu, source } of given) pool.add(cpu, source)
  const decoder = requireDecoder(map)
  const common = given.map(({ cpu }) => decoder.featuresOf(cpu)).reduce((all, features) => all.meet(features))
  const withheld = decoder.db.features.in(common.minus(decoder.featuresOf(answer))).map(reasonOf)
  return { ...pool.reasons(answer), withheld }
}
