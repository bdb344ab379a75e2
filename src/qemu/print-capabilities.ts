import type { HostFacts, Migration, SecurityModel } from '../formats/host/host-facts.ts'
import { printBandwidth, printCache, printEnergy } from '../formats/host/print-cache.ts'
import { printTopology } from '../formats/host/print-topology.ts'
import { printCpu } from '../formats/libvirt/print-cpu.ts'
import { escapeXml } from '../xml/writer.ts'
import type { GuestFacts } from './guest-facts.ts'
import { printGuest } from './print-guest.ts'

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
