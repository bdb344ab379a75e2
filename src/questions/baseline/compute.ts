import type { Cpu } from '../../core/cpu.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import type { BaselineAnswer } from './answer.ts'
import type { Pool } from './pool.ts'

/** @param cpu the pool's result */
export const baselineAnswer = (pool: Pool, cpu: Cpu): BaselineAnswer => ({
  xml: printCpu(cpu),
  model: cpu.model ?? '',
  features: pool.features(cpu),
})
