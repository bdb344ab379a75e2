import {
  ARCH_NAMES,
  CHECKS,
  type Cpu,
  type Fallback,
  type GuestCpu,
  type HostCpu,
  MATCHES,
  MODES,
  type Mode,
} from '../../core/cpu.ts'
import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'
import type { Element } from '../../xml/element.ts'
import {
  cacheOf,
  maxphysaddrOf,
  oneOf,
  type Parts,
  parseFeatures,
  parseMicrocode,
  parseSignature,
  readFlag,
  sortChildren,
  textOfChild,
  topologyOf,
  tscOf,
} from './attributes.ts'

/** What the caller expects: `auto` takes an `<arch>` child as the sign of a host CPU. */
export type Expected = 'auto' | 'host' | 'guest'

/**
 * Reads a `<cpu>` element as libvirt does, in its order of checks. Names of models, features and vendors
 * are not looked up; unknown attributes and children are passed over; of repeated children the first counts.
 * @throws LibvirtError with libvirt's kind and text
 */
export function parseCpu(element: Element | undefined, expected: 'host'): HostCpu
export function parseCpu(element: Element | undefined, expected: 'guest'): GuestCpu
export function parseCpu(element: Element | undefined, expected: Expected): Cpu
export function parseCpu(element: Element | undefined, expected: Expected): Cpu {
  if (!element) throw new LibvirtError('invalid-arg', 'missing CPU definition')
  if (element.name !== 'cpu') throw xmlError("XML does not contain expected 'cpu' element")
  const parts = sortChildren(element)
  if (expected === 'auto' && parts.arch && element.attributes.match !== undefined) {
    throw xmlError("'arch' element cannot be used inside 'cpu' element with 'match' attribute'")
  }
  const isHost = expected === 'host' || (expected === 'auto' && parts.arch !== undefined)
  return isHost ? parseHost(element, parts) : parseGuest(element, parts)
}

function parseHost(element: Element, parts: Parts): HostCpu {
  if (element.attributes.mode !== undefined) {
    throw new LibvirtError('unsupported', 'Attribute mode is only allowed for guest CPU')
  }
  migratableOf(element, undefined)
  const arch = archOf(parts)
  const microcode = parseMicrocode(parts.microcode)
  const signature = parseSignature(parts.signature)
  const tsc = tscOf(parts.tsc)
  const model = textOfChild(parts.model)
  if (model === undefined) throw xmlError('Missing CPU model name')
  const { vendor, topology, features, cache, maxphysaddr } = tail(parts, model, false)
  return {
    type: 'host',
    arch,
    model,
    vendor,
    microcode,
    signature,
    tsc,
    topology,
    cache,
    maxphysaddr,
    features,
  }
}

function parseGuest(element: Element, parts: Parts): GuestCpu {
  const mode = modeOf(element)
  const migratable = migratableOf(element, mode)
  const match = oneOf(element, 'match', MATCHES) ?? 'exact'
  const check = oneOf(element, 'check', ['default', ...CHECKS] as const)
  const deprecatedFeatures = readFlag(element, 'deprecated_features', 'on', 'off')
  const model = textOfChild(parts.model)
  const named = mode === 'custom' || mode === 'host-model'
  return {
    type: 'guest',
    mode,
    match,
    check: check === 'default' ? undefined : check,
    migratable,
    deprecatedFeatures,
    model,
    fallback: (named && fallbackOf(parts.model)) || 'allow',
    vendorId: named ? vendorIdOf(parts.model) : undefined,
    ...tail(parts, model, true, mode),
  }
}

/** What host and guest share, in libvirt's order. */
function tail(parts: Parts, model: string | undefined, guest: boolean, mode?: Mode) {
  const vendor = textOfChild(parts.vendor)
  if (vendor !== undefined && model === undefined) throw xmlError('CPU vendor specified without CPU model')
  const topology = topologyOf(parts.topology)
  if (parts.features.length > 0 && mode === 'custom' && model === undefined) {
    throw xmlError('Non-empty feature list specified without CPU model')
  }
  const features = parseFeatures(parts.features, guest)
  return {
    vendor,
    topology,
    features,
    cache: cacheOf(parts.caches),
    maxphysaddr: maxphysaddrOf(parts.maxphysaddr),
  }
}

function modeOf(element: Element): Mode {
  const given = element.attributes.mode
  if (given === undefined) return 'custom'
  const mode = MODES.find(m => m === given)
  if (!mode) throw new LibvirtError('unsupported', `Invalid mode attribute '${given}'`)
  return mode
}

function migratableOf(element: Element, mode: Mode | undefined): boolean | undefined {
  const migratable = readFlag(element, 'migratable', 'on', 'off')
  if (migratable !== undefined && mode !== 'host-passthrough' && mode !== 'maximum') {
    const where = "Attribute migratable is only allowed for 'host-passthrough' / 'maximum' CPU mode"
    throw new LibvirtError('unsupported', where)
  }
  return migratable
}

function archOf(parts: Parts): string {
  const arch = textOfChild(parts.arch)
  if (arch === undefined) throw xmlError('Missing CPU architecture')
  if (!ARCH_NAMES.has(arch)) throw new LibvirtError('unsupported', `Unknown architecture ${arch}`)
  return arch
}

/** libvirt asks for these two by XPath: empty is absent. */
function fallbackOf(model: Element | undefined): Fallback | undefined {
  const fallback = model?.attributes.fallback || undefined
  if (fallback === undefined || fallback === 'allow' || fallback === 'forbid') return fallback
  throw new LibvirtError('unsupported', 'Invalid fallback attribute')
}

function vendorIdOf(model: Element | undefined): string | undefined {
  const id = model?.attributes.vendor_id
  if (!id) return undefined
  if (new TextEncoder().encode(id).length !== 12)
    throw xmlError('vendor_id must be exactly 12 characters long')
  if (id.includes(',')) throw xmlError('vendor id is invalid')
  return id
}
