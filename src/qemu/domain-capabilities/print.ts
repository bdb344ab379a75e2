import { printCpuChildren } from '../../formats/libvirt/print-cpu.ts'
import { escapeXml } from '../../xml/writer.ts'
import type { SgxCapabilities } from '../capabilities.ts'
import type { CpuModes, OnOff, UsableModel } from './cpu-modes.ts'
import type { BootOptions, DomainCapabilities, Sev } from './domain-capabilities.ts'
import { makeSection, type Section, type SectionEnum } from './request.ts'

/**
 * libvirt's document.
 * @param path the QEMU binary
 * @param virttype virsh's word for the accelerator
 */
export function printDomainCapabilities(caps: DomainCapabilities, path: string, virttype: string): string {
  return [
    '<domainCapabilities>\n',
    printText('path', path, '  '),
    printText('domain', virttype, '  '),
    printText('machine', caps.machine, '  '),
    printText('arch', caps.arch, '  '),
    caps.maxVcpus === undefined ? '' : `  <vcpu max='${caps.maxVcpus}'/>\n`,
    "  <iothreads supported='yes'/>\n",
    printOs(caps.os),
    printCpuModes(caps.cpu),
    printSection(caps.memoryBacking, '  '),
    printElement('devices', '', caps.devices.map(device => printSection(device, '    ')).join(''), '  '),
    printElement('features', '', printFeatures(caps), '  '),
    '</domainCapabilities>\n',
  ].join('')
}

const SUPPORTED = " supported='yes'"
const UNSUPPORTED = " supported='no'"

const printElement = (name: string, attributes: string, content: string, margin: string): string =>
  content === ''
    ? `${margin}<${name}${attributes}/>\n`
    : `${margin}<${name}${attributes}>\n${content}${margin}</${name}>\n`

const printText = (name: string, value: string | number, margin: string): string =>
  `${margin}<${name}>${escapeXml(String(value))}</${name}>\n`

const printEnum = ({ name, values }: SectionEnum, margin: string): string =>
  printElement(
    'enum',
    ` name='${name}'`,
    values.map(value => printText('value', value, `${margin}  `)).join(''),
    margin,
  )

const printSection = ({ name, supported, choices = [], defaults }: Section, margin: string): string =>
  printElement(
    name,
    supported ? SUPPORTED : UNSUPPORTED,
    choices.map(one => printEnum(one, `${margin}  `)).join('') + printDefaults(defaults, `${margin}  `),
    margin,
  )

const printDefaults = (defaults: Section['defaults'], margin: string): string =>
  defaults
    ? printElement(
        'defaults',
        '',
        defaults.map(([name, value]) => printText(name, value, `${margin}  `)).join(''),
        margin,
      )
    : ''

function printOs({ firmware, loaders, loader, features }: BootOptions): string {
  const images = loaders.map(image => printText('value', image, '      ')).join('')
  const choices = loader.map(one => printEnum(one, '      ')).join('')
  const content = [
    printEnum(firmware, '    '),
    features ? printSection(makeSection('firmwareFeatures', true, ...features), '    ') : '',
    printElement('loader', SUPPORTED, images + choices, '    '),
    features ? printSection(makeSection('varstore', false), '    ') : '',
  ]
  return printElement('os', SUPPORTED, content.join(''), '  ')
}

const printFeatures = (caps: DomainCapabilities): string =>
  [
    ...caps.features.map(feature => printSection(feature, '    ')),
    printElement('sev', caps.sev ? SUPPORTED : UNSUPPORTED, caps.sev ? printSev(caps.sev) : '', '    '),
    printElement('sgx', caps.sgx ? SUPPORTED : UNSUPPORTED, caps.sgx ? printSgx(caps.sgx) : '', '    '),
    ...caps.lastFeatures.map(feature => printSection(feature, '    ')),
  ].join('')

const printSev = ({ cbitpos, reducedPhysBits, maxGuests = 0, maxEsGuests = 0, cpu0Id }: Sev): string =>
  [
    printText('cbitpos', cbitpos, '      '),
    printText('reducedPhysBits', reducedPhysBits, '      '),
    printText('maxGuests', maxGuests, '      '),
    printText('maxESGuests', maxEsGuests, '      '),
    cpu0Id === '' ? '' : printText('cpu0Id', cpu0Id, '      '),
  ].join('')

function printSgx({ flc, sgx1, sgx2, sections }: SgxCapabilities): string {
  const total = sections.reduce((sum, { size }) => sum + size, 0)
  const yesNo = (name: string, value: boolean): string => printText(name, value ? 'yes' : 'no', '      ')
  const rows = sections.map(
    ({ node, size }) => `        <section node='${node}' size='${toKib(size)}' unit='KiB'/>\n`,
  )
  return [
    yesNo('flc', flc),
    yesNo('sgx1', sgx1),
    yesNo('sgx2', sgx2),
    `      <section_size unit='KiB'>${toKib(total)}</section_size>\n`,
    rows.length > 0 ? printElement('sections', '', rows.join(''), '      ') : '',
  ].join('')
}

const toKib = (bytes: number): number => Math.floor(bytes / 1024)

/** The `<cpu>` of domain capabilities: the four modes, indented as there. */
function printCpuModes({ passthrough, maximum, hostModel, custom }: CpuModes): string {
  const host = hostModel && printCpuChildren(hostModel).replace(/^(?=.)/gm, '    ')
  return [
    '  <cpu>\n',
    printMode('host-passthrough', passthrough && printMigratable('hostPassthroughMigratable', passthrough)),
    printMode('maximum', maximum && printMigratable('maximumMigratable', maximum)),
    printMode('host-model', host),
    printMode('custom', custom?.map(printModel).join('')),
    '  </cpu>\n',
  ].join('')
}

/** @param content its children; undefined where the mode is not supported */
const printMode = (name: string, content: string | undefined): string =>
  content === undefined
    ? `    <mode name='${name}' supported='no'/>\n`
    : `    <mode name='${name}' supported='yes'>\n${content}    </mode>\n`

const printMigratable = (name: string, values: readonly OnOff[]): string =>
  [
    `      <enum name='${name}'>\n`,
    ...values.map(value => `        <value>${value}</value>\n`),
    '      </enum>\n',
  ].join('')

function printModel({ name, usable, deprecated, vendor, canonical, blockers }: UsableModel): string {
  const isDeprecated = deprecated ? " deprecated='yes'" : ''
  const isAlias = canonical === undefined ? '' : ` canonical='${escapeXml(canonical)}'`
  const attributes = `usable='${usable}'${isDeprecated} vendor='${escapeXml(vendor ?? 'unknown')}'${isAlias}`
  return [
    `      <model ${attributes}>${escapeXml(name)}</model>\n`,
    ...(blockers.length > 0 ? [`      <blockers model='${escapeXml(name)}'>\n`] : []),
    ...blockers.map(blocker => `        <feature name='${escapeXml(blocker)}'/>\n`),
    ...(blockers.length > 0 ? ['      </blockers>\n'] : []),
  ].join('')
}
