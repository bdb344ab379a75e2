import { asGuest, type Cpu, type CpuFeature, type Mode, type Policy } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { compareVersions } from '../../map/kvm-rules.ts'
import { builtinReleases } from '../../map/releases.ts'
import { type Abilities, express, findAnyModel } from '../express.ts'
import type { Printer, PrintOptions } from '../printer.ts'
import { toQemuName } from './names.ts'

/** QEMU's `-cpu` option. The model's own features are not repeated: QEMU knows them. */
export const qemuCpu: Printer = {
  name: 'qemu',
  title: 'QEMU -cpu',
  readBy: 'qemu-command',
  omitsModelFeatures: true,
  dependsOnQemu: true,
  print(given, options) {
    if (/^(?:arm|aarch64)/.test(given.arch ?? '') && asGuest(given)?.mode !== 'host-passthrough')
      throw new LibvirtError('unsupported', NO_MODELS_OF_ARM)
    const isPassed = PASSED.includes(asGuest(given)?.mode ?? 'custom')
    const { cpu, notExpressed } = express(given, {
      ...abilitiesOfQemu(options),
      modes: isCompatibility(given) ? ['host-model'] : PASSED,
      // Without a word of its own QEMU drops what the host does not have, and only of the host's own CPU is that meant.
      ...(isPassed ? { policies: policiesPassed(given) } : {}),
      parts: ['vendor-id', 'migratable', 'cache', 'address-width'],
    })
    const isEnforced = isPassed && cpu.features.some(({ policy }) => policy === 'require')
    const features = cpu.features.map(feature =>
      feature.policy === 'optional' ? { ...feature, policy: 'require' as const } : feature,
    )
    const settings = isEnforced ? [['enforce', 'on'] as const] : []
    return { text: `-cpu ${printQemuCpu({ ...cpu, features }, undefined, settings)}\n`, notExpressed }
  },
}

/** @see QEMU, documentation, "Arm CPU Features" */
const NO_MODELS_OF_ARM = 'QEMU has no CPU models for guests of KVM on ARM: they are given -cpu host'

const PASSED: readonly Mode[] = ['host-passthrough', 'maximum']

/** `enforce` is of all features or of none. */
const policiesPassed = ({ features }: Cpu): Policy[] =>
  features.some(({ policy = 'require' }) => policy === 'require' || policy === 'force')
    ? ['require', 'disable']
    : ['optional', 'disable']

/** What QEMU of a version knows; of other architectures than x86, everything. */
export function abilitiesOfQemu({ qemu = newestQemu() }: PrintOptions = {}): Abilities {
  const releases = builtinReleases()
  const knows = (name: string) => releases.knows('qemu', qemu, name)
  return {
    reader: `QEMU ${qemu}`,
    knowsModel: name => findAnyModel(name) !== undefined && knows(name),
    knowsFeature: knows,
    keepsRemoved: true,
  }
}

/** Whether a text is a version of QEMU that is not older than all that are known. */
export const isQemuVersion = (version: string): boolean =>
  /^\d+\.\d+(?:\.\d+)?$/.test(version) && compareVersions(version, oldestQemu()) >= 0

/** What is said of a text that is none. */
export const qemuVersionsText = (): string =>
  `must be a version of QEMU, ${oldestQemu()} or newer, such as ${newestQemu()}`

const oldestQemu = (): string => builtinReleases().lookedAt('qemu')[0] ?? ''

/** The newest version of QEMU whose models and features are known. */
export const newestQemu = (): string => builtinReleases().lookedAt('qemu').at(-1) ?? ''

/**
 * A guest's CPU as QEMU's `-cpu` takes it: `Skylake-Server-IBRS,vmx=on,rtm=off`. Features that a policy leaves to the
 * host (`optional`) are not written.
 * @param known the properties that QEMU has: turning off another would keep it from starting. Absent: all
 * @param settings what the domain says outside of its CPU
 * @see QEMU, documentation, "QEMU / KVM CPU model configuration"
 */
export function printQemuCpu(
  cpu: Cpu,
  known?: { has(property: string): boolean },
  settings: readonly (readonly [name: string, value: string])[] = [],
): string {
  const { mode, vendorId, migratable } = asGuest(cpu) ?? {}
  const isPassed = mode === 'host-passthrough' || mode === 'maximum'
  return [
    modelOf(cpu),
    ...(isPassed && migratable !== undefined ? [`migratable=${printOnOff(migratable)}`] : []),
    ...(vendorId === undefined ? [] : [`vendor=${vendorId}`]),
    ...cpu.features.flatMap(feature => printFeature(feature, known)),
    ...settings.map(([name, value]) => `${name}=${value}`),
    ...printCache(cpu, isPassed),
    ...printAddressBits(cpu),
  ].join(',')
}

/** POWER's modes of compatibility are the machine's, not the CPU's. */
const isCompatibility = (cpu: Cpu): boolean =>
  asGuest(cpu)?.mode === 'host-model' && cpu.model !== undefined && /^ppc64/.test(cpu.arch ?? '')

function modelOf(cpu: Cpu): string {
  if (isCompatibility(cpu)) return `host -machine pseries,max-cpu-compat=${cpu.model}`
  const mode = asGuest(cpu)?.mode
  return mode === 'host-passthrough' ? 'host' : mode === 'maximum' ? 'max' : (cpu.model ?? '')
}

const printOnOff = (is: boolean): string => (is ? 'on' : 'off')

function printFeature(
  { name, policy = 'require' }: CpuFeature,
  known: { has(property: string): boolean } | undefined,
): string[] {
  const property = toQemuName(name)
  if (policy === 'optional') return []
  if (policy === 'force' || policy === 'require') return [`${property}=on`]
  return !known || known.has(property) ? [`${property}=off`] : []
}

function printCache({ cache }: Cpu, isPassed: boolean): string[] {
  if (!cache) return []
  if (cache.mode === 'passthrough') return ['host-cache-info=on', 'l3-cache=off']
  return [...(isPassed ? ['host-cache-info=off'] : []), `l3-cache=${printOnOff(cache.mode === 'emulate')}`]
}

function printAddressBits({ maxphysaddr }: Cpu): string[] {
  if (!maxphysaddr) return []
  const { mode, bits, limit } = maxphysaddr
  if (mode === 'emulate') return [bits ? `phys-bits=${bits}` : 'host-phys-bits=off']
  return ['host-phys-bits=on', ...(limit === undefined ? [] : [`host-phys-bits-limit=${limit}`])]
}
