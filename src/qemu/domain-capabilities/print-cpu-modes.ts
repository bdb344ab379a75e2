import { printCpuChildren } from '../../formats/libvirt/print-cpu.ts'
import { escapeXml } from '../../xml/writer.ts'
import type { CpuModes, OnOff, UsableModel } from './cpu-modes.ts'

/** The `<cpu>` of domain capabilities: the four modes, indented as there. */
export function printCpuModes({ passthrough, maximum, hostModel, custom }: CpuModes): string {
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
