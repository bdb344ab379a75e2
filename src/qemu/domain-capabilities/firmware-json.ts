import { isObject, member } from '../../formats/json/json-value.ts'
import type { Firmware } from './request.ts'

/**
 * The description of an installed firmware. Undefined for one that QEMU does not load as a file of its own, and for
 * what is no description.
 * @see QEMU, docs/interop/firmware.json
 */
export function parseFirmware(value: unknown): Firmware | undefined {
  const mapping = member(value, 'mapping')
  const path = findPath(mapping)
  const interfaces = texts(member(value, 'interface-types'))
  const targets = list(member(value, 'targets')).filter(isObject)
  if (path === undefined || interfaces.length === 0) return undefined
  return {
    path,
    interfaces,
    targets: targets.map(target => ({
      architecture: String(member(target, 'architecture')),
      machines: texts(member(target, 'machines')),
    })),
    features: texts(member(value, 'features')),
  }
}

/** Of flash, the part that is run; of memory and kernel, the file. */
function findPath(mapping: unknown): string | undefined {
  const path = member(member(mapping, 'executable'), 'filename') ?? member(mapping, 'filename')
  return typeof path === 'string' ? path : undefined
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const texts = (value: unknown): string[] => list(value).filter(item => typeof item === 'string')
