import type { U32 } from '../../core/bits.ts'
import { asGuest, type Cpu, type GuestCpu } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { readDataFile } from '../../map/data.ts'
import { hexAttribute, type MapFiles, type MapTaker, walkCpuMap } from '../../map/libvirt/walk.ts'
import { type DataStatement, faultIn, hexOf, parseModelList } from '../../map/text/data-file.ts'
import { child, children, type Element } from '../../xml/element.ts'
import { type Comparison, type Fold, IDENTICAL, incompatible } from '../driver.ts'

/** Values of the processor version register that mean a model: those equal to `value` under `mask`. */
interface PvrMatch {
  readonly value: U32
  readonly mask: U32
}

/** A POWER processor. */
export interface PowerModel {
  readonly name: string
  readonly vendor?: string | undefined
  readonly pvrs: readonly PvrMatch[]
  /** The compatibility mode that is its own; absent: it has none. */
  readonly level?: number | undefined
}

/** What is known of POWER processors. */
export interface PowerMap {
  readonly vendors: readonly string[]
  /** In map order. */
  readonly models: readonly PowerModel[]
}

/** An installed map's POWER processors. @throws LibvirtError with libvirt's texts for what it refuses to load */
export function readPowerMap(read: MapFiles): PowerMap {
  const reader = new Reader()
  walkCpuMap(read, 'ppc64', reader)
  return reader
}

class Reader implements MapTaker, PowerMap {
  readonly vendors: string[] = []
  readonly models: PowerModel[] = []

  vendor(_: Element, name: string): void {
    if (this.vendors.includes(name)) throw internalError(`CPU vendor ${name} already defined`)
    this.vendors.push(name)
  }

  model(element: Element, name: string): void {
    if (this.models.some(model => model.name === name))
      throw internalError(`CPU model ${name} already defined`)
    const vendor = this.#vendorOf(element, name)
    const pvrs = children(element, 'pvr').map(pvr => ({
      value: hexAttribute(pvr, 'value'),
      mask: hexAttribute(pvr, 'mask'),
    }))
    if (pvrs.length === 0) throw internalError(`Missing PVR information for CPU model ${name}`)
    this.models.push({ name, vendor, pvrs, level: levelOf(name) })
  }

  #vendorOf(element: Element, model: string): string | undefined {
    const given = child(element, 'vendor')
    if (!given) return undefined
    const { name } = given.attributes
    if (name === undefined) throw internalError(`Invalid vendor element in CPU model ${model}`)
    if (!this.vendors.includes(name))
      throw internalError(`Unknown vendor ${name} referenced by CPU model ${model}`)
    return name
  }
}

/** Maps do not say it: a server processor's compatibility mode is the number in its name. */
function levelOf(name: string): number | undefined {
  const level = /^POWER(\d+)$/.exec(name)?.[1]
  return level === undefined ? undefined : Number(level)
}

/** The file of our models. */
export const MODELS = 'ppc64/models.txt'

/** The words that begin a field there. */
export const FIELDS = ['pvr', 'level', 'aka']

/** Our own models, those that are known. @throws ParseError */
export function builtinPowerMap(knows: CpuMap['knows'] = () => true): PowerMap {
  const { vendors, models: rows } = listed()
  const known = rows.filter(({ name }) => knows(name))
  return {
    vendors: vendors.map(({ name }) => name),
    models: known.map(({ at, name, vendor, fields }) => ({
      name,
      vendor: vendor?.name,
      pvrs: (fields.pvr ?? []).map(text => pvrOf(text, at)),
      level: fields.level && Number(fields.level[0]),
    })),
  }
}

const listed = () => parseModelList(readDataFile(MODELS), MODELS, FIELDS)

function pvrOf(text: string, at: DataStatement): PvrMatch {
  const [value, mask, more] = text.split('/')
  if (value === undefined || mask === undefined || more !== undefined)
    throw faultIn(at, 'a pvr is VALUE/MASK', text)
  return { value: hexOf(value, at), mask: hexOf(mask, at) }
}

/** Names that libvirt once had, and what each became. An installed map does not say, libvirt's code does. */
export const legacyNames = (): ReadonlyMap<string, string> =>
  new Map(listed().models.flatMap(({ name, fields }) => (fields.aka ?? []).map(old => [old, name] as const)))

