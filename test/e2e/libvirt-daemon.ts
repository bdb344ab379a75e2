import { existsSync } from 'node:fs'
import { runProcess } from '../cli/virt-cpu.ts'

/** A daemon that nobody talks to ends after so many seconds. */
const IDLE = '60'

const connects = (): boolean => runProcess('virsh', ['-c', 'qemu:///system', 'version']).status === 0

/**
 * Why a real libvirt cannot be talked to; undefined where it can. Starts a daemon where none runs, which ends by
 * itself: test files run at the same time, so none of them may stop it.
 */
export function libvirtMissing(): string | undefined {
  if (!existsSync('/usr/bin/virsh')) return 'no virsh'
  if (connects()) return undefined
  if (!existsSync('/usr/sbin/libvirtd')) return 'no libvirtd'
  if (process.getuid?.() !== 0) return 'no libvirtd runs, and only root can start it'
  runProcess('virtlogd', ['-d', '--timeout', IDLE])
  runProcess('libvirtd', ['-d', '--timeout', IDLE])
  for (let tries = 0; tries < 50; tries++) {
    if (connects()) return undefined
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
  return 'libvirtd does not come up'
}
