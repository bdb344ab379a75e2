import { accessSync, constants, statSync } from 'node:fs'
import { availableParallelism, machine } from 'node:os'
import { delimiter, join } from 'node:path'
import { ARCH_NAMES } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { HostWarning } from '../../formats/host/host-facts.ts'
import type { QemuCapabilities } from '../../qemu/capabilities.ts'
import { type GuestFacts, guestFactsOf } from '../../qemu/print-capabilities.ts'
import { readQemuCapabilities } from '../../qemu/qmp/read-capabilities.ts'
import { ProbeError } from '../files/file-error.ts'
import { type ProbeQemuOptions, probeQemu } from './probe.ts'

/** Where Red Hat's distributions put the one emulator they have, for guests that the host runs as its own. */
export const NATIVE_ONLY = '/usr/libexec/qemu-kvm'

/** What libvirt looks for where QEMU has, or had, another name of an architecture. */
const QEMU_TARGET: Readonly<Record<string, string>> = {
  i686: 'i386',
  armv6l: 'arm',
  armv7l: 'arm',
  openrisc: 'or32',
}

/** What a 64-bit host's emulator runs besides its own: tried where there is none of their own. */
const ALSO_RUNS: Readonly<Record<string, readonly string[]>> = {
  x86_64: ['i686'],
  aarch64: ['armv7l'],
  ppc64: ['ppc64le'],
  ppc64le: ['ppc64'],
}

export interface EmulatorSearch {
  /** Directories separated as in `PATH`; absent: `PATH` itself. */
  readonly path?: string | undefined
  /** libvirt's name of the host's architecture; absent: this host's. */
  readonly host?: string
}

/** libvirt's name of this host's architecture. */
export function readHostArch(): string {
  const name = machine()
  if (/^i.86$/.test(name)) return 'i686'
  return { amd64: 'x86_64', arm64: 'aarch64', armv8l: 'armv7l' }[name] ?? name
}

/**
 * The QEMU that serves an architecture's guests, as libvirt looks for it: `qemu-system-ARCH` on the PATH, the host's
 * own where that runs them too, and there `/usr/libexec/qemu-kvm`. Undefined where there is none.
 */
export function findEmulator(arch: string, search: EmulatorSearch = {}): string | undefined {
  const { path = process.env.PATH ?? '', host = readHostArch() } = search
  const runsToo = ALSO_RUNS[host]?.includes(arch) ? [host] : []
  const littleEndian = arch === 'ppc64le' ? ['ppc64'] : []
  const names = [arch, ...runsToo, ...littleEndian].map(name => `qemu-system-${QEMU_TARGET[name] ?? name}`)
  if (host === 'aarch64' && arch === 'armv7l') names.reverse()
  for (const name of names) {
    for (const directory of path.split(delimiter)) {
      const file = join(directory, name)
      if (directory !== '' && isProgram(file)) return file
    }
  }
  return (arch === host || runsToo.length > 0) && isProgram(NATIVE_ONLY) ? NATIVE_ONLY : undefined
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** What guests this machine can run. */
interface GuestSearchResult {
  /** In libvirt's order of architectures. */
  readonly guests: readonly GuestFacts[]
  readonly warnings: readonly HostWarning[]
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
    warnings: [...listFailures(asked), ...(guests.length === 0 ? [{ kind: 'no-emulators' } as const] : [])],
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
  return guestFactsOf(arch, { path, kvm: accelerators.has('kvm'), machines: first?.machines ?? [] })
}

const listFailures = (answers: ProbeResults): HostWarning[] =>
  [...answers].flatMap(([path, answer]) =>
    answer instanceof Error ? [{ kind: 'emulator-failed' as const, path, because: answer.message }] : [],
  )
