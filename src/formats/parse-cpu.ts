import {
  CHECKS,
  type Cpu,
  type CpuFeature,
  type Fallback,
  MATCHES,
  type Mode,
  MODES,
  POLICIES,
  type Topology,
} from '../core/cpu.ts'
import { LibvirtError, xmlError } from '../core/libvirt-error.ts'
import { type Element, textOf } from '../xml/element.ts'
import { ARCH_NAMES } from './arch-names.ts'
import { flag, nonNegative, oneOf, parseUnsigned, required, requiredUnsigned, unsigned, unsigned64 } from './attributes.ts'

/** What the caller expects: `auto` takes an `<arch>` child as the sign of a host CPU. */
export type Expected = 'auto' | 'host' | 'guest'

/**
 * Reads a `<cpu>` element as libvirt does, in its order of checks. Names of models, features and vendors
 * are not looked up; unknown attributes and children are passed over; of repeated children the first counts.
 * @throws LibvirtError with libvirt's kind and text
 */
export function parseCpu(element: Element | undefined, expected: Expected): Cpu {
  if (!element) throw new LibvirtError('invalid-arg', 'missing CPU definition')
  if (element.name !== 'cpu') throw xmlError("XML does not contain expected 'cpu' element")
  const parts = partsOf(element)
  if (expected === 'auto' && parts.arch && element.attributes['match'] !== undefined) {
    throw xmlError("'arch' element cannot be used inside 'cpu' element with 'match' attribute'")
  }
  const isHost = expected === 'host' || (expected === 'auto' && parts.arch !== undefined)
  return isHost ? parseHost(element, parts) : parseGuest(element, parts)
}

/** The children that matter: the first of each name, every feature, every cache, the TSC counter. */
class Parts {
  arch: Element | undefined
  model: Element | undefined
  vendor: Element | undefined
  microcode: Element | undefined
  signature: Element | undefined
  topology: Element | undefined
  maxphysaddr: Element | undefined
  tsc: Element | undefined
  readonly features: Element[] = []
  readonly caches: Element[] = []
}

function partsOf(element: Element): Parts {
  const parts = new Parts()
  for (const item of element.content) {
    if (typeof item === 'string') continue
    // Most children are features: a pool of hosts is read at this loop's speed.
    if (item.name === 'feature') parts.features.push(item)
    else sort(parts, item)
  }
  return parts
}

function sort(parts: Parts, item: Element): void {
  switch (item.name) {
    case 'cache':
      parts.caches.push(item)
      break
    case 'counter':
      if (item.attributes['name'] === 'tsc') parts.tsc ??= item
      break
    case 'arch':
    case 'model':
    case 'vendor':
    case 'microcode':
    case 'signature':
    case 'topology':
    case 'maxphysaddr':
      parts[item.name] ??= item
  }
}

function parseHost(element: Element, parts: Parts): Cpu {
  if (element.attributes['mode'] !== undefined) {
    throw new LibvirtError('unsupported', 'Attribute mode is only allowed for guest CPU')
  }
  migratableOf(element, undefined)
  const arch = archOf(parts)
  const microcode = microcodeOf(parts)
  const signature = signatureOf(parts)
  const tsc = tscOf(parts)
  const model = text(parts.model)
  if (model === undefined) throw xmlError('Missing CPU model name')
  const { vendor, topology, features, cache, maxphysaddr } = tail(parts, model, false)
  return { type: 'host', arch, model, vendor, microcode, signature, tsc, topology, cache, maxphysaddr, features }
}

function parseGuest(element: Element, parts: Parts): Cpu {
  const mode = modeOf(element)
  const migratable = migratableOf(element, mode)
  const match = oneOf(element, 'match', MATCHES) ?? 'exact'
  const check = oneOf(element, 'check', ['default', ...CHECKS] as const)
  const deprecatedFeatures = flag(element, 'deprecated_features', 'on', 'off')
  const model = text(parts.model)
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
  const vendor = text(parts.vendor)
  if (vendor !== undefined && model === undefined) throw xmlError('CPU vendor specified without CPU model')
  const topology = topologyOf(parts.topology)
  if (parts.features.length > 0 && mode === 'custom' && model === undefined) {
    throw xmlError('Non-empty feature list specified without CPU model')
  }
  const features = featuresOf(parts.features, guest)
  return { vendor, topology, features, cache: cacheOf(parts.caches), maxphysaddr: maxphysaddrOf(parts.maxphysaddr) }
}

