import { availableParallelism } from 'node:os'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { ARCH_NAMES } from '../../formats/arch-names.ts'
import type { HostWarning } from '../../formats/host/host-warning.ts'
import type { QemuCapabilities } from '../../qemu/capabilities.ts'
import { describeGuests, type GuestFacts } from '../../qemu/guest-facts.ts'
import { readQemuCapabilities } from '../../qemu/qmp/read-capabilities.ts'
import { ProbeError } from '../probe-error.ts'
import { findEmulator } from './emulator.ts'
import { type ProbeQemuOptions, probeQemu } from './probe.ts'

/** What guests this machine can run. */
interface GuestSearchResult {
  /** In libvirt's order of architectures. */
  readonly guests: readonly GuestFacts[]
  readonly doubts: readonly HostWarning[]
}

/**
 * The guests of every architecture for which there is a QEMU. One that cannot be asked is passed over, and said.
 * @param host libvirt's name of the host's architecture
 */
export async function findGuests(
  host: string,
  options: Omit<ProbeQemuOptions, 'binary'> = {},
): Promise<GuestSearchResult> {
  const found = [...ARCH_NAMES].flatMap(arch => {
    const binary = findEmulator(arch, { host })
    return binary === undefined ? [] : [{ arch, binary }]
  })
  const asked = await probeAll([...new Set(found.map(({ binary }) => binary))], options)
  const guests = found.flatMap(({ arch, binary }) => {
    const capabilities = asked.get(binary)
    return capabilities instanceof Error || !capabilities ? [] : [describeGuest(arch, binary, capabilities)]
  })
  return {
    guests,
    doubts: [...listFailures(asked), ...(guests.length === 0 ? [{ kind: 'no-emulators' } as const] : [])],
  }
}

type ProbeResults = ReadonlyMap<string, QemuCapabilities | Error>

/** Asks as many at a time as there are processors: each keeps one busy. */
async function probeAll(
  binaries: readonly string[],
  options: Omit<ProbeQemuOptions, 'binary'>,
): Promise<ProbeResults> {
  const answers = new Map<string, QemuCapabilities | Error>()
  const waiting = [...binaries]
  const ask = async (): Promise<void> => {
    for (let binary = waiting.shift(); binary !== undefined; binary = waiting.shift()) {
      answers.set(binary, await tryProbe(binary, options))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, ask))
  return answers
}

async function tryProbe(
  binary: string,
  options: Omit<ProbeQemuOptions, 'binary'>,
): Promise<QemuCapabilities | Error> {
  try {
    return readQemuCapabilities(await probeQemu({ binary, ...options }))
  } catch (error) {
    if (error instanceof LibvirtError || error instanceof ProbeError) return error
    throw error
  }
}

function describeGuest(arch: string, path: string, { accelerators }: QemuCapabilities): GuestFacts {
  const [first] = accelerators.values()
  return describeGuests(arch, { path, kvm: accelerators.has('kvm'), machines: first?.machines ?? [] })
}

const listFailures = (answers: ProbeResults): HostWarning[] =>
  [...answers].flatMap(([path, answer]) =>
    answer instanceof Error ? [{ kind: 'emulator-failed' as const, path, because: answer.message }] : [],
  )
