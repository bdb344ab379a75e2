import type { ComponentType } from 'preact'
import type { PageState } from '../../shared/displays.ts'
import type { Actions } from './actions.ts'
import type { Navigate, PageRoute, ViewName } from './route.ts'

export interface ViewProps {
  readonly route: PageRoute
  readonly navigate: Navigate
  readonly state: PageState
  readonly actions: Actions
}

/** One of the page's views. `views/list.ts` registers all of them. */
export interface View {
  readonly name: ViewName
  readonly title: string
  readonly Content: ComponentType<ViewProps>
}
