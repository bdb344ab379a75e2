import type { NamedRegisters } from '../../core/cpu.ts'
import { type Field, meetValues, readField, writeField } from '../../core/field.ts'

/** ID registers that are safe on several cores, and the fields that no value is safe for. */
interface RegisterMeet {
  readonly registers: NamedRegisters
  /** Fields that must agree and do not; they are zero in `registers`. */
  readonly conflicts: readonly Field[]
}

/**
 * The registers that a guest may see on both cores, as far as they have these fields: each field's safe value. A register that only one core told is
 * left out; bits that belong to no field are zero, as Linux hides what it does not know.
 */
export function meetRegisters(fields: readonly Field[], a: NamedRegisters, b: NamedRegisters): RegisterMeet {
  const registers = new Map<string, bigint>()
  const conflicts: Field[] = []
  for (const field of fields) {
    const { register, order } = field
    const [left, right] = [a.get(register), b.get(register)]
    if (left === undefined || right === undefined) continue
    const value = meetValues(order, readField(field, left), readField(field, right))
    if (value === undefined) conflicts.push(field)
    registers.set(register, writeField(field, value ?? 0, registers.get(register) ?? 0n))
  }
  return { registers, conflicts }
}
