import type { Cpu, GuestCpu, NamedRegisters } from '../../core/cpu.ts'
import { type Field, meetValues, printField, readField, writeField } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { FeatureView, Fold, IdRegisters, Obstacles } from '../driver.ts'
import type { ArmModels } from './models.ts'

/** libvirt's baseline: the first CPU's model, known or not; the others are not looked at. */
export class FirstFold implements Fold {
  readonly common = FeatureSet.empty
  readonly vendors: readonly string[] = []
  readonly firstOnly = true
  readonly #models = new Set<string>()

  get models(): readonly string[] {
    return [...this.#models]
  }

  add({ model }: Cpu): void {
    if (model !== undefined) this.#models.add(model)
  }

  result(): GuestCpu {
    const [model] = this.#models
    return { type: 'guest', mode: 'custom', match: 'exact', model, fallback: 'allow', features: [] }
  }

  dependsOnOrder(): boolean {
    return this.#models.size > 1
  }
}

/** A host as far as the meet needs it. */
interface Host {
  readonly model: string
  readonly vendor: string | undefined
  readonly features: FeatureSet
}

/**
 * Beyond libvirt: what all hosts have, flag by flag, and field by field where their ID registers are known. The
 * model is the one of the hosts that is nearest to that; what it has beyond is disabled. The order of the hosts does
 * not matter.
 */
export class MeetFold implements Fold {
  readonly view: FeatureView
  readonly #known: ArmModels
  readonly #hosts = new Map<string, Host>()
  readonly #conflicts = new Set<string>()
  #common: FeatureSet | undefined
  #registers: NamedRegisters | undefined
  #allHaveRegisters = true
  readonly #all: NamedRegisters[] = []

  constructor(known: ArmModels) {
    this.#known = known
    this.view = known.view
  }

