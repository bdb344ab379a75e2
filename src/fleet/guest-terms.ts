import { FeatureSet } from '../core/feature-set.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import type { GuestRequest } from '../qemu/guest/parse-request.ts'
import type { FleetHost, StartTrial } from './host.ts'

/** What a guest's definition asks of hosts beside features, vendor and model. What is absent asks nothing. */
export interface GuestTerms {
  /** What no host of its may have: what it forbids; of one that matches strictly, all that it has not itself. */
  readonly excluded?: FeatureSet | undefined
  /** What keeps it where it runs. */
  readonly bonds?: readonly Bond[] | undefined
  /** The machine type that it names. */
  readonly machine?: string | undefined
  /** The path of the emulator that it names, where some host has it. */
  readonly emulator?: string | undefined
  /** It has a PCI device of its host. */
  readonly pciDevice?: true | undefined
  /** The labels that its scheduler wants of a host while it runs. */
  readonly selectors?: readonly string[] | undefined
  /** The rate that its time stamp counter is to have, in Hz. */
  readonly tscHz?: bigint | undefined
  /** All that it asks of libvirt and QEMU, where that is more than a CPU under KVM; an error: what libvirt has against it anywhere. */
  readonly request?: GuestRequest | LibvirtError | undefined
  /** The host whose CPU it was given as it is, by host-passthrough; null: it has the CPU of a host that nobody named. */
  readonly passed?: FleetHost | null | undefined
}

/**
 * Why a guest never moves while it runs: a device of its host, protected memory, a counter that no other host goes on
 * with, a CPU that was made for this host alone.
 */
export type Bond = 'hostdev' | 'protected' | 'invtsc' | 'unmigratable'

export type TermObstacle =
  | { readonly kind: 'bond'; readonly bond: Bond }
  /** The host has it, and the guest's definition rules it out. */
  | { readonly kind: 'excess'; readonly features: FeatureSet }
  /** The host's QEMU has no such machine type. */
  | { readonly kind: 'machine'; readonly machine: string }
  /** The host hands no PCI devices to guests. */
  | { readonly kind: 'devices' }
  /** libvirt did not find this emulator on the host: it may be there. */
  | { readonly kind: 'emulator'; readonly emulator: string }
  /** What libvirt or QEMU has against it there; undefined: nobody recorded what that QEMU emulates. */
  | { readonly kind: 'refused'; readonly message: string | undefined }
  /** The host has no such labels. */
  | { readonly kind: 'labels'; readonly labels: readonly string[] }
  /** The host cannot give that rate; undefined: nothing is known of its own, or of scaling. */
  | { readonly kind: 'tsc'; readonly guestHas: bigint; readonly hostHas: bigint | undefined }
  /** The guest has its host's CPU as it is: this host differs in `what`, or nothing is known of that. */
  | { readonly kind: 'passed'; readonly differs: boolean; readonly what: PassedPart }

/** `host`: nobody says which host it has its CPU from. */
type PassedPart = 'host' | 'signature' | 'features' | 'xsave-size' | 'line-size' | 'microcode' | 'kernel'

/** Hosts of one CPU, or one host. */
type Target = Pick<FleetHost, 'features' | 'hardwareFeatures'> & {
  readonly hosts?: readonly FleetHost[] | undefined
}

/** Whether QEMU emulates its CPU: what its host's CPU has does not count. */
export const needsNoKvm = ({ request }: GuestTerms = {}): boolean =>
  request !== undefined && !(request instanceof LibvirtError) && request.virttype !== 'kvm'

/** What becomes of a guest at its start on these hosts; undefined: it asks for a CPU alone, or no QEMU was recorded there. */
export function tryStart({ request }: GuestTerms = {}, target: Target): StartTrial | undefined {
  const { judge, isHypothetical } = target.hosts?.[0] ?? (target as FleetHost)
  if (!request || !judge) return undefined
  if (request instanceof LibvirtError) return { refused: request.message, lost: FeatureSet.empty }
  return isHypothetical && request.virttype === 'kvm' ? undefined : judge(request)
}

/** What is in the way beside its CPU, of which more is known where that is compared. */
function findRefusal(terms: GuestTerms, target: Target): TermObstacle[] {
  const isApart = needsNoKvm(terms)
  const trial = tryStart(terms, target)
  if (!trial) return isApart ? [{ kind: 'refused', message: undefined }] : []
  const { refused } = trial
  return refused === undefined || (!isApart && OF_CPU.test(refused))
    ? []
    : [{ kind: 'refused', message: refused }]
}

