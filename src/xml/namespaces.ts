/** The prefixes in force inside an element; the empty prefix is the default namespace, `''` is no namespace. */
export type Scope = ReadonlyMap<string, string>

/** What is in force outside every element. */
export const OUTERMOST: Scope = new Map([['xml', 'http://www.w3.org/XML/1998/namespace']])

/** `outer` with the declarations among `attributes`; `outer` itself where there are none. */
export function declare(outer: Scope, attributes: Readonly<Record<string, string>>): Scope {
  let inner: Map<string, string> | undefined
  for (const [name, uri] of Object.entries(attributes)) {
    if (!isDeclaration(name)) continue
    const prefix = name.slice('xmlns:'.length)
    if (prefix && !uri) continue // a prefix cannot be undeclared in XML 1.0; libxml2 overlooks the attempt
    inner ??= new Map(outer)
    inner.set(prefix, uri)
  }
  return inner ?? outer
}

/** Whether an attribute of this name declares a namespace. */
export const isDeclaration = (name: string): boolean => name === 'xmlns' || name.startsWith('xmlns:')

/**
 * The name in Clark notation, `{uri}local`; unchanged where it is in no namespace or its prefix is undeclared.
 * The default namespace is for elements only.
 */
export function resolve(scope: Scope, name: string, kind: 'element' | 'attribute'): string {
  const colon = name.indexOf(':')
  if (colon > 0) {
    const uri = scope.get(name.slice(0, colon))
    return uri && colon < name.length - 1 ? `{${uri}}${name.slice(colon + 1)}` : name
  }
  const uri = kind === 'element' ? scope.get('') : undefined
  return uri ? `{${uri}}${name}` : name
}
