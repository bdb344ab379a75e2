import { type RunRequests, requestClose, requestCpuid, requestIoctl, requestOpen } from '../cpu/requests.ts'
import { RouteError } from '../cpu/route-error.ts'
import { ProgramRunner } from '../cpu/runner.ts'

/** How many vCPUs and encrypted guests a host can have. What could not be asked is absent. */
interface GuestLimits {
  readonly kvmMaxVcpus?: number
  readonly sev?: { readonly maxGuests: number; readonly maxEsGuests: number }
}

/** Asks this host's KVM and its CPU. */
export function readLimits(): GuestLimits {
  const program = new ProgramRunner()
  try {
    return askLimits(requests => program.run(requests))
  } catch (error) {
    if (error instanceof RouteError) return {}
    throw error
  } finally {
    program.remove()
  }
}

/** The descriptor that the program will be given, once it has closed what it inherits. */
const KVM = 3

/** @see Linux, Documentation/virt/kvm/api.rst, KVM_CHECK_EXTENSION */
const CHECK_EXTENSION = 0xae03
const NR_VCPUS = 9
const MAX_VCPUS = 66

const EXTENDED = 0x8000_0000
const ENCRYPTION = 0x8000_001f

const REQUESTS = [
  requestClose(KVM),
  requestOpen('/dev/kvm', 2),
  requestIoctl(KVM, CHECK_EXTENSION, MAX_VCPUS),
  requestIoctl(KVM, CHECK_EXTENSION, NR_VCPUS),
  requestCpuid(EXTENDED, 0),
  requestCpuid(ENCRYPTION, 0),
]

/** @throws RouteError where nothing can be asked */
export function askLimits(run: RunRequests): GuestLimits {
  const [, kvm, most, advised, extended, encryption] = run(REQUESTS)
  // KVM's limit, or on old kernels what it advises, and on older ones four.
  const counts = [most, advised].map(answer => answer?.result ?? 0)
  const kvmMaxVcpus = kvm?.result === KVM ? (counts.find(count => count > 0) ?? 4) : undefined
  const isReported = (extended?.registers.eax ?? 0) >= ENCRYPTION
  // Of the guests that can be told apart, those with encrypted state come first. @see APM 3, CPUID Fn8000_001F
  const { ecx: all = 0, edx: firstWithout = 0 } = encryption?.registers ?? {}
  const sev = { maxGuests: all - firstWithout + 1, maxEsGuests: firstWithout - 1 }
  return { ...(kvmMaxVcpus !== undefined && { kvmMaxVcpus }), ...(isReported && all > 0 && { sev }) }
}
