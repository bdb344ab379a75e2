import type { Conversation } from '../../qemu/qmp/conversation.ts'
import type { Exchange } from '../../qemu/qmp/exchange.ts'
import { cacheDirectory, readCache, writeCache } from './cache.ts'
import { identityOf } from './identity.ts'
import { type Findings, firstInterview, secondInterview } from './interview.ts'
import { Qemu } from './qemu.ts'

declare const __VERSION__: string

export interface ProbeQemuOptions {
  /** The path of a QEMU binary; `findEmulator` knows where one is. */
  readonly binary: string
  /** Where answers are kept; `none`: they are neither looked up nor kept. Absent: the user's cache directory. */
  readonly cache?: string | 'none' | undefined
  /** How long QEMU may say nothing, in milliseconds; absent: 30 s. */
  readonly patience?: number | undefined
}

/**
 * What a QEMU binary can do on this host: asked once with KVM where that works and once emulating, or remembered
 * from the last time, as long as neither the binary nor the host has changed.
 * @throws ProbeError, LibvirtError where it cannot be started, is no QEMU, too old, or silent
 */
export async function probeQemu({ binary, cache, patience }: ProbeQemuOptions): Promise<Conversation> {
  const identity = identityOf(binary, __VERSION__)
  if (cache === 'none') return askQemu(binary, patience)
  const directory = cache ?? cacheDirectory()
  const known = readCache(directory, binary, identity)
  if (known) return known
  const asked = await askQemu(binary, patience)
  writeCache(directory, identity, asked)
  return asked
}

async function askQemu(binary: string, patience: number | undefined): Promise<Conversation> {
  const first = await Qemu.start(binary, { accelerator: 'kvm:tcg', patience })
  const { found, said } = await first.interview(firstInterview()).finally(() => first.end())
  const runs = found.accelerator === 'tcg' ? [said] : [said, await emulating(binary, found, patience)]
  return { source: binary, runs, bare: false }
}

async function emulating(binary: string, found: Findings, patience?: number): Promise<readonly Exchange[]> {
  const second = await Qemu.start(binary, { accelerator: 'tcg', patience })
  const { said } = await second.interview(secondInterview(found)).finally(() => second.end())
  return said
}