const OF_CPU = /CPU (?:is incompatible with|doesn't match)/

/** What of a definition's terms these hosts do not keep; empty: nothing, on any of them. */
export function findTermObstacles(terms: GuestTerms, target: Target): TermObstacle[] {
  const { excluded, bonds = [], machine, emulator, pciDevice, selectors, tscHz, passed } = terms
  const hosts = target.hosts ?? [target as FleetHost]
  const extra = excluded && (target.hardwareFeatures ?? target.features).meet(excluded)
  return [
    ...bonds.map(bond => ({ kind: 'bond', bond }) as const),
    ...(extra && !extra.isEmpty ? [{ kind: 'excess', features: extra } as const] : []),
    ...(machine !== undefined && hosts.some(({ machines }) => machines && !machines.has(machine))
      ? [{ kind: 'machine', machine } as const]
      : []),
    ...(emulator !== undefined && hosts.some(({ emulators }) => emulators && !emulators.has(emulator))
      ? [{ kind: 'emulator', emulator } as const]
      : []),
    ...(pciDevice && hosts.some(({ handsOver }) => handsOver === false)
      ? [{ kind: 'devices' } as const]
      : []),
    ...(selectors ? firstOf(hosts, host => checkLabels(selectors, host)) : []),
    ...(tscHz === undefined ? [] : firstOf(hosts, host => checkRate(tscHz, host))),
    ...(passed === undefined ? [] : firstOf(hosts, host => comparePassed(passed, host))),
    ...(terms.request === undefined ? [] : findRefusal(terms, target)),
  ]
}

/** The first obstacle that any of the hosts has. */
function firstOf(hosts: readonly FleetHost[], find: (host: FleetHost) => TermObstacle[]): TermObstacle[] {
  for (const host of hosts) {
    const [found] = find(host)
    if (found) return [found]
  }
  return []
}

function checkLabels(selectors: readonly string[], { labels }: FleetHost): TermObstacle[] {
  const missing = labels ? selectors.filter(label => !labels.has(label)) : []
  return missing.length > 0 ? [{ kind: 'labels', labels: missing }] : []
}

/** How far rates may be apart where the host cannot scale, in parts of a million. @see libvirt's refusal, which names the range */
const TOLERANCE = 250n

function checkRate(guest: bigint, { tscHz, tscScaling }: FleetHost): TermObstacle[] {
  if (tscScaling) return []
  if (tscHz === undefined || tscScaling === undefined)
    return [{ kind: 'tsc', guestHas: guest, hostHas: undefined }]
  const off = (tscHz * TOLERANCE) / 1_000_000n
  return guest >= tscHz - off && guest <= tscHz + off
    ? []
    : [{ kind: 'tsc', guestHas: guest, hostHas: tscHz }]
}

/** A difference first, then what nothing is known of. */
function comparePassed(home: FleetHost | null, host: FleetHost): TermObstacle[] {
  if (!home) return [{ kind: 'passed', differs: false, what: 'host' }]
  const signatureOf = ({ signature: s }: FleetHost) => s && `${s.family}.${s.model}.${s.stepping}`
  const parts: readonly (readonly [PassedPart, unknown, unknown])[] = [
    ['signature', signatureOf(home), signatureOf(host)],
    ['microcode', home.microcode, host.microcode],
    ['kernel', home.kernel, host.kernel],
  ]
  const [signature, ...others] = parts.filter(([, a, b]) => a === undefined || b === undefined || a !== b)
  const differs = (part: (typeof parts)[number]) => part[1] !== undefined && part[2] !== undefined
  if (signature?.[0] === 'signature' && differs(signature))
    return [{ kind: 'passed', differs: true, what: 'signature' }]
  if (!home.features.eq(host.features)) return [{ kind: 'passed', differs: true, what: 'features' }]
  // By their orders: the state must fit, and lines must agree.
  if ((home.xsaveSize ?? 0) > (host.xsaveSize ?? Number.POSITIVE_INFINITY))
    return [{ kind: 'passed', differs: true, what: 'xsave-size' }]
  if ((home.lineSize ?? host.lineSize) !== (host.lineSize ?? home.lineSize))
    return [{ kind: 'passed', differs: true, what: 'line-size' }]
  const first = signature ?? others[0]
  return first ? [{ kind: 'passed', differs: false, what: first[0] }] : []
}

/** Whether an obstacle is only that something is not known. */
export const isOpenTerm = (one: TermObstacle): boolean =>
  one.kind === 'emulator' ||
  (one.kind === 'refused' && one.message === undefined) ||
  (one.kind === 'passed' && !one.differs) ||
  (one.kind === 'tsc' && one.hostHas === undefined)

/** What counts when it is powered off and started there. */
export const termsOfStart = ({ bonds: _, selectors: __, passed: ___, ...terms }: GuestTerms): GuestTerms =>
  terms

/** What of a host only terms look at. */
const PARTING = ['machines', 'emulators', 'handsOver', 'labels', 'tscHz', 'tscScaling', 'judge'] as const

/** Equal for equal lists; another object is its own. */
const wordOfPart = (value: unknown, number: number): string =>
  value instanceof Set
    ? [...value].sort().join(' ')
    : typeof value === 'object' || typeof value === 'function'
      ? `#${number}`
      : String(value)

/** Which of that these guests' terms look at, as a key of hosts that are equal in it; undefined: at none. */
export function partingKeyOf(guests: readonly { readonly terms?: GuestTerms | undefined }[]) {
  const has = (term: keyof GuestTerms) => guests.some(({ terms }) => terms?.[term] !== undefined)
  const asked: Readonly<Record<(typeof PARTING)[number], boolean>> = {
    machines: has('machine'),
    emulators: has('emulator'),
    handsOver: has('pciDevice'),
    labels: has('selectors'),
    tscHz: has('tscHz'),
    tscScaling: has('tscHz'),
    judge: has('request'),
  }
  const parting = PARTING.filter(part => asked[part])
  if (parting.length === 0) return undefined
  const words = new Map<unknown, string>()
  const wordOf = (value: unknown): string => {
    const known = words.get(value) ?? wordOfPart(value, words.size)
    words.set(value, known)
    return known
  }
  return (host: FleetHost): string => parting.map(part => wordOf(host[part])).join('\n')
}
