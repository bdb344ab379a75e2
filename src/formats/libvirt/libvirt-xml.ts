import type { Dialect } from '../dialect.ts'
import type { Found } from '../found.ts'
import { beginsAsXml, DocumentReader } from './document-reader.ts'

/** libvirt's documents, one or several in a row: `<cpu>`, `<domain>`, capabilities of hosts and domains, `<cpudata>`. */
export const libvirtXml: Dialect = {
  name: 'libvirt-xml',
  title: 'libvirt XML: <cpu>, <domain>, <capabilities>, <domainCapabilities>, <cpudata>',
  sniff: beginsAsXml,
  read(text, source, { hosts = false } = {}) {
    const all: Found[] = []
    const reader = new DocumentReader({ source, hosts, take: found => all.push(found) })
    reader.write(text)
    reader.end()
    return all
  },
}
