import { BadRequest } from '../bad-request.ts'
import type { Context } from '../context.ts'
import type { HypervisorHost } from './hypervisor-host.ts'
import { type RecordedRequest, requireHosts } from './recorded-hypervisor.ts'

/** Recorded hosts of one architecture. @throws LibvirtError, ParseError, BadRequest */
export function readRecordedHosts(
  context: Context,
  texts: readonly string[],
  use: RecordedRequest,
): HypervisorHost[] {
  const hosts = texts.flatMap((text, i) => requireHosts(context, text, `hosts[${i}]`, use))
  const arches = new Set(hosts.map(({ arch }) => arch))
  if (arches.size > 1) throw new BadRequest(`hosts of several architectures: ${[...arches].join(', ')}`)
  return hosts
}
