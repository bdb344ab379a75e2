import { Cpuid, type CpuidRow } from '../src/core/cpuid.ts'
import { stableRow } from '../src/formats/dumps/dump.ts'
import type { Context } from '../src/questions/context.ts'
import { answerDecode } from '../src/questions/decode/compute.ts'
import type { DataFolder } from './data.ts'
import { outcome } from './outcome.ts'
import { readDumps } from './read-dumps.ts'
import type { DumpRow } from './real-cpus.ts'
import { Family } from './report.ts'

/**
 * What tells some of a virtual machine's words, or some of its features: those must be right, and the CPU have the
 * model that all of its words come to.
 */
export function partialDumps(context: Context, data: DataFolder, rows: DataFolder): Family {
  const family = new Family('raw-dumps ld.so, Linux flags')
  const [machine] = rows.rows<DumpRow>('zen5-vm.ndjson')
  if (!machine) return family
  const truth = new Map(machine.leaves.map(row => [keyOf(row), row]))
  for (const file of data.names().filter(name => /^(?:ld\.so|lscpu|proc-cpuinfo)/.test(name))) {
    const [dump] = readDumps(data.bytes(file), file)
    const leaves = dump?.data.rows() ?? []
    const isRight = file.startsWith('ld.so') ? isSame : hasNoMore
    const wrong = leaves.filter(row => !isRight(row, truth.get(keyOf(row)) ?? NOTHING))
    family.check(`${file} words`, wrong.join('\n'), '')
    family.check(`${file} CPU`, silicon(context, leaves), silicon(context, machine.leaves))
  }
  return family
}

const keyOf = ([leaf, subleaf]: CpuidRow): string => `${leaf}.${subleaf}`
const NOTHING: CpuidRow = [0, 0, 0, 0, 0, 0]

const isSame = (row: CpuidRow, truth: CpuidRow): boolean =>
  String(stableRow(row).slice(2)) === String(stableRow(truth).slice(2))

const hasNoMore = (row: CpuidRow, truth: CpuidRow): boolean =>
  row.every((word, i) => i < 2 || (word & ~(truth[i] ?? 0)) === 0)

const silicon = (context: Context, leaves: readonly CpuidRow[]): string =>
  outcome(() => {
    const { model, vendor, signature } = answerDecode(context, Cpuid.of(leaves))
    return JSON.stringify({ model, vendor, signature })
  })
