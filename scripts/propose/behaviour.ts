import { DataFolder } from '../../conformance/data.ts'
import { recordedDocuments } from '../../conformance/libvirt12.ts'
import { recordedBaselines } from '../../conformance/libvirt12-baselines.ts'
import { type Family, printFamily } from '../../conformance/report.ts'
import type { LibvirtVersion } from '../../src/core/libvirt-version.ts'
import { contextOf } from '../../src/questions/context.ts'

/** Recorded answers that differ from ours for that version, as lines; every one is a behaviour to add, or an error of ours. */
export function listBehaviour(live: string, libvirt: LibvirtVersion): string[] {
  const lines: string[] = []
  const context = contextOf(undefined, libvirt)
  const folder = new DataFolder(live)
  const families: Family[] = [recordedDocuments(context, folder), recordedBaselines(context, folder)]
  for (const family of families) printFamily(family, line => lines.push(line))
  return lines
}
