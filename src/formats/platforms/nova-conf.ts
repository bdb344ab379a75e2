import { NEVER_OFFERED } from '../../arch/operations.ts'
import type { CpuFeature, Mode } from '../../core/cpu.ts'
import { fewNames } from '../../core/text.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { express, isLibvirtModel } from '../express.ts'
import type { Dialect, FoundGuest } from '../found.ts'
import type { Printer } from '../printer.ts'
import { libvirtNames } from './linux-host.ts'

/** The CPU that nova-compute gives to its instances: each model of the list is one guest, as each must run there. */
export const novaConf: Dialect = {
  name: 'nova-conf',
  title: 'OpenStack: nova.conf with [libvirt] cpu_mode',
  hostsBy: 'openstack hypervisor show NAME -f json',
  sniff: text =>
    /^[ \t]*\[libvirt\][ \t]*\r?$/m.test(text) &&
    /^(?:cpu_mode|cpu_models?|cpu_model_extra_flags|virt_type)[ \t]*=/m.test(text),
  read(text) {
    const options = optionsOf(text)
    const type = options.get('virt_type') ?? 'kvm'
    const mode = options.get('cpu_mode') ?? (type === 'kvm' ? 'host-model' : 'none')
    const models = eachOnce(listOf(options.get('cpu_models') ?? options.get('cpu_model')))
    const features = listOf(options.get('cpu_model_extra_flags')).flatMap(featuresOf)
    const notes = [...(options.has('cpu_mode') ? [] : [UNSAID]), ...notesOf(mode, models)]
    const guest = (model: string | undefined): FoundGuest => ({
      kind: 'guest',
      layer: 'defined',
      cpu: { type: 'guest', mode: MODES.get(mode) ?? 'custom', arch: 'x86_64', model, features },
      name: models.length > 1 ? model : undefined,
      notes,
    })
    if (mode === 'custom' && models.length > 0) return models.map(name => guest(modelNamed(name)))
    // Without a mode libvirt writes no <cpu>: the guest gets QEMU's default.
    return mode === 'custom' ? [] : [guest(mode === 'none' ? 'qemu64' : undefined)]
  },
}

/** The CPU of all instances of a compute node. */
export const novaPrinter: Printer = {
  name: 'nova',
  title: 'OpenStack: nova.conf',
  readBy: 'nova-conf',
  omitsModelFeatures: true,
  print(given) {
    const { cpu, notExpressed } = express(given, {
      reader: 'nova.conf',
      modes: [...MODES.values()],
      knowsModel: isLibvirtModel,
      knowsFeature: name => !NEVER_OFFERED.has(name),
    })
    const { mode = 'custom' } = cpu
    const flags = cpu.features.map(({ name, policy }) => (policy === 'disable' ? '-' : '+') + name)
    const lines = [
      '[libvirt]',
      `cpu_mode = ${mode}`,
      ...(mode === 'custom' ? [`cpu_models = ${cpu.model}`] : []),
      ...(flags.length > 0 ? [`cpu_model_extra_flags = ${flags.join(',')}`] : []),
    ]
    return { text: `${lines.join('\n')}\n`, notExpressed }
  },
}

const MODES: ReadonlyMap<string, Mode> = new Map([
  ['host-model', 'host-model'],
  ['host-passthrough', 'host-passthrough'],
  ['maximum', 'maximum'],
])

const UNSAID = 'without cpu_mode nova-compute takes host-model with KVM, and QEMU’s default, qemu64, without'

function notesOf(mode: string, models: readonly string[]): string[] {
  if (mode !== 'custom' && models.length > 0)
    return ['nova-compute refuses this configuration: models may be named only with cpu_mode=custom']
  if (models.length < 2) return []
  return [`nova-compute does not start on a host that cannot run each of ${fewNames(models, 10)}`]
}

/** The options of the section `libvirt`; an indented line continues the one above. */
function optionsOf(text: string): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  let section = ''
  let last = ''
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue
    const [, name] = /^\s*\[(.+)\]\s*$/.exec(line) ?? []
    const [, key, value = ''] = /^(\w+)\s*[=:]\s*(.*?)(?:\s+[#;].*)?$/.exec(line) ?? []
    if (name !== undefined) section = name
    else if (section !== 'libvirt') continue
    else if (key !== undefined) {
      last = key
      options.set(key, value.trim())
    } else options.set(last, `${options.get(last) ?? ''},${line.trim()}`)
  }
  return options
}

const listOf = (text = ''): string[] => text.split(/[,\s]+/).filter(Boolean)

/** `+pcid`, `pcid` or `-mpx`, in any case. */
const featuresOf = (flag: string): CpuFeature[] => {
  const policy = flag.startsWith('-') ? 'disable' : 'require'
  return libvirtNames('libvirt', [flag.replace(/^[+-]/, '').toLowerCase()]).map(name => ({ name, policy }))
}

/** Nova compares names without regard to case. */
const eachOnce = (names: readonly string[]): string[] => [
  ...new Map(names.map(name => [name.toLowerCase(), name])).values(),
]

/** By libvirt's spelling, where it has such a model. */
function modelNamed(name: string): string {
  const { models } = CpuMap.builtIn().of('x86')
  return models.find(model => model.name.toLowerCase() === name.toLowerCase())?.name ?? name
}
