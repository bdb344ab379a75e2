import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const web = join(import.meta.dirname, '..', '..', 'web')
const src = join(web, '..', 'src')

const sources = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter(name => /\.tsx?$/.test(name))

/** What each file imports of our own, from the root of the sources. */
const imports = sources.flatMap(name => {
  const code = readFileSync(join(web, name), 'utf8')
  return [...code.matchAll(/from '(\.[^']+)'/g)].map(match => ({
    name,
    of: relative(src, join(web, dirname(name), match[1] ?? '')),
  }))
})

test('the page stands above the verbs, and beside the command', () => {
  expect(imports.filter(({ of }) => /^(?:cli|http|node|probe|inventory)\//.test(of))).toEqual([])
})

test('no rule of the style is dead', () => {
  const styles = readdirSync(join(web, 'style')).map(name => readFileSync(join(web, 'style', name), 'utf8'))
  const drawn = sources
    .filter(name => name.startsWith('ui/'))
    .map(name => readFileSync(join(web, name), 'utf8'))
  const classes = [...styles.join('\n').matchAll(/\.([a-z][\w-]*)(?=[^{};]*\{)/g)].map(
    match => match[1] ?? '',
  )
  const words = new Set(drawn.join('\n').match(/[a-z][\w-]*/g))
  // Levels are told by the worker.
  expect([...new Set(classes)].filter(name => !words.has(name) && !/^v[1-4]$/.test(name))).toEqual([])
})

test('only the worker knows what a CPU is: what draws is told everything', () => {
  const drawing = imports.filter(({ name, of }) => name.startsWith('ui/') && !of.startsWith('..'))
  expect(drawing).toEqual([])
})
