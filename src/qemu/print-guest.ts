import { escapeXml } from '../xml/writer.ts'
import type { GuestFacts, GuestMachine } from './guest-facts.ts'

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
    isToggle === undefined ? '' : ` default='${yes(isOn, 'on', 'off')}' toggle='${yes(isToggle)}'`
  return `      <${name}${toggle}/>\n`
}

const yes = (is: boolean | undefined, so = 'yes', not = 'no'): string => (is ? so : not)
