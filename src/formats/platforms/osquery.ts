import { type Feature, placeOf } from '../../core/feature.ts'
import { groupBy } from '../../core/text.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import type { Dialect, Statement } from '../found.ts'
import { parseDocuments } from '../json/json-documents.ts'
import { isObject, type JsonObject, numberAt, textAt } from '../json/json-value.ts'
import { vendorIdOf, vendorOf } from './linux-host.ts'

/** Rows of osquery's tables `cpuid` and `system_info`, as its shell, its logs and Fleet have them. */
export const osquery: Dialect = {
  name: 'osquery',
  title: 'osquery: the tables cpuid and system_info as JSON',
  sniff: text => /^\s*[[{]/.test(text) && /"(?:output_register|cpu_brand)"\s*:/.test(text),
  read(text, source) {
    const rows = parseDocuments(text, source).flatMap(({ value }) => rowsIn(value))
    return [...groupBy(rows, ({ host }) => host)].flatMap(([host, own]) =>
      statementOf(
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

function statementOf(host: string | undefined, rows: readonly JsonObject[]): Statement[] {
  const bits = rows.filter(row => row.output_register !== undefined && /^[01]$/.test(String(row.value)))
  const namesOf = (value: string) => bits.filter(row => String(row.value) === value).map(nameOf)
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
function nameOf(row: JsonObject): string {
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
