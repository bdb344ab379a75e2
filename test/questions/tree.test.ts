import { expect, test } from 'vitest'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { loadDatabase } from '../../src/map/database.ts'
import { contextOf } from '../../src/questions/context.ts'
import { answerTree } from '../../src/questions/tree/question.ts'
import { printTree } from '../../src/questions/tree/report.ts'
import { builtin } from '../built-in.ts'
import { small } from '../map/texts.ts'
import { SMALL, smallMap } from '../small-map.ts'

const db = loadDatabase(
  small(
    `model one                 # the first
  v1 = uno  + a b
  v2        + c            # later
model two : one-v1
  = two  - a
model three : uno
  v1  + d
model four : three-v1
  v1  + e
`,
    'one\ntwo\nthree\nfour',
  ),
)

const text = (name?: string, width?: number) =>
  printTree(answerTree(contextOf(CpuMap.with({ x86: db })), name), width)

test('the long line of descent is flush, branches are drawn', () => {
  expect(text()).toBe(['one     v1-v2  the first', '├─ two', 'three   v1', 'four    v1'].join('\n'))
})

test('a family, by its name or any of its models', () => {
  const history = [
    'one: the first',
    '  parent of two, three',
    '',
    '  uno, one-v1: 2 features',
    '    + a b',
    '',
    '  one-v2: later; 3 features',
    '    + c',
  ].join('\n')
  for (const name of ['one', 'uno', 'one-v1', 'one-v2']) expect(text(name)).toBe(history)
  expect(text('two')).toBe(
    'two\n  descends from one-v1\n\n  two: 1 features\n    - a'.replace('1 features', '1 feature'),
  )
})

test('a name that is no model', () => {
  expect(text('threee')).toBe('no model or family is called threee; did you mean three, three-v1?')
  expect(text('quite-something')).toBe('no model or family is called quite-something')
})

test('an installed map does not know', () => {
  expect(printTree(answerTree(contextOf(CpuMap.with({ x86: smallMap(SMALL) }))))).toBe(
    'this CPU map does not say how its models descend',
  )
})

test('every family is in the tree once, and no line is too long', () => {
  const real = contextOf()
  const forest = printTree(answerTree(real))
  const named = forest.split('\n').map(line => /[\w-]*\w/.exec(line)?.[0])
  expect(named.sort()).toEqual(
    builtin()
      .families.map(family => family.name)
      .sort(),
  )
  for (const width of [60, 80, 100]) {
    const texts = [undefined, ...named].map(name => printTree(answerTree(real, name), width))
    expect(texts.flatMap(text => text.split('\n')).filter(line => line.length > width)).toEqual([])
  }
})

test('deltas add up to the models', () => {
  for (const { name } of builtin().families) {
    const answer = answerTree(contextOf(), name)
    if (answer.kind !== 'family') throw new RangeError(name)
    const sizes = new Map<string, number>()
    for (const { names, size, base, adds, removes } of answer.steps) {
      const before = base ? (sizes.get(base) ?? builtin().model(base)?.features.size ?? 0) : 0
      for (const name of names) sizes.set(name, size)
      expect([names, before + adds.length - removes.length]).toEqual([names, size])
    }
  }
})
