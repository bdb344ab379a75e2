import type { Cpu } from '../../core/cpu.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import type { FeatureTable } from '../../core/feature-table.ts'
import { buildTables } from '../../map/build-table.ts'
import { dataFile } from '../../map/data.ts'
import { parseFeatures } from '../../map/text/parse-features.ts'
import type { FeatureView, FlagPlace } from '../driver.ts'
import { flagPlaceIn } from '../named-registers.ts'

/** The flags of AT_HWCAP and AT_HWCAP2. @throws ParseError */
export function hwcaps(): FeatureTable {
  if (!table) {
    const file = dataFile('arm/hwcaps.txt')
    table = buildTables(parseFeatures(file), file).features
  }
  return table
}

let table: FeatureTable | undefined

/** Where a flag of `/proc/cpuinfo` stands. */
export const flagPlace = (flag: string): FlagPlace | undefined => flagPlaceIn(hwcaps(), flag)

/** The flags that a definition lists; what is no flag (`sve512`, `pauth`) is passed over. */
const hwcapsOf = ({ features }: Cpu): FeatureSet =>
  hwcaps().setOf(
    features.flatMap(({ name, policy }) => (policy === 'disable' ? [] : (hwcaps().get(name) ?? []))),
  )

export const HWCAP_VIEW: FeatureView = { table: hwcaps, of: (_, cpu) => hwcapsOf(cpu) }
