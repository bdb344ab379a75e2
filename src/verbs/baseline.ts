import type { Cpu } from '../core/cpu.ts'
import { printCpu } from '../formats/print-cpu.ts'
import type { Pool } from './pool.ts'
import type { LostFeature } from './reason.ts'

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

/** Why the pool's CPU is as it is. */
export interface BaselineReasons {
  /** How many hosts there are. */
  readonly hosts: number
  readonly model: {
    readonly name: string
    /** The models that the hosts' own definitions name, each once. */
    readonly of: readonly string[]
    /** `asked`: by `onModel`; `shared`: every host is of this model; `own`: some are; `closest`: none is. */
    readonly because: 'asked' | 'shared' | 'own' | 'closest'
    readonly beyond: number
    readonly disabled: number
  }
  readonly lost: readonly LostFeature[]
}
