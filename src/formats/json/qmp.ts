import type { Dialect } from '../found.ts'
import { parseDocuments } from './json-documents.ts'

/** libvirt's `.replies`, a log of QMP, or single replies. */
export const qmp: Dialect = {
  name: 'qmp',
  title: 'a recorded conversation with QEMU (QMP)',
  sniff: text =>
    /^[\s[]*\{\s*"(?:execute|arguments|return|id|QMP|request|error|timestamp|event)"\s*:/.test(text),
  read: (text, source) => [{ kind: 'conversation', messages: parseDocuments(text, source) }],
}
