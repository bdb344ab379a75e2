import type { Feature } from '../../src/core/feature.ts'
import { xenFeatureset } from '../../src/formats/platforms/xen.ts'
import { toQemuName } from '../../src/formats/qemu/names.ts'
import { contextOf } from '../../src/questions/context.ts'
import { reportOf } from './platforms/samples.ts'

/** One CPU as each of many tools tells it. */

const { db } = contextOf()

export const MODELS = [
  'Nehalem',
  'Westmere',
  'SandyBridge',
  'IvyBridge',
  'Haswell-noTSX',
  'Broadwell',
  'Skylake-Server',
  'Cascadelake-Server',
  'EPYC',
  'EPYC-Rome',
]

export interface Told {
  readonly model: string
  readonly vendor: string
  readonly id: string
  readonly signature: { readonly family: number; readonly model: number; readonly stepping: number }
  readonly features: readonly Feature[]
}

export function cpuOf(name: string): Told {
  const model = db.model(name)
  const [match] = model?.signatures ?? []
  if (!model || !match || !model.vendor) throw new RangeError(`${name} has no signature`)
  const features = db.features.in(model.features).filter(({ class: of }) => of !== 'nested')
  const signature = { family: match.family, model: match.model, stepping: 1 }
  return { model: name, vendor: model.vendor.name, id: model.vendor.id, signature, features }
}

/** The words that Linux has for them on such a CPU. */
const linuxWords = ({ features, vendor }: Told): string =>
  features
    .flatMap(feature => {
      const own = db.names(feature).find(({ tool }) => tool === 'linux')
      if (own?.vendors && !own.vendors.includes(vendor)) return []
      return own ? (own.hidden ? [] : own.names.slice(0, 1)) : feature.name
    })
    .join(' ')

