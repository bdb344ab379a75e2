import type { Cpu } from '../../core/cpu.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import type { Pool } from './pool.ts'

/** A pool's guest CPU. */
export interface BaselineAnswer {
  readonly xml: string
  readonly model: string
  /** Everything the CPU has, its model's features included, in map order. */
  readonly features: readonly string[]
}

/** @param cpu the pool's result */
export const baselineAnswer = (pool: Pool, cpu: Cpu): BaselineAnswer => ({
  xml: printCpu(cpu),
  model: cpu.model ?? '',
  features: pool.features(cpu),
})
