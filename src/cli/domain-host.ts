import type { VfioFacts } from '../formats/vfio.ts'
import type { DomainHost } from '../policy/domcaps/question.ts'
import { readDomainHost } from '../probe/domain/read-domain-host.ts'
import { HostTree } from '../probe/host/tree.ts'
import { readVfio } from '../probe/host/vfio.ts'
import { hostArch } from '../probe/qemu/emulator.ts'

/** What this host adds to what its QEMU tells. */
export const domainHost = (): DomainHost => readDomainHost(new HostTree('/'), hostArch())

/** All that passing a device of this host through needs. */
export const vfioHere = (): VfioFacts => readVfio(new HostTree('/'), hostArch())
