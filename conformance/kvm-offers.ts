import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Offered } from '../src/arch/driver.ts'
import { requireDriver } from '../src/arch/registry.ts'
import type { Cpuid } from '../src/core/cpuid.ts'
import type { Place } from '../src/core/feature.ts'
import type { FeatureSet } from '../src/core/feature-set.ts'
import { parseCpudata } from '../src/formats/libvirt/cpudata.ts'
import { toLibvirtName } from '../src/formats/qemu/names.ts'
import type { Database } from '../src/map/database.ts'
import { withDependents } from '../src/map/effects.ts'
import type { HypervisorVersions } from '../src/map/kvm-rules.ts'
import type { QemuCapabilities } from '../src/qemu/capabilities.ts'
import { parseQemuCapabilities } from '../src/qemu/qmp/read-capabilities.ts'
import type { Context } from '../src/questions/context.ts'
import { parseXml } from '../src/xml/reader.ts'
import type { DataFolder } from './data.ts'
import { Family } from './report.ts'

/** What KVM gives on a host, as a QEMU there reported it, and what the host's CPU has. */
interface Recording {
  readonly name: string
  /** Its `<cpudata>`. */
  readonly cpu: string
  readonly replies: string
  readonly cpuid: Cpuid
  readonly qemu: QemuCapabilities
}

/**
 * What is predicted that KVM gives on a host against what a QEMU there reported: a cell is a feature on a host. A cell
 * that is predicted as unknown or on request is open: at most 7 % of all. Cells that differ are lines of
 * `kvm-exceptions.txt`: at most 2 % of all, none of features that guests are chosen by, and none that does not differ.
 */
export function kvmOffers(context: Context, data: DataFolder): Family {
  const family = new Family('kvm offers')
  const exceptions = readLines('kvm-exceptions.txt', /^(\S+ \S+) +(\S.*)$/)
  const versions = readInferredVersions()
  const all: Cell[] = []
  for (const recording of readRecordings(data)) {
    const { name } = recording
    const cells = compareCells(context, recording, versionsOf(recording, versions.get(name)))
    versions.delete(name)
    all.push(...cells)
    const unexplained = cells.filter(cell => differs(cell) && !exceptions.delete(`${name} ${cell.feature}`))
    family.check(name, unexplained.map(cell => `${cell.feature}: ${cell.predicted}`).join('\n'), '')
  }
  for (const key of [...exceptions.keys(), ...versions.keys()]) family.check(`${key}: not used`, '', key)
  const [differing, open] = [all.filter(differs), all.filter(({ predicted }) => predicted === 'open')]
  const vital = [...differing.filter(isVital), ...open.filter(isVital).filter(isNoJudgement)]
  family.check('features that guests are chosen by', vital.map(({ feature }) => feature).join(' '), '')
  family.check('most that may differ', String(differing.length <= all.length * 0.02), 'true')
  family.check('most that may be open', String(open.length <= all.length * 0.07), 'true')
  return family
}

const differs = ({ predicted, recorded }: Cell): boolean => predicted !== 'open' && predicted !== recorded

const isVital = ({ feature }: Cell): boolean => /^avx|^aes$|^md-clear$|-no$/.test(feature)

/** Whether a CPU is affected is the kernel's judgement, by tables that bits do not tell. */
const isNoJudgement = ({ feature }: Cell): boolean => !feature.endsWith('-no')

/** QEMU's version as it was recorded; what was not, as it was inferred. */
function versionsOf({ qemu: { version } }: Recording, inferred = ''): HypervisorVersions {
  const [, qemu, kernel] = /qemu (\S+) +kernel (\S+)/.exec(inferred) ?? []
  return { kernel, qemu: version ? `${version.major}.${version.minor}` : qemu }
}

/** The versions that recordings are taken to be of, by name: `qemu 6.2   kernel 5.15`. */
export const readInferredVersions = (): Map<string, string> =>
  readLines('kvm-recordings.txt', /^(\S+) +(qemu \d+\.\d+ +kernel \d+\.\d+)$/)

