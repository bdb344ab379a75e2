import { ARCH_NAMES } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { HostNumaCell } from '../../formats/host/host-facts.ts'
import { checkVirtType } from '../../qemu/choice.ts'
import type { DomainOptions } from '../../qemu/domain-capabilities/request.ts'
import type { GuestFacts } from '../../qemu/print-capabilities.ts'
import { escapeXml } from '../../xml/writer.ts'
import { CommandError } from '../spec.ts'
import type { DescribedHost } from './describe-host.ts'

const FEATURES = ['pae', 'nonpae']

/** A node of eight cores; ordinary pages of the second are larger. */
const cell = (id: number, page: number): HostNumaCell => ({
  id,
  memory: (id + 1) * 2 ** 21,
  pages: [
    { size: page, count: ((id + 1) * 2 ** 21) / page },
    { size: 2 ** 11, count: 0 },
    { size: 2 ** 20, count: 0 },
  ],
  distances: [],
  caches: [],
  cpus: Array.from({ length: 8 }, (_, core) => {
    const cpu = 8 * id + core
    return { id: cpu, socket: id, die: 0, cluster: 0, core, siblings: [cpu] }
  }),
})

const guest = (osType: string): GuestFacts => ({
  osType,
  arch: 'i686',
  wordSize: 32,
  emulator: '/usr/bin/test-hv',
  machines: [],
  domains: ['test'],
  features: FEATURES.map(name => ({ name })),
})

/** The host that libvirt's test driver makes up, `test:///default`. */
export const TEST_HOST: DescribedHost = {
  host: {
    cpu: { type: 'host', arch: 'i686', features: [] },
    oldFeatures: FEATURES,
    pageSizes: [4, 8, 2 ** 11, 2 ** 20],
    powerManagement: [],
    iommu: false,
    topology: { cells: [cell(0, 4), cell(1, 8)], interconnects: [] },
    cache: { banks: [] },
    memoryBandwidth: { nodes: [] },
    securityModels: [{ model: 'testSecurity', doi: '', baselabels: [] }],
  },
  guests: [guest('hvm'), guest('xen')],
  node: undefined,
  vfio: { isSupported: false, hasIommufd: false, groups: [], conditions: [] },
  notes: [],
}

/** What a guest of the test driver is asked for. */
export interface TestRequest {
  readonly virttype?: string | undefined
  readonly emulator?: string | undefined
  readonly arch?: string | undefined
  readonly machine?: string | undefined
}

/** @throws LibvirtError for unknown words, in its order */
export function checkTestRequest({ virttype, arch }: TestRequest): void {
  if (arch !== undefined && !ARCH_NAMES.has(arch))
    throw new LibvirtError('invalid-arg', `unknown architecture: ${arch}`)
  checkVirtType(virttype)
}

/** libvirt's flags of these options, from the lowest bit. */
const FLAGS = ['disableDeprecated', 'expandFeatures', 'supportedFeatures'] as const

function refuseFlags(options: DomainOptions): void {
  const flags = FLAGS.reduce((sum, name, bit) => sum + (options[name] ? 2 ** bit : 0), 0)
  if (flags > 0)
    throw new CommandError([
      `unsupported flags (0x${flags.toString(16)}) in function testConnectGetDomainCapabilities`,
    ])
}

/**
 * What its guests can be given: it repeats what was asked for, and has none of it.
 * @throws LibvirtError for unknown words, CommandError for options, which it does not have
 */
export function testDomainCapabilities(request: TestRequest, options: DomainOptions): string {
  refuseFlags(options)
  checkTestRequest(request)
  const { virttype = 'test', emulator, arch = 'i686', machine } = request
  const modes = ['host-passthrough', 'maximum', 'host-model', 'custom']
  return [
    '<domainCapabilities>',
    ...(emulator === undefined ? [] : [`  <path>${escapeXml(emulator)}</path>`]),
    `  <domain>${virttype}</domain>`,
    ...(machine === undefined ? [] : [`  <machine>${machine}</machine>`]),
    `  <arch>${arch}</arch>`,
    '  <cpu>',
    ...modes.map(mode => `    <mode name='${mode}' supported='no'/>`),
    '  </cpu>',
    '  <devices>',
    '  </devices>',
    '  <features>',
    "    <sev supported='no'/>",
    "    <sgx supported='no'/>",
    '  </features>',
    '</domainCapabilities>',
    '',
  ].join('\n')
}
