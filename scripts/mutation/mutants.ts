import ts from 'typescript'
import { type Change, changesOf, isAssignment } from './kinds.ts'

/** A change that may be switched on: its place in its file, and what stands there without and with it. */
export interface Mutant extends Change {
  readonly file: string
  readonly line: number
  readonly original: string
}

/** All mutants of a source, in the order of their places. */
export function findMutants(file: string, text: string): Mutant[] {
  const source = parse(file, text)
  const found: Mutant[] = []
  const visit = (node: ts.Node): void => {
    if (isNoCode(node)) return
    for (const change of changesOf(node, text)) {
      const line = source.getLineAndCharacterOfPosition(change.start).line + 1
      found.push({ ...change, file, line, original: text.slice(change.start, change.end) })
    }
    for (const child of childrenOf(node)) visit(child)
  }
  visit(source)
  return found
}

/**
 * The source with mutants in it: `(__m(7) ? mutated : original)` wherever one is, and `__t()` in each loop, so
 * that a loop without end is noticed. What is computed as the module is loaded can be computed again: `__kept`
 * says how, and `__u` where it is used. `mutants` are by their numbers, `imported` the names of other modules'
 * such values.
 */
export function plant(
  file: string,
  text: string,
  mutants: ReadonlyMap<number, Change>,
  imported: ReadonlySet<string> = new Set(),
): string {
  const source = parse(file, text)
  const changes = [...mutants].map(([number, { start, end, mutated, isLeftOut }]) => ({
    start,
    end,
    form: isLeftOut ? ('statements' as const) : ('expression' as const),
    mutants: [[number, mutated] as const],
  }))
  // Of others too: what is computed of a constant with a mutant is computed again with it.
  const constants = constantsOf(source)
  const used = new Set([...constants.map(({ name }) => name.getText()), ...importedNames(source, imported)])
  const pieces = [...changes, ...constants.flatMap(keptPieces), ...cachesOf(source), ...visited(source, used)]
  return print(text, merged(pieces), new Set(statementStarts(source)))
}

/** The names of the values that a module computes as it is loaded, and exports. */
export const exportedConstants = (file: string, text: string): string[] =>
  constantsOf(parse(file, text))
    .filter(({ parent }) => parent.parent.getText().startsWith('export'))
    .map(({ name }) => name.getText())

type Constant = ts.VariableDeclaration & { readonly initializer: ts.Expression }

/** Values that a module computes as it is loaded: no functions, and nothing that is computed when it is asked for. */
const constantsOf = (source: ts.SourceFile): Constant[] =>
  source.statements.flatMap(statement =>
    ts.isVariableStatement(statement) && statement.declarationList.flags & ts.NodeFlags.Const
      ? statement.declarationList.declarations.filter(isConstant)
      : [],
  )

const isConstant = (node: ts.VariableDeclaration): node is Constant =>
  node.initializer !== undefined &&
  ts.isIdentifier(node.name) &&
  !ts.isFunctionLike(node.initializer) &&
  !/^once(?:Per)?[(<]/.test(node.initializer.getText())

/** Maps that are empty as a module is loaded: what a mutant puts there is not for others. */
const cachesOf = (source: ts.SourceFile): Piece[] =>
  constantsOf(source)
    .filter(({ initializer }) => /^new Map(?:<.*>)?\(\)$/s.test(initializer.getText()))
    .map(({ initializer }) => ({ start: initializer.getStart(), end: initializer.end, form: 'cache' }))

const importedNames = (source: ts.SourceFile, names: ReadonlySet<string>): string[] =>
  source.statements
    .filter(ts.isImportDeclaration)
    .flatMap(({ importClause }) => {
      const bindings = importClause?.namedBindings
      return bindings && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : []
    })
    .filter(name => names.has(name))

interface Piece {
  readonly start: number
  readonly end: number
  readonly form: 'let' | 'kept' | 'cache' | 'loop' | 'statements' | 'expression' | 'use'
  readonly mutants?: readonly (readonly [number: number, mutated: string])[]
  readonly name?: string
}

/** `let` instead of `const`, and the value with the way to compute it. */
function keptPieces({ name, initializer, parent }: Constant): Piece[] {
  const start = parent.getStart()
  return [
    { start, end: start + 'const'.length, form: 'let' },
    { start: initializer.getStart(), end: initializer.end, form: 'kept', name: name.getText() },
  ]
}

/** The bodies of loops, and where values of those names are used. */
function visited(source: ts.SourceFile, names: ReadonlySet<string>): Piece[] {
  const pieces: Piece[] = []
  const visit = (node: ts.Node): void => {
    if (isNoCode(node)) return
    if (ts.isIterationStatement(node, false))
      pieces.push({ start: node.statement.getStart(), end: node.statement.end, form: 'loop' })
    if (ts.isIdentifier(node) && names.has(node.text) && isUse(node))
      pieces.push({ start: node.getStart(), end: node.end, form: 'use', name: node.text })
    ts.forEachChild(node, visit)
  }
  visit(source)
  return pieces
}

function isUse(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isShorthandPropertyAssignment(parent) || ts.isBindingElement(parent)) return false
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  return !('name' in parent && parent.name === node) && !ts.isParameter(parent)
}

