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

export const BARE_AMPERSAND = '`&` begins no entity: write `&amp;` for a literal `&`'
const DECLARATION = 'an XML declaration is allowed only at the very start'

/** saxes' texts where ours say more. */
const WORDING: Readonly<Record<string, string>> = {
  'inappropriately located doctype declaration.':
    'a DOCTYPE is refused: the entities it defines could grow without bound',
  'an XML declaration must be at the start of the document.': DECLARATION,
  'the XML declaration must appear at the start of the document.': DECLARATION,
  'malformed comment.': '`--` inside a comment',
  'incorrect syntax.': '`<!` begins neither a comment nor a CDATA section',
  'disallowed character in tag name': 'no tag name after `<`: write `&lt;` for a literal `<`',
  'disallowed character in tag name.': 'a character that is not allowed in a tag name',
  'disallowed character in closing tag.': 'a character that is not allowed in a closing tag',
  'disallowed character in attribute name.': 'a character that is not allowed in an attribute name',
  'forward-slash in opening tag not followed by >.': '`/` in a tag, not followed by `>`',
  'attribute without value.': 'an attribute without a value',
  'unquoted attribute value.': 'an attribute value without quotes',
  'no whitespace between attributes.': 'no space between attributes',
  'weird empty close tag.': 'a closing tag without a name',
  'the string "]]>" is disallowed in char data.': '`]]>` in text: write `]]&gt;`',
  'undefined entity.': 'an entity that is not defined: only lt, gt, amp, quot and apos are',
  'empty entity name.': BARE_AMPERSAND,
  'disallowed character in entity name.': BARE_AMPERSAND,
  'malformed character entity.': 'a reference to a character that XML does not allow',
}

/**
 * Our text for a fault that saxes found. A text of its own that we do not know is passed on.
 * @param found saxes' text
 * @param character the character it stopped at
 * @param closing the name in the closing tag being read
 * @param open the innermost open element: `<cpu> of line 3`; empty where none is
 */
export function syntaxError(found: string, character: string, closing: string, open: string): string {
  if (found === 'disallowed character.') {
    return character === '<'
      ? '`<` in an attribute value: write `&lt;`'
      : `${errorCodeOf(character)} is not allowed in XML`
  }
  if (found === 'unexpected close tag.') return `</${closing}> closes ${open || 'nothing'}`
  const twice = /^duplicate attribute: (.*)\.$/s.exec(found)
  return twice ? `the attribute ${twice[1]} is given twice` : (WORDING[found] ?? found.replace(/\.$/, ''))
}

/** `U+0001` */
export const errorCodeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
