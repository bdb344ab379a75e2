import type { Cpu } from '../../core/cpu.ts'

/** What a domain asks of its hypervisor, as far as the CPU is concerned. */
export interface GuestRequest {
  readonly virttype: string
  /** Absent: the host's. */
  readonly arch?: string | undefined
  /** Absent: QEMU's default. */
  readonly machine?: string | undefined
  readonly emulator?: string | undefined
  readonly vcpus: number
  /** Absent: whatever the machine gives by itself. */
  readonly cpu?: Cpu | undefined
}
