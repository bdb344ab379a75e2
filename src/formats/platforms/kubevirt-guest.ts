import { NEVER_OFFERED } from '../../arch/operations.ts'
import { type CpuFeature, type GuestCpu, POLICIES, type Policy } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { express, findAnyModel, isLibvirtModel } from '../express.ts'
import type { FoundGuest } from '../found.ts'
import { at, isObject, type JsonObject, listAt, numberAt, textAt } from '../json/json.ts'
import type { Printer } from '../printer.ts'
import { archOfGo, isEmulated, isSelected, toGoArch } from './kubernetes-labels.ts'

/**
 * What `domain.cpu` of a virtual machine or its instance asks for.
 * @param spec that of the instance: of a virtual machine, `spec.template.spec`
 * @throws ParseError for a policy that libvirt does not have
 */
export function guestOfKubevirt(object: JsonObject, spec: unknown, source: string): FoundGuest[] {
  const cpu = at(spec, 'domain', 'cpu')
  if (!isObject(at(spec, 'domain'))) return []
  const count = (name: string) => numberAt(cpu, name) ?? 1
  const instanceType = textAt(object, 'spec', 'instancetype', 'name')
  const features = readFeatures(listAt(cpu, 'features'), source)
  return [
    {
      kind: 'guest',
      layer: 'defined',
      cpu: cpuOf(textAt(cpu, 'model'), features, archOfGo(textAt(spec, 'architecture'))),
      name: textAt(object, 'metadata', 'name'),
      uuid: textAt(spec, 'domain', 'firmware', 'uuid'),
      host: textAt(object, 'status', 'nodeName'),
      vcpus: cpu === undefined ? undefined : count('cores') * count('sockets') * count('threads'),
      notes: instanceType === undefined ? [] : [`its CPU may come from the instance type ${instanceType}`],
    },
  ]
}

/** A guest as libvirt gets it of virt-launcher, which takes `mpx` away from named models. */
function cpuOf(model: string | undefined, features: readonly CpuFeature[], arch: string): GuestCpu {
  if (model === undefined || model === 'host-model' || model === 'host-passthrough')
    return { type: 'guest', mode: model ?? 'host-model', arch, features }
  const mpx: CpuFeature[] =
    arch === 'x86_64' && !features.some(({ name }) => name === 'mpx')
      ? [{ name: 'mpx', policy: 'disable' }]
      : []
  return { type: 'guest', mode: 'custom', arch, model, features: [...features, ...mpx] }
}

function readFeatures(given: readonly unknown[], source: string): CpuFeature[] {
  return given.flatMap(feature => {
    const name = textAt(feature, 'name')
    if (name === undefined) return []
    const policy = textAt(feature, 'policy') ?? 'require'
    if (isPolicy(policy)) return { name, policy }
    const known = POLICIES.join(', ')
    throw new ParseError(`feature ${name}: the policy ${policy} does not exist; known: ${known}`, source)
  })
}

const isPolicy = (text: string): text is Policy => POLICIES.some(policy => policy === text)