  get models(): readonly string[] {
    return [...new Set([...this.#hosts.values()].map(({ model }) => model))]
  }

  get vendors(): readonly string[] {
    return [...new Set([...this.#hosts.values()].flatMap(({ vendor }) => vendor ?? []))].sort()
  }

  get common(): FeatureSet {
    return this.#common ?? FeatureSet.empty
  }

  add(cpu: Cpu): void {
    const { model = '', vendor, registers } = cpu
    const features = this.#known.flagsOf(cpu)
    this.#hosts.set(`${vendor}/${model}/${features}`, { model, vendor, features })
    this.#common = this.#common?.meet(features) ?? features
    this.#allHaveRegisters &&= registers !== undefined
    if (registers) this.#meet(registers)
    if (registers) this.#all.push(registers)
  }

  result(): GuestCpu {
    const [nearest] = [...this.#hosts.values()].sort((a, b) => this.#compare(a, b))
    if (!nearest) throw new RangeError('no CPU was added')
    const { table } = this.view
    const beyond = nearest.features.minus(this.common).minus(table.withOrder('.'))
    if (this.common.isEmpty && !nearest.features.isEmpty)
      throw new LibvirtError('op-failed', 'CPUs are incompatible')
    const listed = (set: FeatureSet, policy: 'require' | 'disable') =>
      table.in(set).map(({ name }) => ({ name, policy }))
    return {
      type: 'guest',
      mode: 'custom',
      match: 'exact',
      model: nearest.model,
      fallback: 'forbid',
      vendor: nearest.vendor,
      registers: this.#allHaveRegisters ? this.#registers : undefined,
      features: [...listed(this.common, 'require'), ...listed(beyond, 'disable')],
    }
  }

  dependsOnOrder(): boolean {
    return false
  }

  /** What KVM and QEMU can and cannot do about the differences. */
  get obstacles(): Obstacles {
    const all = [...this.#hosts.values()].reduce((set, { features }) => set.join(features), FeatureSet.empty)
    const { table } = this.view
    const lost = table
      .in(all.minus(this.common).minus(table.withOrder('.')))
      .map(({ name }) => name)
      .filter(name => !isNeverGiven(name))
    return {
      hideWith: [...new Set(lost.flatMap(name => hiddenBy(name) ?? []))],
      fixed: lost.filter(name => hiddenBy(name) === undefined),
      conflicts: [...this.#conflicts],
      models: this.models,
      idRegisters: this.#idRegisters(),
    }
  }

  /** Of hosts whose fields are known; a dump with the main ID register alone tells of none. */
  #idRegisters(): IdRegisters | undefined {
    const met = this.#registers
    const isTold =
      met &&
      this.#allHaveRegisters &&
      this.#known.steps().length > 0 &&
      [...met.keys()].some(name => name.startsWith('ID_'))
    if (!isTold) return undefined
    const differing = this.#known.fields().flatMap(field => {
      const values = new Set(
        this.#all.flatMap(one => one.get(field.register) ?? []).map(one => readField(field, one)),
      )
      const isOwn = field.order === '<' || field.order === '>'
      const register = met.get(field.register)
      return isOwn && values.size > 1 && register !== undefined ? [{ field, values, register }] : []
    })
    const midrs = new Set(this.#all.flatMap(one => one.get('MIDR_EL1') ?? []))
    return {
      sysregs: differing.map(
        ({ field, register }) =>
          `SYSREG_${field.register}_${field.name.toUpperCase()}=0x${rawField(field, register).toString(16)}`,
      ),
      feats: differing.flatMap(({ field, values, register }) => {
        const names = this.#known.names().get(`${field.register}.${field.name}`) ?? []
        const most = Math.max(...values)
        const safe = readField(field, register)
        return names
          .filter(({ name, value }) => name !== '-' && value > safe && value <= most)
          .map(({ name }) => `feat_${name}=off`)
      }),
      midrs: [...midrs].sort().map(midr => `0x${midr.toString(16)}`),
    }
  }

  #meet(registers: NamedRegisters): void {
    if (!this.#registers) {
      this.#registers = meetRegisters(this.#known.fields(), registers, registers).registers
      return
    }
    const { registers: met, conflicts } = meetRegisters(this.#known.fields(), this.#registers, registers)
    this.#registers = met
    for (const field of conflicts) this.#conflicts.add(`${printField(field)} ${field.name}`)
  }

  /** Nearest first: fewest features beyond what is common; then by the order in which cores are known, and by name. */
  #compare(a: Host, b: Host): number {
    const beyond = ({ features }: Host) => features.sizeWithout(this.common)
    return (
      beyond(a) - beyond(b) ||
      this.#rank(a) - this.#rank(b) ||
      (a.model < b.model ? -1 : a.model > b.model ? 1 : 0)
    )
  }

  #rank({ model, vendor }: Host): number {
    const cores = this.#known.cores()
    const at = cores.findIndex(core => core.name === model && core.vendor?.name === vendor)
    return at < 0 ? cores.length : at
  }
}

/** The field's bits as they stand. */
const rawField = ({ lsb, length }: Field, register: bigint): bigint =>
  BigInt.asUintN(length, register >> BigInt(lsb))

/** QEMU's property that hides a flag of the host from guests under KVM; undefined: nothing does. @see QEMU, Arm CPU Features */
function hiddenBy(hwcap: string): string | undefined {
  if (hwcap.startsWith('sve')) return 'sve=off'
  return hwcap === 'paca' || hwcap === 'pacg' ? 'pauth=off' : undefined
}

/** What KVM gives no guest, or only one that asks for it: that hosts differ in it keeps no guest from moving. */
export const isNeverGiven = (hwcap: string): boolean => hwcap.startsWith('sme') || hwcap.startsWith('mte')

/** ID registers that are safe on several cores, and the fields that no value is safe for. */
interface RegisterMeet {
  readonly registers: NamedRegisters
  /** Fields that must agree and do not; they are zero in `registers`. */
  readonly conflicts: readonly Field[]
}

/**
 * The registers that a guest may see on both cores, as far as they have these fields: each field's safe value. A register that only one core reported is
 * left out; bits that belong to no field are zero, as Linux hides what it does not know.
 */
function meetRegisters(fields: readonly Field[], a: NamedRegisters, b: NamedRegisters): RegisterMeet {
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
