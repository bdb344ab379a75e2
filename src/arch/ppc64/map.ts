import type { U32 } from '../../core/bits.ts'
import { internalError } from '../../core/libvirt-error.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { readDataFile } from '../../map/data.ts'
import { hexAttribute, type MapFiles, type MapTaker, walkCpuMap } from '../../map/libvirt/walk.ts'
import { type DataStatement, faultIn } from '../../map/text/data-file.ts'
import { hexOf, parseModelList } from '../../map/text/model-list.ts'
import { child, children, type Element } from '../../xml/element.ts'

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