function wordsOf({
  features,
  id,
  signature,
}: Told): Map<string, { leaf: number; subleaf: number; words: number[] }> {
  const leaves = new Map<string, { leaf: number; subleaf: number; words: number[] }>()
  const at = (leaf: number, subleaf: number) => {
    const key = `${leaf} ${subleaf}`
    const made = leaves.get(key) ?? { leaf, subleaf, words: [0, 0, 0, 0] }
    leaves.set(key, made)
    return made.words
  }
  const letters = [...id].map(letter => letter.charCodeAt(0))
  const word = (from: number) => letters.slice(from, from + 4).reduceRight((all, byte) => all * 256 + byte, 0)
  at(0, 0).splice(0, 4, 0x16, word(0), word(8), word(4))
  const { family, model, stepping } = signature
  const extended = family > 15 ? family - 15 : 0
  at(1, 0)[0] =
    (extended << 20) | ((model >> 4) << 16) | (Math.min(family, 15) << 8) | ((model & 15) << 4) | stepping
  for (let leaf = 0; leaf <= 0x16; leaf++) at(leaf, 0)
  for (let leaf = 0x8000_0000; leaf <= 0x8000_0021; leaf++) at(leaf, 0)
  at(0x8000_0000, 0)[0] = 0x8000_0021
  for (const { place, bit } of features) {
    if (place.kind !== 'cpuid') continue
    const words = at(place.leaf, place.subleaf)
    const i = ['eax', 'ebx', 'ecx', 'edx'].indexOf(place.register)
    words[i] = ((words[i] ?? 0) | (1 << bit)) >>> 0
  }
  return leaves
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`

/** What each tool prints of a CPU. */
export const ROADS: Readonly<Record<string, (cpu: Told) => string>> = {
  cpuinfo: cpu =>
    `processor\t: 0\nvendor_id\t: ${cpu.id}\ncpu family\t: ${cpu.signature.family}\nmodel\t\t: ${cpu.signature.model}\nmodel name\t: x\nstepping\t: 1\ncpuid level\t: 22\nflags\t\t: ${linuxWords(cpu)}\n\n`,
  lscpu: cpu =>
    `Architecture: x86_64\nCPU op-mode(s): 32-bit, 64-bit\nByte Order: Little Endian\nCPU(s): 1\nVendor ID: ${cpu.id}\nModel name: x\nCPU family: ${cpu.signature.family}\nModel: ${cpu.signature.model}\nStepping: 1\nFlags: ${linuxWords(cpu)}\n`,
  cpuid: cpu =>
    `CPU 0:\n${[...wordsOf(cpu).values()]
      .sort((a, b) => a.leaf - b.leaf || a.subleaf - b.subleaf)
      .map(({ leaf, subleaf, words: [a = 0, b = 0, c = 0, d = 0] }) => {
        const sub = `0x${subleaf.toString(16).padStart(2, '0')}`
        return `   ${hex(leaf)} ${sub}: eax=${hex(a)} ebx=${hex(b)} ecx=${hex(c)} edx=${hex(d)}\n`
      })
      .join('')}`,
  domcapabilities: cpu =>
    `<domainCapabilities><path>/usr/bin/qemu-kvm</path><arch>x86_64</arch><cpu><mode name='host-model' supported='yes'><model fallback='forbid'>${cpu.model}</model><vendor>${cpu.vendor}</vendor></mode><mode name='custom' supported='yes'><model usable='yes'>${cpu.model}</model></mode></cpu></domainCapabilities>`,
  QMP: cpu => {
    const has = new Set(cpu.features.map(({ name }) => name))
    const props = db.features.list.map(({ name }) => [toQemuName(name), has.has(name)] as const)
    const command = {
      execute: 'query-cpu-model-expansion',
      arguments: { type: 'full', model: { name: 'host' } },
    }
    const reply = { return: { model: { name: 'host', props: Object.fromEntries(props) } } }
    return `${JSON.stringify(command)}\n${JSON.stringify(reply)}\n`
  },
  Xen: cpu => {
    const { text } = xenFeatureset.print({ type: 'host', arch: 'x86_64', model: cpu.model, features: [] })
    return `cpu_count: 8\nvendor: ${cpu.id}\n${text}`
  },
  'node labels': cpu =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: 'n1',
        labels: Object.fromEntries([
          ...cpu.features.map(({ name }) => [`cpu-feature.node.kubevirt.io/${name}`, 'true']),
          [`cpu-vendor.node.kubevirt.io/${cpu.vendor}`, 'true'],
          [`host-model-cpu.node.kubevirt.io/${cpu.model}`, 'true'],
        ]),
      },
      status: { nodeInfo: { architecture: 'amd64' } },
    }),
  prometheus: cpu => {
    const { family, model, stepping } = cpu.signature
    const info = `vendor="${cpu.id}",family="${family}",model="${model}",model_name="x",stepping="${stepping}"`
    const flags = linuxWords(cpu)
      .split(' ')
      .map(flag => `node_cpu_flag_info{flag="${flag}"} 1\n`)
    return `${flags.join('')}node_cpu_info{cachesize="1 KB",core="0",cpu="0",${info},microcode="0x1",package="0"} 1\n`
  },
  incus: cpu => {
    const core = { core: 0, threads: [{ id: 0, online: true }], flags: linuxWords(cpu).split(' ') }
    return JSON.stringify({
      cpu: {
        architecture: 'x86_64',
        sockets: [{ name: 'x', vendor: cpu.id, socket: 0, cores: [core] }],
        total: 1,
      },
      memory: { total: 1 },
    })
  },
  'a line of flags': cpu => `flags\t\t: fpu ${linuxWords(cpu).replace(/\bfpu /, '')}\n`,
  'a list of flags': cpu => `${linuxWords(cpu).split(' ').join('\n')}\n`,
  vdsm: cpu =>
    JSON.stringify({
      cpuModel: 'x',
      cpuCores: '1',
      cpuFlags: [...linuxWords(cpu).split(' '), `model_${cpu.model}`].join(','),
      hostname: 'h',
      kvmEnabled: 'true',
    }),
  nova: cpu => {
    const features = cpu.features.map(({ name }) => name)
    const info = { arch: 'x86_64', model: cpu.model, vendor: cpu.vendor, topology: { sockets: 1 }, features }
    return JSON.stringify({
      hypervisors: [
        { id: 1, hypervisor_hostname: 'h', hypervisor_type: 'QEMU', cpu_info: JSON.stringify(info) },
      ],
    })
  },
  FreeBSD: cpu => {
    const at = (leaf: number, i: number) => wordsOf(cpu).get(`${leaf} 0`)?.words[i] ?? 0
    const { family, model, stepping } = cpu.signature
    const line = (title: string, word: number) => `  ${title}=0x${(word >>> 0).toString(16)}<X>\n`
    return [
      'FreeBSD 14.1-RELEASE GENERIC amd64\nCPU: x (1000.00-MHz K8-class CPU)\n',
      `  Origin="${cpu.id}"  Id=0x${at(1, 0).toString(16)}  Family=0x${family.toString(16)}  Model=0x${model.toString(16)}  Stepping=${stepping}\n`,
      line('Features', at(1, 3)),
      line('Features2', at(1, 2)),
      line('AMD Features', at(0x8000_0001, 3)),
      line('AMD Features2', at(0x8000_0001, 2)),
      line('Structured Extended Features', at(7, 1)),
      line('Structured Extended Features2', at(7, 2)),
      line('Structured Extended Features3', at(7, 3)),
      'real memory  = 34359738368 (32768 MB)\n',
    ].join('')
  },
  'cpuid as JSON': cpu =>
    JSON.stringify({
      cpuid: [...wordsOf(cpu).values()].map(({ leaf, subleaf, words }) => [
        leaf,
        subleaf,
        ...words.map(word => word >>> 0),
      ]),
      msr: [],
    }),
  firecracker: cpu => {
    const bitmap = (word = 0) => `0b${(word >>> 0).toString(2).padStart(32, '0')}`
    const modifiers = [...wordsOf(cpu).values()].map(({ leaf, subleaf, words }) => ({
      leaf: `0x${leaf.toString(16)}`,
      subleaf: `0x${subleaf.toString(16)}`,
      flags: 0,
      modifiers: ['eax', 'ebx', 'ecx', 'edx'].map((register, i) => ({ register, bitmap: bitmap(words[i]) })),
    }))
    return JSON.stringify({
      firecracker_version: '1.9.0',
      kernel_version: '6.1.100',
      microcode_version: '0x1',
      guest_cpu_config: { kvm_capabilities: [], cpuid_modifiers: modifiers, msr_modifiers: [] },
    })
  },
  collected: cpu => reportOf('h', [['cpuinfo', ROADS.cpuinfo?.(cpu) ?? '']]),
}

/** A guest's CPU, as each of many tools defines it: with one feature more than the model has, and where it can one less. */
export const GUEST_ROADS: Readonly<Record<string, (model: string, on: string, off: string) => string>> = {
  'gnt-instance': (model, on, off) =>
    `Instance name: g\n  Hypervisor: kvm\n    cpu_type: ${model}\\,${on}=1\\,${off}=0\n`,
  'agent.properties': (model, on, off) =>
    `guest.cpu.mode=custom\nguest.cpu.model=${model}\nguest.cpu.features=${on} -${off}\n`,
  CPU_MODEL: (model, on) => `NAME = "g"\nCPU_MODEL = [ MODEL = "${model}", FEATURES = "${on}" ]\n`,
  libvirt_domain: (model, on, off) =>
    `resource "libvirt_domain" "g" {\n  name = "g"\n  cpu = {\n    mode = "custom"\n    model = "${model}"\n    features = [\n      { name = "${on}", policy = "require" },\n      { name = "${off}", policy = "disable" },\n    ]\n  }\n}\n`,
  Vagrantfile: (model, on, off) =>
    `Vagrant.configure("2") do |config|\n  config.vm.provider :libvirt do |libvirt|\n    libvirt.cpu_mode = "custom"\n    libvirt.cpu_model = "${model}"\n    libvirt.cpu_feature :name => "${on}", :policy => "require"\n    libvirt.cpu_feature :name => "${off}", :policy => "disable"\n  end\nend\n`,
  'cluster group': (model, on, off) =>
    `name: g\nconfig:\n  instances.vm.cpu.x86_64.baseline: ${model}\n  instances.vm.cpu.x86_64.flags: "${on},-${off}"\nmembers: [m1]\n`,
}
