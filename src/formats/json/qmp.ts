import type { Dialect } from '../found.ts'
import { parseDocuments } from './json-documents.ts'

/** Whether the first thing in a text is a message of QMP. */
const beginsAsQmp = (text: string): boolean =>
  /^[\s[]*\{\s*"(?:execute|arguments|return|id|QMP|request|error|timestamp|event)"\s*:/.test(text) &&
  /"(?:execute|return|error|QMP|request|event)"\s*:/.test(text)

/** What a recording has and single replies lack: QEMU's version and its schema. */
const RECORDING = /"query-(?:version|qmp-schema)"|"meta-type"|"return"\s*:\s*\{\s*"(?:qemu|package)"/

/** Whether it is replies about CPUs, with or without their commands, and no recording of a conversation. */
export const isSingleReplies = (text: string): boolean =>
  beginsAsQmp(text) &&
  /"(?:props|unavailable-features|typename|qom-get|qom-path)"/.test(text) &&
  !RECORDING.test(text)

/** libvirt's `.replies`, or a log of QMP. */
export const qmp: Dialect = {
  name: 'qmp',
  title: 'a recorded conversation with QEMU (QMP)',
  sniff: text => beginsAsQmp(text) && !isSingleReplies(text),
  read: (text, source) => [{ kind: 'conversation', messages: parseDocuments(text, source) }],
}
