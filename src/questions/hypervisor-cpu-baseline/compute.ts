import type { Dialogue } from '../../arch/dialogue.ts'
import { driverOf } from '../../arch/registry.ts'
import { featuresOf } from '../../arch/x86/definition.ts'
import type { Cpu } from '../../core/cpu.ts'
import {
  hypervisorBaseline as baselineX86,
  type HypervisorBaselineOptions,
} from '../../qemu/hypervisor-baseline.ts'
import { Pool } from '../baseline/pool.ts'
import type { Context } from '../context.ts'
import { allowedOnAll, type HypervisorHost } from '../input/hypervisor-host.ts'
import { reasonOf } from '../words/reason.ts'
import type { HypervisorReasons } from './answer.ts'

/**
 * The CPU that the hypervisor of each of these hosts can give to guests of all these CPUs. On s390x QEMU itself is
 * asked.
 * @throws LibvirtError
 */
export function* hypervisorBaseline(
  { db }: Context,
  cpus: readonly Cpu[],
  hosts: readonly HypervisorHost[],
  options: HypervisorBaselineOptions,
): Dialogue<Cpu> {
  const allowance = allowedOnAll(hosts)
  const throughQemu = driverOf(hosts[0]?.arch ?? '')?.throughQemu
  if (!throughQemu) return baselineX86(db, cpus, allowance, options)
  return yield* throughQemu.baseline(cpus, { models: [...allowance.models.keys()], expand: options.expand })
}

/** A CPU, and what answers call it. */
export interface GivenCpu {
  readonly cpu: Cpu
  readonly source: string
}

/** Of x86 only. */
export function hypervisorReasons(
  { db }: Context,
  given: readonly GivenCpu[],
  answer: Cpu,
): HypervisorReasons {
  const pool = new Pool(db, { explain: true, raw: true })
  for (const { cpu, source } of given) pool.add(cpu, source)
  const common = given.map(({ cpu }) => featuresOf(db, cpu)).reduce((all, features) => all.meet(features))
  const withheld = db.features.in(common.minus(featuresOf(db, answer))).map(reasonOf)
  return { ...pool.reasons(answer), withheld }
}
