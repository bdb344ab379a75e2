import models from '../../../data/ppc64/models.txt'
import type { U32 } from '../../core/bits.ts'
import { faultIn, type Statement } from '../../database/data-file.ts'
import type { Database } from '../../database/database.ts'
import { hexOf, parseModelList } from '../../database/model-list.ts'
import { perDatabase } from '../../database/per-database.ts'
import type { ArchitectureData } from '../driver.ts'
import { readPowerMap } from './map.ts'

/** Values of the processor version register that mean a model: those equal to `value` under `mask`. */
export interface PvrMatch {
  readonly value: U32
  readonly mask: U32
}

/** A POWER processor. */
export interface PowerModel {
  readonly name: string
  readonly vendor?: string | undefined
  readonly pvrs: readonly PvrMatch[]
  /** The compatibility mode that is its own; absent: it has none. */
  readonly level?: number | undefined
}

/** What is known of POWER processors. */
export interface PowerMap {
  readonly vendors: readonly string[]
  /** In map order. */
  readonly models: readonly PowerModel[]
}

const FIELDS = ['pvr', 'level', 'aka']

export const DATA: ArchitectureData = {
  files: { 'ppc64/models.txt': models },
  lists: { 'ppc64/models.txt': FIELDS },
}

/** The models of an installed map, or ours. @throws LibvirtError for what libvirt refuses to load */
export const powerMapOf = perDatabase(
  ({ files }: Database): PowerMap => (files ? readPowerMap(files) : builtinPowerMap()),
)

/** @throws ParseError */
export function builtinPowerMap(): PowerMap {
  const { vendors, models: rows } = listed()
  return {
    vendors: vendors.map(({ name }) => name),
    models: rows.map(({ at, name, vendor, fields }) => ({
      name,
      vendor: vendor?.name,
      pvrs: (fields.pvr ?? []).map(text => pvrOf(text, at)),
      level: fields.level && Number(fields.level[0]),
    })),
  }
}

const listed = () => parseModelList(models, 'ppc64/models.txt', FIELDS)

function pvrOf(text: string, at: Statement): PvrMatch {
  const [value, mask, more] = text.split('/')
  if (value === undefined || mask === undefined || more !== undefined)
    throw faultIn(at, 'a pvr is VALUE/MASK', text)
  return { value: hexOf(value, at), mask: hexOf(mask, at) }
}

/** Names that libvirt once had, and what each became. An installed map does not say, libvirt's code does. */
export function legacyNames(): ReadonlyMap<string, string> {
  legacy ??= new Map(
    listed().models.flatMap(({ name, fields }) => (fields.aka ?? []).map(old => [old, name] as const)),
  )
  return legacy
}

let legacy: ReadonlyMap<string, string> | undefined
