import { count, fill } from '../../core/text.ts'
import type { Reporter } from '../question.ts'
import type { Step, TreeAnswer, TreeNode } from './answer.ts'

/** The answer as plain text for a terminal of `width` columns, without a line feed at the end. */
export function printTree(answer: TreeAnswer, width = 100): string {
  switch (answer.kind) {
    case 'forest':
      return answer.roots.length > 0
        ? forest(answer.roots, width)
        : 'this CPU map does not say how its models descend'
    case 'family':
      return family(answer, width)
    case 'unknown': {
      const like = answer.nearest.length > 0 ? `; did you mean ${answer.nearest.join(', ')}?` : ''
      return `no model or family is called ${answer.name}${like}`
    }
  }
}

interface Row {
  readonly graph: string
  readonly node: TreeNode
}

/**
 * One family a line. A family descends from the one above it in the same column; a branch is drawn where it
 * leaves, so that the long lines of descent stay flush and the picture stays narrow.
 */
function forest(roots: readonly TreeNode[], width: number): string {
  const rows = roots.flatMap(root => rowsOf(root, '', ''))
  const names = Math.max(...rows.map(({ graph, node }) => graph.length + node.name.length)) + 2
  const versions = Math.max(...rows.map(({ node }) => span(node.versions).length)) + 2
  const lines = rows.map(({ graph, node }) => {
    const text = (graph + node.name).padEnd(names) + span(node.versions).padEnd(versions) + node.note
    return text.length > width ? `${text.slice(0, width - 1).trimEnd()}…` : text.trimEnd()
  })
  return lines.join('\n')
}

function rowsOf(node: TreeNode, first: string, rest: string): Row[] {
  const main = node.children.reduce<TreeNode | undefined>(
    (best, child) => (best && size(best) > size(child) ? best : child),
    undefined,
  )
  const branches = node.children.filter(child => child !== main)
  return [
    { graph: first, node },
    ...branches.flatMap((child, i) => {
      const last = i === branches.length - 1 && !main
      return rowsOf(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`)
    }),
    ...(main ? rowsOf(main, rest, rest) : []),
  ]
}

const size = (node: TreeNode): number => node.children.reduce((sum, child) => sum + size(child), 1)

/** `v1-v5`, `v1`, or nothing for names without versions. */
function span(versions: readonly string[]): string {
  const numbered = versions.filter(version => /^v\d+$/.test(version))
  const [first, last] = [numbered[0], numbered.at(-1)]
  return first === last ? (first ?? '') : `${first}-${last}`
}

function family(answer: Extract<TreeAnswer, { kind: 'family' }>, width: number): string {
  const facts = [
    ...(answer.parent ? [`descends from ${answer.parent}`] : []),
    ...(answer.childFamilies.length > 0 ? [`parent of ${answer.childFamilies.join(', ')}`] : []),
  ]
  return [
    `${answer.name}${answer.note ? `: ${answer.note}` : ''}`,
    ...fill(facts.join('; ').split(' '), '  ', width),
    ...answer.steps.flatMap((step, i) => ['', ...stepLines(step, answer.steps[i - 1], width)]),
  ].join('\n')
}

function stepLines(step: Step, before: Step | undefined, width: number): string[] {
  const onAnother = before && step.base && !before.names.includes(step.base) ? `on ${step.base}` : ''
  const facts = [step.note, step.onlyIn, count(step.size, 'feature'), onAnother].filter(Boolean).join('; ')
  const changes = [...change('-', step.removes, width), ...change('+', step.adds, width)]
  return [
    ...fill(`${step.names.join(', ')}: ${facts}`.split(' '), '  ', width),
    ...(changes.length > 0 ? changes : ['    no feature changes']),
  ]
}

/** From how many of them VMX controls are counted, not listed. */
const MANY = 12

function change(sign: string, features: readonly string[], width: number): string[] {
  const controls = features.filter(name => name.startsWith('vmx-'))
  const listed = controls.length > MANY ? features.filter(name => !name.startsWith('vmx-')) : features
  const counted = listed === features ? '' : `${controls.length} VMX controls (vmx-*)`
  const words = [...listed, ...(listed.length > 0 && counted ? ['and'] : []), counted].filter(Boolean)
  return words.length > 0 ? fill(words, `    ${sign} `, width) : []
}

/** Adds the drawing. */
export const reportTree: Reporter<TreeAnswer> = (report, answer) =>
  report.drawing(width => `${printTree(answer, width)}\n`)
