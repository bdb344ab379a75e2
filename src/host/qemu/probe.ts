import type { QmpRecording } from '../../qemu/qmp/conversation.ts'
import type { QmpExchange } from '../../qemu/qmp/exchange.ts'
import { findCacheDirectory, readCache, writeCache } from './cache.ts'
import { computeIdentity } from './identity.ts'
import { askFirstRun, askSecondRun, type FirstRunFindings } from './interview.ts'
import { Qemu } from './qemu.ts'

declare const __VERSION__: string

export interface ProbeQemuOptions {
  /** The path of a QEMU binary; `findEmulator` knows where one is. */
  readonly binary: string
  /** Where answers are kept; `none`: they are neither looked up nor kept. Absent: the user's cache directory. */
  readonly cache?: string | 'none' | undefined
  /** How long QEMU may say nothing, in milliseconds; absent: 120 s. */
  readonly timeout?: number | undefined
}

/**
 * What a QEMU binary can do on this host: asked once with KVM where that works and once emulating, or remembered
 * from the last time, as long as neither the binary nor the host has changed.
 * @throws ProbeError, LibvirtError where it cannot be started, is no QEMU, too old, or silent
 */
export async function probeQemu({ binary, cache, timeout }: ProbeQemuOptions): Promise<QmpRecording> {
  const identity = computeIdentity(binary, __VERSION__)
  if (cache === 'none') return recordRuns(binary, timeout)
  const directory = cache ?? findCacheDirectory()
  const known = readCache(directory, binary, identity)
  if (known) return known
  const asked = await recordRuns(binary, timeout)
  writeCache(directory, identity, asked)
  return asked
}

async function recordRuns(binary: string, timeout: number | undefined): Promise<QmpRecording> {
  const first = await Qemu.start(binary, { accelerator: 'kvm:tcg', timeout })
  const { found, said } = await first.interview(askFirstRun()).finally(() => first.end())
  const runs = found.accelerator === 'tcg' ? [said] : [said, await recordEmulation(binary, found, timeout)]
  return { source: binary, runs, bare: false }
}

async function recordEmulation(
  binary: string,
  found: FirstRunFindings,
  timeout?: number,
): Promise<readonly QmpExchange[]> {
  const second = await Qemu.start(binary, { accelerator: 'tcg', timeout })
  const { said } = await second.interview(askSecondRun(found)).finally(() => second.end())
  return said
}
