import { type Feature, placeOf } from '../../core/feature.ts'
import { once } from '../../core/memo.ts'
import { ParseError } from '../../core/parse-error.ts'
import { groupBy } from '../../core/text.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import type { Dialect, Statement } from '../found.ts'
import { at, isObject, type JsonObject, listAt, numberAt, parseDocuments, textAt } from '../json/json.ts'
import { libvirtNames, vendorIdOf, vendorOf } from './linux-host.ts'

/** Rows of osquery's tables `cpuid` and `system_info`, as its shell, its logs and Fleet have them. */
export const osquery: Dialect = {
  name: 'osquery',
  title: 'osquery: the tables cpuid and system_info as JSON',
  sniff: text => /^\s*[[{]/.test(text) && /"(?:output_register|cpu_brand)"\s*:/.test(text),
  read(text, source) {
    const rows = parseDocuments(text, source).flatMap(({ value }) => rowsIn(value))
    return [...groupBy(rows, ({ host }) => host)].flatMap(([host, own]) =>
      statementOfRows(
        host,
        own.map(({ row }) => row),
      ),
    )
  },
}

interface Row {
  readonly host: string | undefined
  readonly row: JsonObject
}

const HOST = ['hostIdentifier', 'host_hostname', 'host_display_name', 'hostname']

/** Every object with columns of these tables, and the host that the outermost object names. */
function rowsIn(value: unknown, host?: string): Row[] {
  if (Array.isArray(value)) return value.flatMap(one => rowsIn(one, host))
  if (!isObject(value) || value.action === 'removed') return []
  const named = host ?? HOST.map(key => textAt(value, key)).find(text => text !== undefined)
  if (value.output_register !== undefined || value.cpu_brand !== undefined)
    return [{ host: named, row: value }]
  return Object.values(value).flatMap(one => rowsIn(one, named))
}

function statementOfRows(host: string | undefined, rows: readonly JsonObject[]): Statement[] {
  const bits = rows.filter(row => row.output_register !== undefined && /^[01]$/.test(String(row.value)))
  const namesOf = (value: string) => bits.filter(row => String(row.value) === value).map(nameOfBit)
  const [system] = rows.filter(row => row.cpu_brand !== undefined)
  const vendor = rows.find(row => row.feature === 'vendor')?.value
  if (bits.length === 0 && system === undefined) return []
  return [
    {
      kind: 'statement',
      layer: 'hardware',
      arch: textAt(system, 'cpu_type') ?? 'x86_64',
      vocabulary: 'libvirt',
      present: namesOf('1'),
      absent: namesOf('0'),
      complete: false,
      name: host,
      uuid: textAt(system, 'uuid'),
      vendor: vendorOf(
        typeof vendor === 'string' ? vendor : vendorIdOf(textAt(system, 'cpu_brand') ?? '', []),
      ),
      brand: textAt(system, 'cpu_brand'),
      microcode: numberAt(system, 'cpu_microcode'),
      cpus: numberAt(system, 'cpu_logical_cores'),
    },
  ]
}

/** libvirt's name of the bit; osquery's, where libvirt has none. */
function nameOfBit(row: JsonObject): string {
  const [leaf, bit] = [numberAt(row, 'input_eax'), numberAt(row, 'output_bit')]
  const register = textAt(row, 'output_register')?.toUpperCase()
  const subleaf = leaf === 7 ? '.0' : ''
  const place = `CPUID.${(leaf ?? 0).toString(16).toUpperCase().padStart(2, '0')}H${subleaf}:${register}[${bit}]`
  return featureAt(place)?.name ?? textAt(row, 'feature') ?? place
}

const featureAt = (place: string): Feature | undefined =>
  CpuMap.builtIn()
    .of('x86')
    .features.list.find(feature => placeOf(feature) === place)

/** What spectre-meltdown-checker finds out as root: the bits of MSRs that /proc/cpuinfo does not show. */
export const spectreMeltdownChecker: Dialect = {
  name: 'spectre-meltdown-checker',
  title: 'spectre-meltdown-checker --batch json',
  sniff: text =>
    OLD.test(text) || (/^\s*\{/.test(text) && /"capabilities"\s*:\s*\{/.test(text) && /"cve"\s*:/.test(text)),
  read(text, source) {
    if (OLD.test(text)) throw new ParseError(REMEDY, source)
    return parseDocuments(text, source).flatMap(({ value }) => {
      const capabilities = at(value, 'cpu', 'capabilities')
      return isObject(capabilities) ? statementOfReport(value, Object.entries(capabilities)) : []
    })
  },
}

/** The first entry of what versions before 26 print. */
const OLD = /^\s*\[\s*\{\s*"NAME"\s*:\s*"[^"]*",\s*"CVE"\s*:/

const REMEDY =
  'this version of spectre-meltdown-checker prints nothing of the CPU as JSON: version 26 and newer do, or give ' +
  '/proc/cpuinfo of that host'

function statementOfReport(
  report: unknown,
  capabilities: readonly (readonly [string, unknown])[],
): Statement {
  const id = textAt(report, 'cpu', 'vendor')
  const namesOf = (wanted: boolean) =>
    capabilities.flatMap(([word, has]) => (has === wanted ? namesOfWord(word, id) : []))
  const [family = 0, model = 0, stepping = 0] = ['family', 'model', 'stepping'].map(
    name => numberAt(report, 'cpu', name) ?? 0,
  )
  return {
    kind: 'statement',
    layer: 'hardware',
    arch: 'x86_64',
    vocabulary: 'libvirt',
    present: namesOf(true),
    absent: namesOf(false),
    complete: false,
    name: textAt(report, 'system', 'hostname'),
    vendor: vendorOf(id),
    signature: family > 0 ? { family, model, stepping } : undefined,
    microcode: numberAt(report, 'cpu_microcode', 'installed_version'),
    cpus: numberAt(report, 'system', 'cpu_count'),
    kernel: textAt(report, 'system', 'kernel_release'),
    vulnerabilities: Object.fromEntries(
      listAt(report, 'vulnerabilities').flatMap(one => {
        const name = namesByCve().get(textAt(one, 'cve') ?? '')
        const status = textAt(one, 'sysfs_message')
        return name !== undefined && status !== undefined ? [[name, status]] : []
      }),
    ),
  }
}

/** Its words that are not libvirt's names with `_` for `-`. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['autoibrs', 'auto-ibrs'],
  ['rdcl_no', 'rdctl-no'],
])

/** Words that mean another bit on AMD. */
const OF_AMD: ReadonlyMap<string, string> = new Map([
  ['spec_ctrl', 'ibrs'],
  ['ssbd', 'amd-ssbd'],
  ['stibp', 'amd-stibp'],
])

/** libvirt's name; a word that stands for several features, or for none of libvirt's, stays. */
function namesOfWord(word: string, vendor: string | undefined): string[] {
  const name = (vendor === 'GenuineIntel' ? undefined : OF_AMD.get(word)) ?? WORDS.get(word)
  return libvirtNames('libvirt', [name ?? word.replaceAll('_', '-')])
}

/** What Linux calls the vulnerability of a CVE. @see Linux, Documentation/admin-guide/hw-vuln */
const namesByCve = once(
  (): ReadonlyMap<string, string> =>
    new Map(
      `spectre_v1 2017-5753, spectre_v2 2017-5715, meltdown 2017-5754, spec_store_bypass 2018-3639, l1tf 2018-3646,
  mds 2018-12130, tsx_async_abort 2019-11135, itlb_multihit 2018-12207, srbds 2020-0543, retbleed 2022-29901,
  mmio_stale_data 2022-21166, gather_data_sampling 2022-40982, spec_rstack_overflow 2023-20569,
  reg_file_data_sampling 2023-28746, indirect_target_selection 2024-28956, tsa 2024-36350`
        .split(/,\s*/)
        .map(pair => {
          const [name = '', cve = ''] = pair.trim().split(' ')
          return [`CVE-${cve}`, name] as const
        }),
    ),
)
