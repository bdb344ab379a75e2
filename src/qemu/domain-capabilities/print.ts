import { printCpuChildren } from '../../formats/libvirt/print-cpu.ts'
import { escapeXml } from '../../xml/writer.ts'
import type { SgxCapabilities } from '../capabilities.ts'
import type { CpuModes, OnOff, UsableModel } from './cpu-modes.ts'
import type { DomainCapabilities } from './domain-capabilities.ts'
import type { Sev } from './features.ts'
import type { OsChoices } from './firmware.ts'
import type { Choice, Section } from './section.ts'

/**
 * libvirt's document.
 * @param path the QEMU binary
 * @param virttype virsh's word for the accelerator
 */
export function printDomainCapabilities(caps: DomainCapabilities, path: string, virttype: string): string {
  return [
    '<domainCapabilities>\n',
    text('path', path, '  '),
    text('domain', virttype, '  '),
    text('machine', caps.machine, '  '),
    text('arch', caps.arch, '  '),
    caps.maxVcpus === undefined ? '' : `  <vcpu max='${caps.maxVcpus}'/>\n`,
    "  <iothreads supported='yes'/>\n",
    os(caps.os),
    printCpuModes(caps.cpu),
    section(caps.memoryBacking, '  '),
    element('devices', '', caps.devices.map(device => section(device, '    ')).join(''), '  '),
    element('features', '', features(caps), '  '),
    '</domainCapabilities>\n',
  ].join('')
}

const SUPPORTED = " supported='yes'"
const UNSUPPORTED = " supported='no'"

const element = (name: string, attributes: string, content: string, margin: string): string =>
  content === ''
    ? `${margin}<${name}${attributes}/>\n`
    : `${margin}<${name}${attributes}>\n${content}${margin}</${name}>\n`

const text = (name: string, value: string | number, margin: string): string =>
  `${margin}<${name}>${escapeXml(String(value))}</${name}>\n`

const choice = ({ name, values }: Choice, margin: string): string =>
  element(
    'enum',
    ` name='${name}'`,
    values.map(value => text('value', value, `${margin}  `)).join(''),
    margin,
  )

const section = ({ name, supported, choices = [] }: Section, margin: string): string =>
  element(
    name,
    supported ? SUPPORTED : UNSUPPORTED,
    choices.map(one => choice(one, `${margin}  `)).join(''),
    margin,
  )

function os({ firmware, loaders, loader }: OsChoices): string {
  const images = loaders.map(image => text('value', image, '      ')).join('')
  const choices = loader.map(one => choice(one, '      ')).join('')
  const content = choice(firmware, '    ') + element('loader', SUPPORTED, images + choices, '    ')
  return element('os', SUPPORTED, content, '  ')
}

const features = (caps: DomainCapabilities): string =>
  [
    ...caps.features.map(feature => section(feature, '    ')),
    element('sev', caps.sev ? SUPPORTED : UNSUPPORTED, caps.sev ? sev(caps.sev) : '', '    '),
    element('sgx', caps.sgx ? SUPPORTED : UNSUPPORTED, caps.sgx ? sgx(caps.sgx) : '', '    '),
    ...caps.lastFeatures.map(feature => section(feature, '    ')),
  ].join('')

const sev = ({ cbitpos, reducedPhysBits, maxGuests = 0, maxEsGuests = 0, cpu0Id }: Sev): string =>
  [
    text('cbitpos', cbitpos, '      '),
    text('reducedPhysBits', reducedPhysBits, '      '),
    text('maxGuests', maxGuests, '      '),
    text('maxESGuests', maxEsGuests, '      '),
    cpu0Id === '' ? '' : text('cpu0Id', cpu0Id, '      '),
  ].join('')

function sgx({ flc, sgx1, sgx2, sections }: SgxCapabilities): string {
  const total = sections.reduce((sum, { size }) => sum + size, 0)
  const yesNo = (name: string, value: boolean): string => text(name, value ? 'yes' : 'no', '      ')
  const rows = sections.map(
    ({ node, size }) => `        <section node='${node}' size='${kib(size)}' unit='KiB'/>\n`,
  )
  return [
    yesNo('flc', flc),
    yesNo('sgx1', sgx1),
    yesNo('sgx2', sgx2),
    `      <section_size unit='KiB'>${kib(total)}</section_size>\n`,
    rows.length > 0 ? element('sections', '', rows.join(''), '      ') : '',
  ].join('')
}

const kib = (bytes: number): number => Math.floor(bytes / 1024)

/** The `<cpu>` of domain capabilities: the four modes, indented as there. */
function printCpuModes({ passthrough, maximum, hostModel, custom }: CpuModes): string {
  const host = hostModel && printCpuChildren(hostModel).replace(/^(?=.)/gm, '    ')
  return [
    '  <cpu>\n',
    mode('host-passthrough', passthrough && migratable('hostPassthroughMigratable', passthrough)),
    mode('maximum', maximum && migratable('maximumMigratable', maximum)),
    mode('host-model', host),
    mode('custom', custom?.map(modelLines).join('')),
    '  </cpu>\n',
  ].join('')
}

/** @param content its children; undefined where the mode is not supported */
const mode = (name: string, content: string | undefined): string =>
  content === undefined
    ? `    <mode name='${name}' supported='no'/>\n`
    : `    <mode name='${name}' supported='yes'>\n${content}    </mode>\n`

const migratable = (name: string, values: readonly OnOff[]): string =>
  [
    `      <enum name='${name}'>\n`,
    ...values.map(value => `        <value>${value}</value>\n`),
    '      </enum>\n',
  ].join('')

function modelLines({ name, usable, deprecated, vendor, canonical, blockers }: UsableModel): string {
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