function statementStarts(source: ts.SourceFile): number[] {
  const starts: number[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node) && isListed(node)) starts.push(node.getStart())
    ts.forEachChild(node, visit)
  }
  visit(source)
  return starts
}

/** The pieces in the order of their places, outer ones first; mutants of the same text are one piece. */
function merged(pieces: readonly Piece[]): Piece[] {
  const same = new Map<string, Piece>()
  for (const piece of pieces) {
    const key = [piece.start, piece.end, piece.form].join()
    const mutants = [...(same.get(key)?.mutants ?? []), ...(piece.mutants ?? [])]
    same.set(key, { ...piece, mutants })
  }
  return [...same.values()].sort((a, b) => a.start - b.start || b.end - a.end || rank(a) - rank(b))
}

const FORMS: readonly Piece['form'][] = ['let', 'kept', 'cache', 'loop', 'statements', 'expression', 'use']

/** The outer of two pieces of the same text comes first. */
const rank = (piece: Piece): number => FORMS.indexOf(piece.form)

function print(text: string, pieces: readonly Piece[], statements: Set<number>): string {
  let next = 0
  const upTo = (start: number, end: number): string => {
    let printed = ''
    let position = start
    for (
      let piece = pieces[next];
      piece && piece.start >= position && piece.end <= end;
      piece = pieces[next]
    ) {
      next++
      const lead = statements.delete(piece.start) && /expression|use/.test(piece.form) ? ';' : ''
      printed += text.slice(position, piece.start) + lead + wrapped(piece, upTo(piece.start, piece.end))
      position = piece.end
    }
    return printed + text.slice(position, end)
  }
  return upTo(0, text.length)
}

function wrapped({ form, mutants = [], name }: Piece, original: string): string {
  switch (form) {
    case 'let':
      return 'let'
    case 'kept':
      return `__kept('${name}', () => (${original}), kept => { ${name} = kept })`
    case 'cache':
      return `__cache(${original})`
    case 'loop':
      return `{ __t(); ${original}\n}`
    case 'statements':
      return `{ if (!(${mutants.map(([n]) => `__m(${n})`).join(' || ')})) { ${original}\n} }`
    case 'expression':
      return `(${mutants.map(([number, mutated]) => `__m(${number}) ? (0, ${mutated}) : `).join('')}${original})`
    case 'use':
      return `(__u('${name}'), ${original})`
  }
}

/** Whether a statement stands in a list of them, where a line that begins with `(` would continue the one before. */
const isListed = ({ parent }: ts.Node): boolean =>
  ts.isBlock(parent) || ts.isSourceFile(parent) || ts.isCaseOrDefaultClause(parent)

const parse = (file: string, text: string): ts.SourceFile =>
  ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true)

const isNoCode = (node: ts.Node): boolean =>
  ts.isTypeNode(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isImportDeclaration(node) ||
  ts.isExportDeclaration(node)

/** What of a node is mutated: no names of properties, and nothing that is assigned to. */
function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = []
  ts.forEachChild(node, child => {
    if (!isKept(node, child)) children.push(child)
  })
  return children
}

function isKept(node: ts.Node, child: ts.Node): boolean {
  if (ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node))
    return child === node.name
  const isTarget =
    ts.isBinaryExpression(node) && child === node.left && isAssignment(node.operatorToken.getText())
  return isTarget && (ts.isArrayLiteralExpression(child) || ts.isObjectLiteralExpression(child))
}
