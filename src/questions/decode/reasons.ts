import type { CpuBits } from '../../arch/driver.ts'
import type { Cpu } from '../../core/cpu.ts'
import { matches } from '../../core/signature.ts'
import type { Context } from '../context.ts'
import { reasonOf } from '../words/reason.ts'
import type { DecodeReasons } from './answer.ts'

/** @param cpu what `data` was decoded to */
export function decodeReasons({ db }: Context, data: CpuBits, cpu: Cpu): DecodeReasons {
  const own = db.models.filter(model => data.signature && matches(model.signatures, data.signature))
  const out = own.filter(model => model.decode[cpu.type] && !model.features.leq(data.features))
  const passedOver = out
    .filter(model => model.name !== cpu.model)
    .map(model => ({
      model: model.name,
      missing: db.features.in(model.features.minus(data.features)).map(reasonOf),
    }))
  return {
    model: cpu.model ?? '',
    matches: own.some(model => model.name === cpu.model),
    beyond: cpu.features.filter(({ policy }) => policy !== 'disable').length,
    disabled: cpu.features.filter(({ policy }) => policy === 'disable').length,
    passedOver,
  }
}
