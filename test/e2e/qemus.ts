import { tmpdir } from 'node:os'
import { beforeAll, describe } from 'vitest'
import { type Ran, virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { type Libvirtd, sharedLibvirtd, whyNoDaemon } from './libvirtd.ts'

/** The run's libvirtd, and virt-cpu with its behaviour and map, which looks for QEMU where that does. */
interface Beside {
  readonly daemon: () => Libvirtd
  readonly ours: (...args: string[]) => Ran
}

export const AS_LIBVIRT = ['--libvirt', '11.3', '--cpu-map', '/usr/share/libvirt/cpu_map']

/** What virt-cpu runs with, so that it finds the daemon's QEMUs and test files share what it remembers of them. */
export const besideEnvironment = ({ path }: Libvirtd) => ({ PATH: path, XDG_CACHE_HOME: tmpdir() })

/** Tests that hold virt-cpu beside a libvirtd; skipped with a reason where none can be, but never in CI. */
export function besideLibvirtd(tests: (beside: Beside) => void): void {
  const why = needed('libvirt 11.3 and QEMU, and may start a daemon', whyNoDaemon())
  describe.skipIf(why)(`side by side with libvirtd (${why ?? 'installed'})`, () => {
    let daemon: Libvirtd
    beforeAll(async () => {
      daemon = await sharedLibvirtd()
    })
    tests({
      daemon: () => daemon,
      ours: (...args) => virtCpu(['-q', ...AS_LIBVIRT, ...args], { env: besideEnvironment(daemon) }),
    })
  })
}
