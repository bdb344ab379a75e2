import { parseQemuCapabilities } from '../src/qemu/qmp/read-capabilities.ts'
import type { Context } from '../src/questions/context.ts'
import { answerDomcapabilities, chooseLeniently } from '../src/questions/domcapabilities/question.ts'
import type { DataFolder } from './data.ts'
import { caseOf, type DomainCase, hostOf } from './domaincaps-hosts.ts'
import { outcome } from './outcome.ts'
import { Family } from './report.ts'

/** libvirt's unit test of domain capabilities, with the map of the same release. */
export function domaincaps(context: Context, data: DataFolder): Family[] {
  const cpu = new Family('domaincaps <cpu>')
  const whole = new Family('domaincaps whole documents')
  for (const name of data.names('domaincapsdata')) {
    const kind = caseOf(name)
    const replies = kind && `caps_${kind.version}_${kind.arch}${kind.variant}.replies`
    if (!replies || !data.has('qemucapabilitiesdata', replies)) {
      cpu.skip()
      whole.skip()
      continue
    }
    const expected = data.text('domaincapsdata', name)
    const actual = outcome(() => answer(context, kind, data.text('qemucapabilitiesdata', replies), replies))
    cpu.check(name, cpuOf(actual), cpuOf(expected))
    whole.check(name, actual, expected)
  }
  return [cpu, whole]
}

function answer(context: Context, kind: DomainCase, replies: string, source: string): string {
  const qemu = parseQemuCapabilities(replies, source)
  return answerDomcapabilities(context, qemu, chooseLeniently(qemu, kind), hostOf(kind))
}

const cpuOf = (document: string): string => / {2}<cpu>\n[\s\S]* {2}<\/cpu>\n/.exec(document)?.[0] ?? document
