import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { hostDocuments } from '../../bench/fleet.ts'
import { builtin } from '../built-in.ts'
import { hostXml } from '../cli/virt-cpu.ts'

/** A folder with these files, by path. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-page-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** Forty files of two pools, of which one is no CPU at all. */
export function fortyFiles(): Record<string, string> {
  const documents = [...hostDocuments(39)]
  const files = Object.fromEntries(
    documents.map((text, i) => [`${i < 20 ? 'prod' : 'test'}/host-${String(i).padStart(2, '0')}.xml`, text]),
  )
  return { ...files, 'test/host-39.xml': '<cpu>\n  <model>Penryn\n</cpu>\n' }
}

/** Hosts of any model with any features besides: some pools have a baseline, some have libvirt's error. */
export function randomPool(next: () => number): string[] {
  const db = builtin()
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
  const vendor = pick(db.vendors).name
  const models = db.models.filter(
    model => next() < 0.1 || model.vendor === undefined || model.vendor.name === vendor,
  )
  const names = db.features.list.map(feature => feature.name)
  return Array.from({ length: 1 + Math.floor(next() * 4) }, () => {
    const model = pick(models)
    const extra = new Set(Array.from({ length: Math.floor(next() * 30) }, () => pick(names)))
    return hostXml(model.name, [...extra], next() < 0.5 ? (model.vendor?.name ?? '') : '')
  })
}
