import type { VfioFacts } from '../../formats/host/vfio.ts'
import { HostTree } from '../../host/machine/tree.ts'
import { readVfio } from '../../host/machine/vfio.ts'
import { readHostArch } from '../../host/qemu/emulator.ts'
import { readDomainHost } from '../../host/qemu/read-domain-host.ts'
import type { DomainHost } from '../../qemu/domain-capabilities/request.ts'

/** What this host adds to what its QEMU tells. */
export const domainHost = (): DomainHost => readDomainHost(new HostTree('/'), readHostArch())

/** All that passing a device of this host through needs. */
export const vfioHere = (): VfioFacts => readVfio(new HostTree('/'), readHostArch())
