import { fewNames } from '../../../src/core/text.ts'
import type { FoundDisplay, FoundRow } from '../../shared/displays.ts'
import type { Analysis } from '../analysis.ts'

const MAX_FOUND = 24

/**
 * Hosts, CPUs, features and models that a text names or is part of, whatever its case and whether parts of a name are
 * joined by `-`, `_` or `.`; those first that begin with it. An empty text finds nothing.
 */
export const find = (analysis: Analysis, text: string): FoundDisplay => ({
  text,
  rows: findRows(analysis, text),
})

function findRows(analysis: Analysis, text: string): FoundRow[] {
  const wanted = plain(text)
  if (wanted === '') return []
  const found: { readonly row: FoundRow; readonly at: number }[] = []
  const add = (row: FoundRow, ...texts: readonly (string | null | undefined)[]) => {
    const places = texts.map(one => plain(one ?? '').indexOf(wanted)).filter(at => at >= 0)
    if (places.length > 0) found.push({ row, at: Math.min(...places) })
  }
  const { view } = analysis
  for (const group of view.groups) {
    const id = analysis.id(group)
    const silicon = view.siliconOf(group) ?? group.vendor ?? ''
    if (group.hosts.length > 1) {
      const names = fewNames(group.hosts.map(({ name }) => name))
      add(
        { kind: 'CPU', name: analysis.title(group), detail: names, group: id },
        silicon,
        analysis.title(group),
      )
    }
    for (const { name, path, pool = '', model } of group.hosts) {
      const detail = [silicon, pool && `pool ${pool}`].filter(Boolean).join(', ')
      add({ kind: 'host', name, detail, group: id }, name, path, model)
    }
  }
  for (const { name, title } of view.db.features.list) add({ kind: 'feature', name, detail: title }, name)
  for (const { name } of view.db.models) add({ kind: 'model', name, detail: '' }, name)
  return found
    .sort((a, b) => a.at - b.at || a.row.name.length - b.row.name.length)
    .slice(0, MAX_FOUND)
    .map(({ row }) => row)
}

const plain = (text: string): string => text.trim().toLowerCase().replaceAll(/[-_.]/g, '-')
