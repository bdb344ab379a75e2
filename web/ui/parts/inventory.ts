import type { FoundRow, PageState } from '../../shared/displays.ts'
import type { Actions } from './actions.ts'
import type { Client } from './client.ts'
import type { Navigate, PageRoute } from './route.ts'

/** What the page gives to the program about the server's inventory. */
export interface PageParts {
  readonly route: PageRoute
  readonly navigate: Navigate
  /** Undefined before the first action. */
  readonly state: PageState | undefined
  readonly client: Client
  readonly apply: Actions['apply']
}

/** The program about the inventory, which a server that has one adds to the page. */
export interface InventoryProgram {
  /** Draws its part of the page. */
  draw(place: Element, page: PageParts): void
  /** Hosts by a part of their name. */
  find(text: string, gone: AbortSignal): Promise<readonly FoundRow[]>
}
