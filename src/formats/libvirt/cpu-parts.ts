import { type Element, textOf } from '../../xml/element.ts'

/** The children that matter: the first of each name, every feature, every cache, the TSC counter. */
export class Parts {
  arch: Element | undefined
  model: Element | undefined
  vendor: Element | undefined
  microcode: Element | undefined
  signature: Element | undefined
  topology: Element | undefined
  maxphysaddr: Element | undefined
  tsc: Element | undefined
  readonly features: Element[] = []
  readonly caches: Element[] = []
}

/** Sorts the children of a `<cpu>`. */
export function partsOf(element: Element): Parts {
  const parts = new Parts()
  for (const item of element.content) {
    if (typeof item === 'string') continue
    // Most children are features: a pool of hosts is read at this loop's speed.
    if (item.name === 'feature') parts.features.push(item)
    else sort(parts, item)
  }
  return parts
}

function sort(parts: Parts, item: Element): void {
  switch (item.name) {
    case 'cache':
      parts.caches.push(item)
      break
    case 'counter':
      if (item.attributes.name === 'tsc') parts.tsc ??= item
      break
    case 'arch':
    case 'model':
    case 'vendor':
    case 'microcode':
    case 'signature':
    case 'topology':
    case 'maxphysaddr':
      parts[item.name] ??= item
  }
}

/** The element's text as it stands, blanks and all; absent when empty. */
export function text(element: Element | undefined): string | undefined {
  return (element && textOf(element)) || undefined
}
