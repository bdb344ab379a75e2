import { type Cpu, type GuestCpu, isRelative, updateFeature } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { type Architecture, asHost, type Driver, IDENTICAL, type Overlooked } from '../driver.ts'
import { detectGeneration, GenerationFold, viewOfGenerations } from './best.ts'
import { fleetCpusOfZ } from './fleet.ts'
import { baselineByQemu, compareByQemu } from './hypervisor.ts'
import { Generations, isNewer, MACHINE_FIELDS, MACHINES } from './models.ts'

/** libvirt leaves comparison and baseline to QEMU: `hypervisor-cpu-compare` and `hypervisor-cpu-baseline`. */
export const s390x: Architecture = {
  name: 's390',
  arches: ['s390', 's390x'],
  data: { folder: 's390x', lists: { [MACHINES]: MACHINE_FIELDS } },
  create: zDriver,
}

function zDriver(map: CpuMap): Driver {
  const known = once(() => new Generations(map.of('s390x')))
  const fleet = once(() => fleetCpusOfZ(known()))
  return {
    architecture: s390x,
    get db() {
      return known().db
    },
    get view() {
      return viewOfGenerations(known())
    },
    get fleet() {
      return fleet()
    },
    compare: () => IDENTICAL,
    overlooked: (host, cpu) => overlookedByLibvirt(known(), host, cpu),
    update,
    validate,
    throughQemu: { compare: compareByQemu, baseline: baselineByQemu },
    bestDetect: (arch, registers) => detectGeneration(known(), arch, registers),
    bestFold: () => new GenerationFold(known()),
    vendorOfModel: model => (model.startsWith('z') || model.startsWith('gen') ? 'IBM' : undefined),
  }
}

/** What QEMU's own query-cpu-model-comparison calls no superset, and why. */
function overlookedByLibvirt(known: Generations, host: Cpu, cpu: Cpu): Overlooked | undefined {
  const { db } = known
  const isKnown = ({ model = '', features }: Cpu) =>
    known.machineOf(model) !== undefined && features.every(({ name }) => db.features.get(name))
  if (!isKnown(host) || !isKnown(cpu)) return undefined
  const [has, wants] = [known.cpuOf(host), known.cpuOf(cpu)]
  const missing = db.features.in(wants.features.minus(has.features))
  return { missing, newer: isNewer(wants.machine, has.machine) ? wants.machine.name : undefined }
}

/** A guest of mode host-model becomes the host; what it lists itself overrides the host's features or is added. */
function update(guest: GuestCpu, host: Cpu | undefined): GuestCpu {
  if (!isRelative(guest)) return guest
  if (guest.mode === 'custom') {
    const what =
      guest.match === 'minimum'
        ? 'match mode minimum not supported'
        : 'optional CPU features are not supported'
    throw new LibvirtError('unsupported', what)
  }
  const { features, ...made } = asHost(guest, host)
  return { ...made, features: guest.features.reduce(updateFeature, features) }
}

/** @throws LibvirtError for an optional feature; libvirt's text names two policies, and yet all others pass */
function validate(cpu: Cpu): void {
  const optional = cpu.features.find(({ policy }) => policy === 'optional')
  if (!optional) return
  const supported = "only cpu feature policies 'require' and 'disable' are supported"
  throw new LibvirtError('unsupported', `${supported} for ${optional.name}`)
}
