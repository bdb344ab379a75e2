import { libvirtCpu } from './libvirt/print-cpu.ts'
import { evcMode, march } from './named-levels.ts'
import { kubevirtPrinter } from './platforms/kubevirt-guest.ts'
import { novaPrinter } from './platforms/nova-conf.ts'
import { ovirtCluster } from './platforms/ovirt-types.ts'
import { firecrackerTemplate, vmxMasks, xlCpuidMasks } from './platforms/print-masks.ts'
import { proxmoxModel, proxmoxVm } from './platforms/proxmox.ts'
import { xenFeatureset } from './platforms/xen.ts'
import type { Printer } from './printer.ts'
import { qemuCpu } from './qemu/cpu-argument.ts'

/**
 * Every output dialect: a file and a line here add one, and then `--format`, requests and the page write it. The page has
 * a shorter list of its own.
 */
export const PRINTERS: readonly Printer[] = [
  libvirtCpu,
  qemuCpu,
  proxmoxModel,
  proxmoxVm,
  novaPrinter,
  kubevirtPrinter,
  ovirtCluster,
  xlCpuidMasks,
  xenFeatureset,
  firecrackerTemplate,
  vmxMasks,
  evcMode,
  march,
]
