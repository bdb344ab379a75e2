import { existsSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ran, virtCpu } from '../cli/virt-cpu.ts'
import { Libvirtd, whyNoDaemon } from './libvirtd.ts'

/** A libvirtd of the tests' own, and virt-cpu with its behaviour and map, which looks for QEMU where that does. */
interface Beside {
  readonly daemon: () => Libvirtd
  readonly ours: (...args: string[]) => Ran
}

const AS_LIBVIRT = ['-q', '--libvirt', '11.3', '--cpu-map', '/usr/share/libvirt/cpu_map']

/**
 * Tests that hold virt-cpu beside a libvirtd; skipped with a reason where none can be, but never in CI.
 * @param targets whose QEMUs both look at: all that Debian has take the daemon most of a minute
 */
export function besideLibvirtd(targets: readonly string[], tests: (beside: Beside) => void): void {
  const qemus = targets.map(target => `/usr/bin/qemu-system-${target}`)
  const absent = qemus.filter(path => !existsSync(path))
  const why = whyNoDaemon() ?? (absent.length > 0 ? `${absent.join(', ')} not installed` : undefined)

  test.runIf(process.env.CI === 'true')('CI has libvirt 11.3 and QEMU, and may start a daemon', () =>
    expect(why).toBeUndefined(),
  )

  describe.skipIf(why !== undefined)(`side by side with libvirtd (${why ?? 'installed'})`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-qemu-'))
    for (const file of qemus) symlinkSync(file, join(folder, file.split('/').at(-1) ?? ''))

    let daemon: Libvirtd
    beforeAll(async () => {
      daemon = await Libvirtd.start(folder)
    }, 60_000)
    afterAll(() => daemon?.stop(), 60_000)

    tests({
      daemon: () => daemon,
      ours: (...args) =>
        virtCpu([...AS_LIBVIRT, ...args], { env: { PATH: daemon.path, XDG_CACHE_HOME: folder } }),
    })
  })
}
