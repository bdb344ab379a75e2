import ts from 'typescript'

/** A small change of a piece of source text: what stands from `start` to `end` becomes `mutated`. */
export interface Change {
  readonly kind: string
  readonly start: number
  readonly end: number
  readonly mutated: string
  /** Whether the piece is one or more statements, which are left out. */
  readonly isLeftOut?: true
}

/** The changes that are made to one node itself; its children have their own. */
export function changesOf(node: ts.Node, text: string): Change[] {
  const at = (kind: string, mutated: string, of: ts.Node = node): Change => ({
    kind,
    start: of.getStart(),
    end: of.end,
    mutated,
  })
  return [
    ...conditions(node).flatMap(of => [at('condition', 'true', of), at('condition', 'false', of)]),
    ...returned(node).map(of => at('returned value', 'undefined', of)),
    ...operators(node, text).map(mutated => at('operator', mutated)),
    ...methods(node, text).map(mutated => at('method', mutated)),
    ...literals(node).map(mutated => at('literal', mutated)),
    ...chains(node, text),
    ...leftOut(node),
  ]
}

function conditions(node: ts.Node): ts.Node[] {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) return [node.expression]
  if (ts.isConditionalExpression(node)) return [node.condition]
  return ts.isForStatement(node) && node.condition ? [node.condition] : []
}

/** Values of functions, unless they are literals, which have changes of their own, or all that the function does. */
function returned(node: ts.Node): ts.Node[] {
  if (ts.isArrowFunction(node)) return ts.isBlock(node.body) || isConstant(node.body) ? [] : [node.body]
  if (!ts.isReturnStatement(node) || !node.expression || isConstant(node.expression)) return []
  return ts.isBlock(node.parent) && node.parent.statements.length === 1 ? [] : [node.expression]
}

const isConstant = (node: ts.Node): boolean =>
  /^(?:true|false|undefined|''|\(?\{\}\)?|\[\])$/.test(node.getText())

const BINARY: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '&': ['|'],
  '|': ['&'],
  '^': ['&'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '+=': ['-='],
  '-=': ['+='],
  '*=': ['/='],
  '/=': ['*='],
  '|=': ['&='],
  '&=': ['|='],
  '<<=': ['>>='],
  '??=': ['&&='],
  '||=': ['&&='],
  '&&=': ['||='],
}

function operators(node: ts.Node, text: string): string[] {
  if (ts.isBinaryExpression(node)) {
    const sign = node.operatorToken.getText()
    if (sign === '+' && [node.left, node.right].some(isText)) return []
    const [left, right] = [
      text.slice(node.getStart(), node.left.end),
      text.slice(node.right.getStart(), node.end),
    ]
    const others = BINARY[sign] ?? []
    return others.map(other =>
      isAssignment(sign) ? `${left} ${other} ${right}` : `(${left}) ${other} (${right})`,
    )
  }
  const operand = (of: ts.Node): string => text.slice(of.getStart(), of.end)
  if (ts.isPostfixUnaryExpression(node))
    return [operand(node.operand) + (node.operator === ts.SyntaxKind.PlusPlusToken ? '--' : '++')]
  if (!ts.isPrefixUnaryExpression(node)) return []
  const of = operand(node.operand)
  switch (node.operator) {
    case ts.SyntaxKind.PlusPlusToken:
      return [`--${of}`]
    case ts.SyntaxKind.MinusMinusToken:
      return [`++${of}`]
    case ts.SyntaxKind.PlusToken:
      return [`-${of}`]
    default:
      return [of] // without `!`, `~` or `-`
  }
}

/** Whether a sign assigns, such as `=` and `??=`. */
export const isAssignment = (sign: string): boolean =>
  sign.endsWith('=') && !/^(?:[<>]|[=!]==?)=?$/.test(sign)

/** Whether a node is text for sure: sums of texts have no difference. */
const isText = (node: ts.Node): boolean =>
  ts.isStringLiteralLike(node) ||
  ts.isTemplateExpression(node) ||
  (ts.isBinaryExpression(node) && (isText(node.left) || isText(node.right)))

const SWAPPED: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
  toLowerCase: 'toUpperCase',
  toUpperCase: 'toLowerCase',
}

const REMOVED = new Set(['filter', 'sort', 'toSorted', 'reverse', 'toReversed', 'slice', 'trim'])

