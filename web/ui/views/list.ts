import type { PageState } from '../../shared/displays.ts'
import type { PageRoute } from '../parts/route.ts'
import type { View } from '../parts/view.ts'
import { BaselineContent } from './baseline.tsx'
import { CompareContent } from './compare.tsx'
import { CostContent } from './cost.tsx'
import { DriftContent } from './drift.tsx'
import { FleetContent } from './fleet.tsx'
import { LadderContent } from './ladder.tsx'
import { MatrixContent } from './matrix.tsx'
import { MigrationContent } from './migration.tsx'
import { PoolsContent } from './pools.tsx'
import { TreeContent } from './tree.tsx'

const FLEET: View = { name: 'fleet', title: 'Fleet', Content: FleetContent }
const BASELINE: View = { name: 'baseline', title: 'Baseline', Content: BaselineContent }

/** All views, in the order of the navigation. */
const VIEWS: readonly View[] = [
  FLEET,
  { name: 'matrix', title: 'Matrix', Content: MatrixContent },
  BASELINE,
  { name: 'ladder', title: 'Ladder', Content: LadderContent },
  { name: 'cost', title: 'Cost', Content: CostContent },
  { name: 'pools', title: 'Pools', Content: PoolsContent },
  { name: 'migration', title: 'Migration', Content: MigrationContent },
  { name: 'drift', title: 'Before and after', Content: DriftContent },
  { name: 'tree', title: 'Family tree', Content: TreeContent },
  { name: 'compare', title: 'Compare', Content: CompareContent },
]

/** The views that have something to show. Without hosts of a fleet only a baseline can be computed. */
export function viewsFor({ hosts, unplaced }: PageState): readonly View[] {
  if (hosts > 0) return VIEWS
  return unplaced > 0 ? [FLEET, BASELINE] : []
}

export const viewOfRoute = ({ view }: PageRoute, state: PageState): View =>
  viewsFor(state).find(({ name }) => name === view) ?? FLEET