/** @throws LibvirtError */
function powerModelOf(map: PowerMap, name: string): PowerModel {
  const model = map.models.find(known => known.name === name)
  if (!model) throw internalError(`Unknown CPU model ${name}`)
  return model
}

/**
 * Whether the CPU is of the host's model; a newer POWER does not stand in for an older one, and features are not
 * looked at. A guest of mode host-model may name a compatibility mode, up to the host's own.
 * @param cpu with the name that its model has now
 * @throws LibvirtError for an unknown model or compatibility mode
 */
export function comparePower(map: PowerMap, host: Cpu | undefined, cpu: Cpu): Comparison {
  if (host?.model === undefined) return incompatible('unknown host CPU')
  if (cpu.arch !== undefined && cpu.arch !== 'ppc64' && cpu.arch !== 'ppc64le') {
    return incompatible(`CPU arch ${cpu.arch} does not match host arch`)
  }
  if (cpu.vendor !== undefined && cpu.vendor !== host.vendor) {
    return incompatible(`host CPU vendor does not match required CPU vendor ${cpu.vendor}`)
  }
  const own = powerModelOf(map, host.model)
  const guest = asGuest(cpu)
  if (guest?.mode === 'host-model') return compareLevels(map, own, cpu.model)
  if (guest?.mode === 'host-passthrough' || guest?.mode === 'maximum') return IDENTICAL
  if (cpu.model === undefined) throw new LibvirtError('invalid-arg', 'no CPU model specified')
  const { name } = powerModelOf(map, cpu.model)
  return name === own.name
    ? IDENTICAL
    : incompatible(`host CPU model does not match required CPU model ${name}`)
}

/** @param mode the compatibility mode that a guest asks for, `power9`; absent: the host's own */
function compareLevels(map: PowerMap, host: PowerModel, mode: string | undefined): Comparison {
  if (mode === undefined) return IDENTICAL
  if (host.level === undefined) throw internalError('Host CPU does not support compatibility modes')
  const level = /^power\d+$/.test(mode) ? Number(mode.slice('power'.length)) : undefined
  if (level === undefined || !map.models.some(model => model.level === level)) {
    throw internalError(`Unknown compatibility mode ${mode}`)
  }
  return level > host.level ? incompatible('') : IDENTICAL
}

const failed = (detail: string): LibvirtError => new LibvirtError('op-failed', detail)

/** The baseline of POWER processors: all must be of one model, which is the answer. */
export class PowerFold implements Fold {
  readonly common = FeatureSet.empty
  readonly #map: PowerMap
  #model: PowerModel | undefined
  #vendor: string | undefined

  constructor(map: PowerMap) {
    this.#map = map
  }

  get models(): readonly string[] {
    return this.#model ? [this.#model.name] : []
  }

  get vendors(): readonly string[] {
    return this.#vendor === undefined ? [] : [this.#vendor]
  }

  add(cpu: Cpu): void {
    this.#model ??= powerModelOf(this.#map, cpu.model ?? '')
    if (cpu.model !== this.#model.name) throw failed('CPUs are incompatible')
    if (cpu.vendor !== undefined) this.#checkVendor(this.#model, cpu.vendor)
  }

  result(): GuestCpu {
    if (!this.#model) throw new RangeError('no CPU was added')
    const vendor = this.#model.vendor === undefined ? this.#vendor : undefined
    const { name } = this.#model
    return {
      type: 'guest',
      mode: 'custom',
      match: 'exact',
      model: name,
      fallback: 'forbid',
      vendor,
      features: [],
    }
  }

  dependsOnOrder(): boolean {
    return false
  }

  #checkVendor(model: PowerModel, name: string): void {
    if (!this.#map.vendors.includes(name)) throw failed(`Unknown CPU vendor ${name}`)
    if (model.vendor !== undefined && model.vendor !== name) {
      throw failed(`CPU vendor ${model.vendor} of model ${model.name} differs from vendor ${name}`)
    }
    if (this.#vendor !== undefined && this.#vendor !== name) throw failed('CPU vendors do not match')
    this.#vendor = name
  }
}
