import type { NamedRegisters } from '../../core/cpu.ts'

/** Logical CPUs of a machine that is not x86, whose registers read alike. */
export interface RegisterDump {
  /** libvirt's name of the architecture. */
  readonly arch: string
  readonly registers: NamedRegisters
  /** The numbers of the CPUs, as written. */
  readonly cpus: readonly string[]
  /** What its source does not tell. Absent: nothing to say. */
  readonly notes?: readonly string[]
}

/** Joins CPUs that read alike, in order of appearance. */
export function distinctRegisters(
  arch: string,
  cpus: readonly { readonly name: string; readonly registers: NamedRegisters }[],
): RegisterDump[] {
  const groups = new Map<string, { arch: string; registers: NamedRegisters; cpus: string[] }>()
  for (const { name, registers } of cpus) {
    const key = [...registers].map(([register, value]) => `${register}=${value}`).join()
    const group = groups.get(key)
    if (group) group.cpus.push(name)
    else groups.set(key, { arch, registers, cpus: [name] })
  }
  return [...groups.values()]
}
