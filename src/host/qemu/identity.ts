import { accessSync, closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs'
import { release } from 'node:os'
import { ProbeError } from '../probe-error.ts'
import { REVISION } from './interview.ts'

/**
 * Everything that a binary's answers depend on, as JSON: the same text, the same answers.
 * @param version virt-cpu's own
 * @throws ProbeError in libvirt's words where there is no such program
 */
export function computeIdentity(binary: string, version: string): string {
  const { ctimeMs, size } = checkBinary(binary)
  return JSON.stringify({
    virtCpu: version,
    revision: REVISION,
    binary,
    changed: ctimeMs,
    size,
    kernel: release(),
    cpu: readHostCpuLines(),
    kvm: mayAccess('/dev/kvm', constants.R_OK | constants.W_OK),
    modules: MODULES.map(path => readBeginning(path).trim()),
  })
}

/** Whether guests may have guests, and encrypted memory. */
const MODULES = ['nested', 'sev', 'sev_es', 'sev_snp'].flatMap(name =>
  ['intel', 'amd'].map(vendor => `/sys/module/kvm_${vendor}/parameters/${name}`),
)

function checkBinary(binary: string): Stats {
  const stats = statSync(binary, { throwIfNoEntry: false })
  if (!stats) throw new ProbeError(`Cannot check QEMU binary ${binary}: No such file or directory`)
  const why = stats.isDirectory() ? 'Is a directory' : 'Permission denied'
  if (stats.isDirectory() || !mayAccess(binary, constants.X_OK)) {
    throw new ProbeError(`QEMU binary ${binary} is not executable: ${why}`)
  }
  return stats
}

function mayAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** What the kernel writes of the first CPU and does not change while it runs: vendor, signature, microcode, flags. */
function readHostCpuLines(): string[] {
  const [first = ''] = readBeginning('/proc/cpuinfo').split('\n\n', 1)
  return first
    .split('\n')
    .filter(line => /^(vendor|cpu family|model|stepping|microcode|flags|Features|CPU )/.test(line))
}

/** Long enough for one CPU of `/proc/cpuinfo`, which takes its time on a host of hundreds. */
const BEGINNING = 8192

/** Empty where the host has no such file. */
function readBeginning(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(BEGINNING)
      return bytes.toString('utf8', 0, readSync(file, bytes))
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}
