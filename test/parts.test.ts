import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { asCommonJs, withImportsFirst } from '../scripts/parts.mjs'

/** The parts of the package, as the command reads them. */

const DIST = join(import.meta.dirname, '..', 'dist')
const FILES = readdirSync(DIST).filter(name => /^(?:part-.*|index|node)\.js$/.test(name))

/** What a part takes of others, by their files, and what it gives. */
function namesOf(file: string) {
  const text = readFileSync(join(DIST, file), 'utf8')
  const list = (names: string, side: 0 | 1) =>
    names.split(',').map(name => name.split(' as ').at(-side) ?? '')
  const taken = [...text.matchAll(/\bimport\{([^}]*)\}from"\.\/([^"]+)"/g)].map(
    ([, names = '', from = '']) => [from, list(names, 0)] as const,
  )
  const [, given = ''] = /\bexport\{([^}]*)\};\s*$/.exec(text) ?? []
  return { taken, given: list(given, 1) }
}

test('each part is JavaScript that CommonJS can run', () => {
  expect(FILES.length).toBeGreaterThan(50)
  // An import that was left where it is would not compile.
  for (const file of FILES) new Script(asCommonJs(readFileSync(join(DIST, file), 'utf8')), { filename: file })
})

test('what a part takes of another one is given by it', () => {
  const given = new Map(FILES.map(file => [file, namesOf(file).given]))
  for (const file of FILES)
    for (const [from, names] of namesOf(file).taken)
      if (from !== 'data.js')
        expect(given.get(from), `${file} of ${from}`).toEqual(expect.arrayContaining(names))
})

test('the library reaches nothing of Node', () => {
  const reached = new Set(['index.js'])
  for (const file of reached) {
    const text = readFileSync(join(DIST, file), 'utf8')
    expect(text, file).not.toMatch(/["']node:/)
    for (const [, other = ''] of text.matchAll(/\b(?:from|import\()"\.\/([^"]+)"/g)) reached.add(other)
  }
  expect(reached.size).toBeGreaterThan(20)
})

test.each([
  ['var a=1;import{b as c,d}from"node:fs";export{a as e,c as f,d};', { e: 1, f: 'fs.b', d: 'fs.d' }],
  ['import "./side.js";\nimport {\n  b\n} from "./b.js";\nconst e = b;\nexport {\n  e\n};\n', { e: 'b.b' }],
  ['const f=()=>7;export default f();', { default: 7 }],
  ['import{b}from"x";const later=import("./y.js");export{later as z};', { z: 'later ./y.js' }],
])('%j', (module, exported) => {
  const run = new Script(asCommonJs(withImportsFirst(module))).runInThisContext()
  const made = { exports: {} }
  const require = (id: string) => {
    const name = id.replace(/^node:|^\.\/|\.js$/g, '')
    return { b: `${name}.b`, d: `${name}.d` }
  }
  run(require, made, '', (id: string) => `later ${id}`)
  expect(made.exports).toEqual(exported)
})