function methods(node: ts.Node, text: string): string[] {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return []
  if (node.flags & ts.NodeFlags.OptionalChain) return []
  const { expression: of, name } = node.expression
  const receiver = text.slice(of.getStart(), of.end)
  if (REMOVED.has(name.text)) return [receiver]
  const other = Object.hasOwn(SWAPPED, name.text) ? SWAPPED[name.text] : undefined
  return other
    ? [receiver + text.slice(of.end, name.getStart()) + other + text.slice(name.end, node.end)]
    : []
}

function literals(node: ts.Node): string[] {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return ['false']
  if (node.kind === ts.SyntaxKind.FalseKeyword) return ['true']
  if (ts.isArrayLiteralExpression(node)) return node.elements.length > 0 ? ['[]'] : []
  if (ts.isObjectLiteralExpression(node)) return node.properties.length > 0 ? ['{}'] : []
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
    if (isForPeople(node) || isName(node)) return []
    return [node.getText() === "''" ? "'mutated'" : "''"]
  }
  if (ts.isRegularExpressionLiteral(node)) return expressions(node.text)
  return []
}

/** Texts with spaces, and texts in errors, are for people: no answer depends on them. */
const isForPeople = (node: ts.StringLiteralLike | ts.TemplateExpression): boolean =>
  /\s/.test(ts.isTemplateExpression(node) ? fixedTextOf(node) : node.text) || isInError(node)

const fixedTextOf = (node: ts.TemplateExpression): string =>
  node.head.text + node.templateSpans.map(span => span.literal.text).join('')

function isInError(node: ts.Node): boolean {
  for (let of = node.parent; of && !ts.isFunctionLike(of) && !ts.isBlock(of); of = of.parent)
    if (ts.isThrowStatement(of) || (ts.isNewExpression(of) && of.expression.getText().endsWith('Error')))
      return true
  return false
}

const isName = ({ parent }: ts.Node): boolean =>
  ts.isTaggedTemplateExpression(parent) ||
  ts.isLiteralTypeNode(parent) ||
  ts.isElementAccessExpression(parent)

/** An expression without its anchors, with a class turned round, and with other characters. */
function expressions(text: string): string[] {
  const others = [
    text.replace(/^\/\^/, '/'),
    text.replace(/(?<!\\)\$(?=\/[a-z]*$)/, ''),
    text.replace(/(?<!\\)\[(\^?)/, (_, not) => (not ? '[' : '[^')),
    text.replace(/\\[dws]/, part => part.toUpperCase()),
    text.replace(/(?<![\\(])[+](?![+?])/, ''),
  ]
  return [...new Set(others)].filter(other => other !== text)
}

/** `a?.b` as `a.b`, in the whole chain that it begins or continues. */
function chains(node: ts.Node, text: string): Change[] {
  if (!isChain(node) || !node.questionDotToken) return []
  let whole: ts.Node = node
  while (
    isChain(whole.parent) &&
    whole.parent.expression === whole &&
    whole.parent.flags & ts.NodeFlags.OptionalChain
  )
    whole = whole.parent
  const { questionDotToken: sign } = node
  const dot = ts.isPropertyAccessExpression(node) ? '.' : ''
  const mutated = text.slice(whole.getStart(), sign.getStart()) + dot + text.slice(sign.end, whole.end)
  return [{ kind: 'optional chain', start: whole.getStart(), end: whole.end, mutated }]
}

const isChain = (
  node: ts.Node,
): node is ts.PropertyAccessExpression | ts.ElementAccessExpression | ts.CallExpression =>
  ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) || ts.isCallExpression(node)

/** Statements that do something, and the bodies of functions and loops. */
function leftOut(node: ts.Node): Change[] {
  const change = (kind: string, start: number, end: number): Change[] => [
    { kind, start, end, mutated: '', isLeftOut: true },
  ]
  if (ts.isExpressionStatement(node)) {
    const isAlone =
      ts.isBlock(node.parent) && node.parent.statements.length === 1 && hasOwnChange(node.parent)
    return isAlone || isSuper(node) ? [] : change('statement', node.getStart(), node.end)
  }
  if (!ts.isBlock(node) || !hasOwnChange(node) || node.statements.some(isSuper)) return []
  return change('block', node.getStart() + 1, node.end - 1)
}

const isSuper = (node: ts.Node): boolean => node.getText().startsWith('super(')

/** Whether a block is emptied: what `if` guards is left out by its condition. */
const hasOwnChange = (block: ts.Block): boolean =>
  block.statements.length > 0 &&
  !ts.isWhileStatement(block.parent) &&
  !(ts.isIfStatement(block.parent) && block.parent.thenStatement === block)