/** A virtual machine's CPU, and the node selectors that find a node for it: to be merged into its manifest. */
export const kubevirtPrinter: Printer = {
  name: 'kubevirt',
  title: 'KubeVirt: VirtualMachine',
  readBy: 'kubernetes',
  omitsModelFeatures: true,
  print(given, { name } = {}) {
    const { cpu, notExpressed } = express(given, {
      reader: 'KubeVirt',
      modes: ['host-model', 'host-passthrough'],
      policies: POLICIES,
      knowsModel: model => !OBSOLETE.has(model.replace(/-v1$/, '')) && isLibvirtModel(model),
      knowsFeature: feature => !NEVER_OFFERED.has(feature),
    })
    const model = cpu.mode === 'custom' ? cpu.model : cpu.mode
    const features = [...cpu.features, ...keptMpx(cpu)]
    const required = features.filter(({ policy }) => policy === 'require' || policy === 'force')
    const selectors = [
      ...(cpu.mode === 'custom' ? [`cpu-model.node.kubevirt.io/${model}`] : []),
      ...required.map(feature => `cpu-feature.node.kubevirt.io/${feature.name}`),
    ]
    const arch =
      cpu.arch === undefined || isGoAmd64(cpu.arch) ? [] : [`      architecture: ${toGoArch(cpu.arch)}`]
    const lines = [
      'apiVersion: kubevirt.io/v1',
      'kind: VirtualMachine',
      'metadata:',
      `  name: ${toKubernetesName(name ?? model ?? '')}`,
      'spec:',
      '  template:',
      '    spec:',
      ...arch,
      ...(selectors.length > 0 ? ['      nodeSelector:'] : []),
      ...selectors.map(key => `        ${key}: "true"`),
      '      domain:',
      '        cpu:',
      `          model: ${model}`,
      ...(features.length > 0 ? ['          features:'] : []),
      ...features.flatMap(feature => [
        `            - name: ${feature.name}`,
        `              policy: ${feature.policy ?? 'require'}`,
      ]),
      '        devices: {}',
    ]
    return { text: `${lines.join('\n')}\n`, notExpressed }
  },
}

/** Models that KubeVirt does not label nodes with. @see KubeVirt, "obsoleteCPUModels" */
const OBSOLETE: ReadonlySet<string> = new Set(
  (
    '486 pentium pentium2 pentium3 pentiumpro coreduo n270 core2duo Conroe athlon phenom qemu64 qemu32 kvm64 kvm32 ' +
    'Opteron_G1 Opteron_G2'
  ).split(' '),
)

/** `mpx` of a model that has it, which has to be said. */
function keptMpx({ mode, model = '', features }: GuestCpu): CpuFeature[] {
  const own = mode === 'custom' ? findAnyModel(model)?.features : undefined
  const mpx = CpuMap.builtIn().of('x86').features.get('mpx')
  const isKept = own && mpx?.bits.leq(own) && !features.some(({ name }) => name === 'mpx')
  return isKept ? [{ name: 'mpx', policy: 'require' }] : []
}

const isGoAmd64 = (arch: string): boolean => toGoArch(arch) === 'amd64'

/** What names of objects may be made of. */
const toKubernetesName = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

/** A virt-launcher pod. */
export interface LauncherPod {
  readonly name: string
  readonly host?: string | undefined
  readonly selectors: ReadonlyMap<string, string>
  /** The virtual machine, where the pod's metadata name it. */
  readonly guest?: string | undefined
}

/**
 * The guest of a virt-launcher pod: its selectors are what the scheduler requires of a node. Empty where they say
 * nothing of the CPU.
 */
export function guestOfPod({ name, host, selectors, guest }: LauncherPod): FoundGuest[] {
  const under = (kind: string) => {
    const prefix = `${kind}.node.kubevirt.io/`
    return [...selectors.keys()].flatMap(key => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))
  }
  const required = under('cpu-feature')
  const [model] = [...under('cpu-model'), ...under('cpu-model-migration'), ...under('host-model-cpu')]
  if (required.length === 0 && model === undefined) return []
  const mode = model === undefined ? 'host-model' : 'custom'
  const features = required.map(feature => ({ name: feature, policy: 'require' as const }))
  const cpu: GuestCpu = { type: 'guest', mode, arch: 'x86_64', model, features }
  const notes = ['what the node selectors of its pod require: a later version of KubeVirt may require less']
  if (isEmulated(new Set(required)))
    notes.push(
      'the selectors describe an emulated CPU: the node that it started on had no /dev/kvm. Enable KVM there, and once ' +
        'the node is labelled anew restart the virtual machine, or give it a named model that all nodes have',
    )
  return [
    {
      kind: 'guest',
      layer: 'running',
      cpu,
      name: guest ?? /^virt-launcher-(.+)-[a-z0-9]{5}$/.exec(name)?.[1] ?? name,
      host,
      selectors: [...selectors.keys()].filter(isSelected),
      notes,
    },
  ]
}
