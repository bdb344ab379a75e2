import type { Cpu } from '../src/core/cpu.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { parseXml } from '../src/xml/reader.ts'
import type { DataFolder } from './data.ts'
import { outcome } from './outcome.ts'
import type { Family } from './report.ts'

/** The documents of one architecture in libvirt's CPU test data, by the words between its name and `.xml`. */
export interface CputestFiles {
  readonly text: (name: string) => string
  readonly load: (name: string) => Cpu
  /** Runs what needs these documents, or counts it as skipped: halves of the data are kept for releases. */
  readonly ifThere: (family: Family, names: readonly string[], run: () => void) => void
}

export function cputestFiles(data: DataFolder, arch: string): CputestFiles {
  const path = (name: string) => `${arch}-${name}.xml`
  const text = (name: string) => data.text(path(name))
  return {
    text,
    load: name => parseCpu(parseXml(text(name)), 'auto'),
    ifThere(family, names, run) {
      if (names.every(name => data.has(path(name)))) run()
      else family.skip()
    },
  }
}

/** A comparison's result; `error` for any error. */
export function compared(run: () => string): string {
  const answer = outcome(run)
  return ['identical', 'superset', 'incompatible'].includes(answer) ? answer : 'error'
}