function featuresOf(elements: readonly Element[], guest: boolean): CpuFeature[] {
  const seen = new Set<string>()
  const features: CpuFeature[] = []
  for (const element of elements) {
    const policy = guest ? policyOf(element) : undefined
    const name = element.attributes['name']
    if (!name) throw xmlError('Invalid CPU feature name')
    if (seen.has(name)) throw xmlError(`CPU feature '${name}' specified more than once`)
    seen.add(name)
    features.push(policy ? { name, policy } : { name })
  }
  return features
}

function policyOf(element: Element) {
  const given = element.attributes['policy']
  if (given === undefined) return 'require'
  const policy = POLICIES.find(p => p === given)
  if (!policy) throw new LibvirtError('unsupported', 'Invalid CPU feature policy')
  return policy
}

function modeOf(element: Element): Mode {
  const given = element.attributes['mode']
  if (given === undefined) return 'custom'
  const mode = MODES.find(m => m === given)
  if (!mode) throw new LibvirtError('unsupported', `Invalid mode attribute '${given}'`)
  return mode
}

function migratableOf(element: Element, mode: Mode | undefined): boolean | undefined {
  const migratable = flag(element, 'migratable', 'on', 'off')
  if (migratable !== undefined && mode !== 'host-passthrough' && mode !== 'maximum') {
    const where = "Attribute migratable is only allowed for 'host-passthrough' / 'maximum' CPU mode"
    throw new LibvirtError('unsupported', where)
  }
  return migratable
}

function archOf(parts: Parts): string {
  const arch = text(parts.arch)
  if (arch === undefined) throw xmlError('Missing CPU architecture')
  if (!ARCH_NAMES.has(arch)) throw new LibvirtError('unsupported', `Unknown architecture ${arch}`)
  return arch
}

function microcodeOf({ microcode }: Parts): number | undefined {
  const version = microcode?.attributes['version']
  if (!version) return undefined
  const number = parseUnsigned(version, 0xffff_ffff)
  if (number === undefined) throw new LibvirtError('unsupported', 'invalid microcode version')
  return number
}

function signatureOf({ signature }: Parts) {
  if (!signature) return undefined
  return {
    family: requiredUnsigned(signature, 'family', false),
    model: requiredUnsigned(signature, 'model'),
    stepping: requiredUnsigned(signature, 'stepping'),
  }
}

function tscOf({ tsc }: Parts) {
  if (!tsc) return undefined
  return { frequency: unsigned64(tsc, 'frequency'), scaling: flag(tsc, 'scaling', 'yes', 'no') }
}

function fallbackOf(model: Element | undefined): Fallback | undefined {
  const fallback = model?.attributes['fallback']
  if (fallback === undefined || fallback === 'allow' || fallback === 'forbid') return fallback
  throw new LibvirtError('unsupported', 'Invalid fallback attribute')
}

function vendorIdOf(model: Element | undefined): string | undefined {
  const id = model?.attributes['vendor_id']
  if (id === undefined) return undefined
  if (new TextEncoder().encode(id).length !== 12) throw xmlError('vendor_id must be exactly 12 characters long')
  if (id.includes(',')) throw xmlError('vendor id is invalid')
  return id
}

function topologyOf(element: Element | undefined): Topology | undefined {
  if (!element) return undefined
  return {
    sockets: requiredUnsigned(element, 'sockets', false),
    dies: unsigned(element, 'dies', undefined, false) ?? 1,
    clusters: unsigned(element, 'clusters', undefined, false) ?? 1,
    cores: requiredUnsigned(element, 'cores', false),
    threads: requiredUnsigned(element, 'threads', false),
  }
}

function cacheOf([element, second]: readonly Element[]) {
  if (second) throw xmlError('at most one CPU cache element may be specified')
  if (!element) return undefined
  const level = nonNegative(element, 'level')
  if (level !== undefined && (level < 1 || level > 3)) {
    throw xmlError('invalid CPU cache level, must be in range [1,3]')
  }
  required(element, 'mode')
  return { level, mode: oneOf(element, 'mode', ['emulate', 'passthrough', 'disable'] as const) ?? 'emulate' }
}

function maxphysaddrOf(element: Element | undefined) {
  if (!element) return undefined
  required(element, 'mode')
  const mode = oneOf(element, 'mode', ['emulate', 'passthrough'] as const) ?? 'emulate'
  const bits = nonNegative(element, 'bits')
  const limit = unsigned(element, 'limit', undefined, false)
  if (limit !== undefined && mode !== 'passthrough') {
    throw new LibvirtError('unsupported', "attribute 'limit' is only supported for maxphysaddr mode 'passthrough'")
  }
  return { mode, bits, limit }
}

/** The element's text as it stands, blanks and all; absent when empty. */
function text(element: Element | undefined): string | undefined {
  return (element && textOf(element)) || undefined
}
