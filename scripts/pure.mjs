// Tells bundlers that no module of ours does anything by being imported: what is computed where a module is loaded is
// marked as pure, so a program that uses one function of the library gets only what this function needs. esbuild drops such
// marks where it removes blanks, so they are put in after it.
import ts from 'typescript'

const MARK = '/*@__PURE__*/'

/**
 * A module with all calls marked that run when it is loaded. What else may have effects in the eyes of a bundler, a
 * spread or a chain of calls, becomes a function that is called at once.
 * @param {string} module as esbuild writes it
 */
export function markPure(module) {
  const source = ts.createSourceFile('part.js', module, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  const marks = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => declarationList.declarations)
    .flatMap(({ initializer }) => (initializer ? marksIn(initializer) : []))
  return insert(module, marks)
}

/** @typedef {[position: number, text: string]} Mark */

/**
 * @param {ts.Expression} initializer
 * @returns {Mark[]}
 */
function marksIn(initializer) {
  const calls = []
  let isPlain = true
  const visit = node => {
    if (ts.isFunctionLike(node) || (ts.isClassLike(node) && !hasEffects(node))) return
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      calls.push(node.getStart())
      isPlain &&= !/[([]/.test(node.expression.getText().replace(/^(["'`])(?:(?!\1)[^\\]|\\.)*\1/, ''))
      for (const argument of node.arguments ?? []) visit(argument)
      return
    }
    isPlain &&= !hasEffects(node)
    ts.forEachChild(node, visit)
  }
  visit(initializer)
  if (isPlain) return calls.map(position => [position, MARK])
  const text = initializer.getText()
  return [
    [initializer.getStart(), `${MARK}(()=>${text.startsWith('{') ? '(' : ''}`],
    [initializer.getEnd(), `${text.startsWith('{') ? ')' : ''})()`],
  ]
}

/** Whether a bundler keeps an expression for itself: it may call a getter, an iterator or a tag. */
const hasEffects = node =>
  ts.isSpreadElement(node) ||
  ts.isSpreadAssignment(node) ||
  ts.isPropertyAccessExpression(node) ||
  ts.isElementAccessExpression(node) ||
  ts.isTaggedTemplateExpression(node) ||
  (ts.isClassLike(node) && (node.members.some(isRun) || node.heritageClauses?.some(isComputed)))

/** Whether a class computes a member when it is made. */
const isRun = member =>
  ts.isClassStaticBlockDeclaration(member) ||
  (member.initializer !== undefined &&
    ts.isPropertyDeclaration(member) &&
    member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword))

const isComputed = ({ types }) => !types.every(({ expression }) => ts.isIdentifier(expression))

/**
 * @param {string} text
 * @param {readonly Mark[]} marks in the text's order, but for those of a whole expression
 */
function insert(text, marks) {
  let from = 0
  const pieces = []
  for (const [position, mark] of [...marks].sort(([a], [b]) => a - b)) {
    pieces.push(text.slice(from, position), mark)
    from = position
  }
  return pieces.join('') + text.slice(from)
}
