import type { HostFacts, Migration, SecurityModel } from '../formats/host/host-facts.ts'
import { printBandwidth, printCache, printEnergy } from '../formats/host/print-cache.ts'
import { printTopology } from '../formats/host/print-topology.ts'
import { printCpu } from '../formats/libvirt/print-cpu.ts'
import { escapeXml } from '../xml/writer.ts'
import type { GuestFacts, GuestMachine } from './guest-facts.ts'

/** The capabilities document as libvirt prints it. */
export const printCapabilities = (host: HostFacts, guests: readonly GuestFacts[]): string =>
  `<capabilities>\n\n${printHost(host)}\n${guests.map(guest => `${printGuest(guest)}\n`).join('')}</capabilities>\n`

function printHost(host: HostFacts): string {
  return [
    '  <host>\n',
    host.uuid && `    <uuid>${host.uuid}</uuid>\n`,
    printHostCpu(host),
    printPower(host),
    `    <iommu support='${host.iommu ? 'yes' : 'no'}'/>\n`,
    host.migration && printMigration(host.migration),
    host.topology && printTopology(host.topology),
    printCache(host.cache),
    printBandwidth(host.memoryBandwidth),
    host.energy && printEnergy(host.energy),
    ...host.securityModels.map(printSecurityModel),
    '  </host>\n',
  ]
    .filter(Boolean)
    .join('')
}

/** The definition, with old features and the sizes of pages as its last children. */
function printHostCpu({ cpu, oldFeatures = [], pageSizes }: HostFacts): string {
  const old = oldFeatures.map(name => `    <${name}/>\n`).join('')
  const features = old && `  <features>\n${old}  </features>\n`
  const pages = pageSizes.map(size => `  <pages unit='KiB' size='${size}'/>\n`).join('')
  return indent(printCpu(cpu).replace(/<\/cpu>\n$/, `${features}${pages}</cpu>\n`), '    ')
}

const indent = (lines: string, margin: string): string => lines.replace(/^(?=.)/gm, margin)

function printPower({ powerManagement }: HostFacts): string {
  if (!powerManagement) return ''
  if (powerManagement.length === 0) return '    <power_management/>\n'
  const states = powerManagement.map(state => `      <${state}/>\n`).join('')
  return `    <power_management>\n${states}    </power_management>\n`
}

function printMigration({ live, transports }: Migration): string {
  const uris = transports.map(name => `        <uri_transport>${name}</uri_transport>\n`).join('')
  return (
    '    <migration_features>\n' +
    (live ? '      <live/>\n' : '') +
    (uris && `      <uri_transports>\n${uris}      </uri_transports>\n`) +
    '    </migration_features>\n'
  )
}

function printSecurityModel({ model, doi, baselabels }: SecurityModel): string {
  const labels = baselabels.map(
    ({ type, label }) => `      <baselabel type='${type}'>${escapeXml(label)}</baselabel>\n`,
  )
  return `    <secmodel>\n      <model>${escapeXml(model)}</model>\n      <doi>${escapeXml(doi)}</doi>\n${labels.join('')}    </secmodel>\n`
}

/** A `<guest>` of the capabilities document, as libvirt prints it. */
export function printGuest({
  osType = 'hvm',
  arch,
  wordSize,
  emulator,
  machines,
  domains,
  features,
}: GuestFacts): string {
  return [
    '  <guest>\n',
    `    <os_type>${osType}</os_type>\n`,
    `    <arch name='${arch}'>\n`,
    `      <wordsize>${wordSize}</wordsize>\n`,
    `      <emulator>${escapeXml(emulator)}</emulator>\n`,
    ...machines.map(printMachine),
    ...domains.map(type => `      <domain type='${type}'/>\n`),
    '    </arch>\n',
    '    <features>\n',
    ...features.map(printFeature),
    '    </features>\n',
    '  </guest>\n',
  ].join('')
}

function printMachine({ name, canonical, maxCpus, deprecated }: GuestMachine): string {
  const attributes =
    (canonical === undefined ? '' : ` canonical='${escapeXml(canonical)}'`) +
    (maxCpus > 0 ? ` maxCpus='${maxCpus}'` : '') +
    (deprecated ? " deprecated='yes'" : '')
  return `      <machine${attributes}>${escapeXml(name)}</machine>\n`
}

function printFeature({ name, isOn, isToggle }: GuestFacts['features'][number]): string {
  const toggle =
    isToggle === undefined
      ? ''
      : ` default='${printBoolean(isOn, 'on', 'off')}' toggle='${printBoolean(isToggle)}'`
  return `      <${name}${toggle}/>\n`
}

const printBoolean = (is: boolean | undefined, so = 'yes', not = 'no'): string => (is ? so : not)
