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

test('only the worker knows what a CPU is: what draws is told everything', () => {
  const drawing = imports.filter(({ name, of }) => name.startsWith('ui/') && !of.startsWith('..'))
  expect(drawing).toEqual([])
})
