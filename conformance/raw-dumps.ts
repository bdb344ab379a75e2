import { Cpuid } from '../src/core/cpuid.ts'
import type { Context } from '../src/questions/context.ts'
import { answerDecode } from '../src/questions/decode/compute.ts'
import type { DataFolder } from './data.ts'
import { outcome } from './outcome.ts'
import { readDumps } from './read-dumps.ts'
import type { DumpRow } from './real-cpus.ts'
import { Family } from './report.ts'

/** Dumps as tools print them: read to exactly the words of their row, and answered as that row. */
export function rawDumps(context: Context, data: DataFolder, rows: DataFolder): Family[] {
  const folders = [
    ['aida64', ['instlat', 'instlat-msr']],
    ['libcpuid', ['libcpuid']],
  ] as const
  const families = folders.map(([folder, sets]) => {
    const files = data.names(folder).map(name => [name, [folder, name]] as const)
    return compareAll(context, new Family(`raw-dumps ${folder}`), files, data, rows, sets)
  })
  const own = data.names().filter(name => /^cpuid-r.*\.txt$/.test(name))
  const cpuid = own.map(name => [name, [name]] as const)
  return [...families, compareAll(context, new Family('raw-dumps cpuid -r'), cpuid, data, rows, ['zen5-vm'])]
}

function compareAll(
  context: Context,
  family: Family,
  files: readonly (readonly [name: string, path: readonly string[]])[],
  data: DataFolder,
  rows: DataFolder,
  sets: readonly string[],
): Family {
  const byName = sets.map(set => new Map(rows.rows<DumpRow>(`${set}.ndjson`).map(row => [row.name, row])))
  for (const [file, path] of files) {
    const name = file.replace(/\.[^.]+$/, '')
    const found = byName.flatMap(map => map.get(name) ?? map.get('cpuid-r-1') ?? [])
    if (found.length === 0) {
      family.skip()
      continue
    }
    const [first] = readDumps(data.bytes(...path), file)
    for (const row of found) checkRow(context, family, file, first?.data, row)
  }
  return family
}

function checkRow(
  context: Context,
  family: Family,
  file: string,
  read: Cpuid | undefined,
  row: DumpRow,
): void {
  const data = (read ?? Cpuid.empty).withMsrs(row.msrs ? (read?.msrs() ?? []) : [])
  const exact = row.name !== 'cpuid-r-1' || file.includes('-1')
  if (exact) {
    family.check(`${file} words`, words(data), words(Cpuid.of(row.leaves, row.msrs)))
  }
  for (const as of ['host', 'guest'] as const) {
    const actual = outcome(() => answerDecode(context, data, { as }).xml)
    family.check(`${file} ${as}`, actual, row.expected[as] ?? row.expected[`${as}Error`] ?? '')
  }
}

const words = (data: Cpuid): string =>
  [
    ...data.rows().map(row => `cpuid ${row.join(' ')}`),
    ...data.msrs().map(row => `msr ${row.join(' ')}`),
  ].join('\n')
