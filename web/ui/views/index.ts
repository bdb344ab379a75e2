import type { ComponentType } from 'preact'
import type { ViewProps } from '../app.tsx'
import type { View } from '../place.ts'
import { BaselineView } from './baseline.tsx'
import { CompareView } from './compare.tsx'
import { CostView } from './cost.tsx'
import { FleetView } from './fleet.tsx'
import { MatrixView } from './matrix.tsx'
import { MigrationView } from './migration.tsx'
import { PoolsView } from './pools.tsx'
import { TreeView } from './tree.tsx'

/** The views, in the order in which one looks. */
export const VIEW: Readonly<
  Record<View, { readonly title: string; readonly view: ComponentType<ViewProps> }>
> = {
  fleet: { title: 'Fleet', view: FleetView },
  matrix: { title: 'Matrix', view: MatrixView },
  baseline: { title: 'Baseline', view: BaselineView },
  cost: { title: 'Cost', view: CostView },
  pools: { title: 'Pools', view: PoolsView },
  migration: { title: 'Migration', view: MigrationView },
  tree: { title: 'Family tree', view: TreeView },
  compare: { title: 'Compare', view: CompareView },
}
