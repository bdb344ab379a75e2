import { internalError } from '../../core/libvirt-error.ts'
import {
  hexAttribute,
  type MapFiles,
  type MapTaker,
  requiredAttribute,
  walkCpuMap,
} from '../../map/libvirt/walk.ts'
import { child, type Element } from '../../xml/element.ts'

/** Who makes a core, and the number by which the main ID register says so. */
interface ArmVendor {
  readonly name: string
  readonly implementer: number
}

/** A core. libvirt finds it by its part number alone, whoever made it. */
export interface ArmModel {
  readonly name: string
  readonly vendor?: ArmVendor | undefined
  readonly part: number
}

/** What libvirt knows of ARM cores. */
export interface ArmMap {
  readonly vendors: readonly ArmVendor[]
  /** The names of the features that definitions may list, in map order. */
  readonly features: readonly string[]
  /** In map order. */
  readonly models: readonly ArmModel[]
}

/** An installed map's ARM cores. @throws LibvirtError with libvirt's texts for what it refuses to load */
export function readArmMap(read: MapFiles): ArmMap {
  const reader = new Reader()
  walkCpuMap(read, 'arm', reader)
  return reader
}

class Reader implements MapTaker, ArmMap {
  readonly vendors: ArmVendor[] = []
  readonly features: string[] = []
  readonly models: ArmModel[] = []

  vendor(element: Element, name: string): void {
    if (this.vendors.some(known => known.name === name))
      throw internalError(`CPU vendor ${name} already defined`)
    const implementer = hexAttribute(element, 'value')
    if (this.vendors.some(known => known.implementer === implementer)) {
      throw internalError(`CPU vendor value 0x${implementer.toString(16).padStart(2)} already defined`)
    }
    this.vendors.push({ name, implementer })
  }

  feature(_: Element, name: string): void {
    if (this.features.includes(name)) throw internalError(`CPU feature ${name} already defined`)
    this.features.push(name)
  }

  model(element: Element, name: string): void {
    if (this.models.some(known => known.name === name))
      throw internalError(`CPU model ${name} already defined`)
    const vendor = this.#vendorOf(element, name)
    const pvr = child(element, 'pvr')
    if (!pvr) throw internalError(`Missing PVR information for CPU model ${name}`)
    this.models.push({ name, vendor, part: hexAttribute(pvr, 'value') })
  }

  #vendorOf(element: Element, model: string): ArmVendor | undefined {
    const given = child(element, 'vendor')
    if (!given) return undefined
    const name = requiredAttribute(given, 'name')
    const vendor = this.vendors.find(known => known.name === name)
    if (!vendor) throw internalError(`Unknown vendor ${name} referenced by CPU model ${model}`)
    return vendor
  }
}