/** The lines of a file beside this one: what the parts in parentheses matched. */
function readLines(file: string, line: RegExp): Map<string, string> {
  const lines = readFileSync(join('conformance', file), 'utf8').split('\n')
  const facts = lines.filter(text => text !== '' && !text.startsWith('#'))
  return new Map(facts.map(text => line.exec(text) ?? [text]).map(([, key = '', value = '']) => [key, value]))
}

/** libvirt's test data: the CPUs of which QEMU's answer was recorded too, and its QEMUs on one of these. */
export function readRecordings(data: DataFolder): Recording[] {
  const [cpus, qemus] = [data.folder('cputestdata'), data.folder('qemucapabilitiesdata')]
  const recordingOf = (name: string, of: string, replies: string): Recording => {
    const cpu = cpus.text(`x86_64-cpuid-${of}.xml`)
    const qemu = parseQemuCapabilities(replies, name, 'x86_64')
    return { name, cpu, replies, cpuid: parseCpudata(parseXml(cpu)), qemu }
  }
  const single = cpus.names().flatMap(file => {
    const [, name = ''] = /^x86_64-cpuid-(.+)\.json$/.exec(file) ?? []
    if (!name || !cpus.has(`x86_64-cpuid-${name}.xml`)) return []
    return [recordingOf(name, name, cpus.text(file))]
  })
  const whole = qemus.names().flatMap(name => {
    const cpu = /^caps_.*_x86_64\.replies$/.test(name) && HOST_OF_REPLIES
    if (!cpu || !cpus.has(`x86_64-cpuid-${cpu}.xml`)) return []
    return [recordingOf(name, cpu, qemus.text(name))]
  })
  return [...single, ...whole]
}

/** The model-id that these replies tell is this CPU's. */
export const HOST_OF_REPLIES = 'Ryzen-9-3900X-12-Core'

type Grade = 'given' | 'kept' | 'open'

interface Cell {
  readonly feature: string
  readonly predicted: Grade
  readonly recorded: Grade
}

function compareCells(
  { map, db }: Context,
  { cpuid, qemu }: Recording,
  versions: HypervisorVersions,
): Cell[] {
  const { decoder, fleet } = requireDriver(map, 'x86_64')
  const bits = decoder?.read(cpuid)
  if (!bits) throw new RangeError('x86 has a decoder')
  const told = db.features.setOf(db.features.list.filter(({ place }) => tells(cpuid, place)))
  const predicted = fleet.predictOffered({ has: bits.features, known: told }, bits.vendor?.name, versions)
  const { listed, given } = readOffered(db, qemu)
  return db.features.in(listed).map(({ name, bits: bit }) => ({
    feature: name,
    predicted: gradeOf(predicted, bit),
    recorded: bit.leq(given) ? 'given' : 'kept',
  }))
}

const gradeOf = ({ has, known }: Pick<Offered, 'has' | 'known'>, bit: FeatureSet): Grade =>
  bit.leq(has) ? 'given' : bit.leq(known) ? 'kept' : 'open'

/** What QEMU lists, and what of it guests can have; details of what they cannot have are void. */
function readOffered(db: Database, { version, accelerators }: QemuCapabilities) {
  const properties = [...(accelerators.get('kvm')?.host?.properties ?? [])]
  const named = (values: readonly unknown[]) =>
    db.features.setOf(
      properties
        .filter(([, value]) => values.includes(value))
        .flatMap(([name]) => db.features.get(toLibvirtName(name)) ?? []),
    )
  const given = named([true])
  const lacking = named([false]).minus(given)
  // A whole recording is of a QEMU that lists all it knows; single replies may be of one too old for a feature.
  const listed = version ? db.features.all : given.join(lacking)
  return { listed, given: given.minus(withDependents(db, lacking)) }
}

/** Whether a dump that reads the leaves in order tells what is there. */
function tells(cpuid: Cpuid, place: Place): boolean {
  if (place.kind === 'msr') return cpuid.msrs().some(([index]) => index === place.index)
  if (place.kind !== 'cpuid') return false
  const { leaf, subleaf } = place
  const range = (leaf & 0xf000_0000) >>> 0
  if (cpuid.has(leaf, subleaf) || leaf > cpuid.word(range, 0, 'eax')) return true
  return leaf === 7 && subleaf > cpuid.word(7, 0, 'eax')
}
